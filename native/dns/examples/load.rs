//! Asks 127.0.0.11 for one name as fast as answers come, for the benchmark `network`. Run it inside a container's namespace.
//!
//! `load NAME SECONDS WINDOW`: prints look-ups a second and the median and 99th percentile of the time for one, in
//! microseconds. WINDOW questions are under way at once, sent and received in batches so that asking costs little.

use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

const ANSWER: usize = 512;
const BATCH: usize = 64;

fn question(name: &str) -> Vec<u8> {
    let mut bytes = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        bytes.push(label.len() as u8);
        bytes.extend(label.bytes());
    }
    bytes.extend([0, 0, 1, 0, 1]);
    bytes
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, name, seconds, window] = args.as_slice() else {
        panic!("usage: load NAME SECONDS WINDOW");
    };
    let patience = Duration::from_secs_f64(seconds.parse().expect("seconds"));
    let window: usize = window.parse().expect("window");
    let socket = UdpSocket::bind("0.0.0.0:0").expect("socket");
    socket.connect("127.0.0.11:53").expect("connect");
    socket
        .set_read_timeout(Some(Duration::from_millis(500)))
        .expect("timeout");
    let question = question(name);
    let mut asked = vec![Instant::now(); window];
    let (start, mut times, mut lost) = (Instant::now(), Vec::new(), 0);
    let mut slots: Vec<usize> = (0..window).collect();
    while start.elapsed() < patience {
        send(&socket, &question, &slots, &mut asked);
        slots.clear();
        receive(&socket, |reply| {
            let slot = usize::from(u16::from_be_bytes([reply[0], reply[1]]));
            if reply.len() > 12 && reply[3] & 15 == 0 && reply[7] > 0 {
                times.push(asked[slot].elapsed().as_micros() as u32);
            } else {
                lost += 1;
            }
            slots.push(slot);
        });
        if slots.is_empty() {
            lost += window;
            slots = (0..window).collect();
        }
    }
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or(0);
    let (median, p99) = (at(0.5), at(0.99));
    println!("{{\"rate\":{rate:.0},\"medianUs\":{median},\"p99Us\":{p99},\"lost\":{lost}}}");
}

fn send(socket: &UdpSocket, question: &[u8], slots: &[usize], asked: &mut [Instant]) {
    for slots in slots.chunks(BATCH) {
        let mut messages: Vec<Vec<u8>> = slots.iter().map(|_| question.to_vec()).collect();
        // SAFETY: all-zero headers are valid, and each points to a message that outlives the call.
        unsafe {
            let mut parts: [libc::iovec; BATCH] = std::mem::zeroed();
            let mut headers: [libc::mmsghdr; BATCH] = std::mem::zeroed();
            for (n, (message, &slot)) in messages.iter_mut().zip(slots).enumerate() {
                message[..2].copy_from_slice(&(slot as u16).to_be_bytes());
                asked[slot] = Instant::now();
                parts[n].iov_base = message.as_mut_ptr().cast();
                parts[n].iov_len = message.len();
                headers[n].msg_hdr.msg_iov = &raw mut parts[n];
                headers[n].msg_hdr.msg_iovlen = 1;
            }
            libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), slots.len() as u32, 0);
        }
    }
}

fn receive(socket: &UdpSocket, mut each: impl FnMut(&[u8])) {
    let mut bytes = [0; BATCH * ANSWER];
    // SAFETY: all-zero headers are valid, and each points to its part of `bytes`.
    unsafe {
        let mut parts: [libc::iovec; BATCH] = std::mem::zeroed();
        let mut headers: [libc::mmsghdr; BATCH] = std::mem::zeroed();
        for (n, part) in bytes.chunks_exact_mut(ANSWER).enumerate() {
            parts[n].iov_base = part.as_mut_ptr().cast();
            parts[n].iov_len = ANSWER;
            headers[n].msg_hdr.msg_iov = &raw mut parts[n];
            headers[n].msg_hdr.msg_iovlen = 1;
        }
        let (fd, flags) = (socket.as_raw_fd(), libc::MSG_WAITFORONE);
        let n = libc::recvmmsg(fd, headers.as_mut_ptr(), BATCH as u32, flags, std::ptr::null_mut());
        for (header, part) in headers.iter().zip(bytes.chunks_exact(ANSWER)).take(n.max(0) as usize) {
            each(&part[..header.msg_len as usize]);
        }
    }
}
