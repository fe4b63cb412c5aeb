//! Many datagrams in one system call each way: a busy container's questions come and go in batches.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd};

pub const MOST: usize = 32;
/// A client cannot send longer questions over UDP than it can get answers.
const LONGEST: usize = 4096;

/// What was received, and what is to be sent.
pub struct Datagrams {
    received: Vec<u8>,
    from: [libc::sockaddr_in; MOST],
    lengths: [usize; MOST],
    sent: Vec<u8>,
    /// Where each datagram to send ends in `sent`, and to which of `from` it goes.
    pending: Vec<(usize, usize)>,
}

impl Default for Datagrams {
    fn default() -> Self {
        Self {
            received: Vec::new(),
            // SAFETY: an all-zero address is valid.
            from: unsafe { std::mem::zeroed() },
            lengths: [0; MOST],
            sent: Vec::new(),
            pending: Vec::new(),
        }
    }
}

impl Datagrams {
    /// Takes what is there, at most MOST, without waiting; how many it is.
    pub fn receive(&mut self, socket: &impl AsFd) -> io::Result<usize> {
        self.received.resize(MOST * LONGEST, 0);
        // SAFETY: all-zero headers are valid; each is pointed at its own part of our buffers, which outlive the call.
        let n = unsafe {
            let mut parts: [libc::iovec; MOST] = std::mem::zeroed();
            let mut headers: [libc::mmsghdr; MOST] = std::mem::zeroed();
            for (i, buffer) in self.received.chunks_exact_mut(LONGEST).enumerate() {
                parts[i].iov_base = buffer.as_mut_ptr().cast();
                parts[i].iov_len = LONGEST;
                let header = &mut headers[i].msg_hdr;
                header.msg_iov = &raw mut parts[i];
                header.msg_iovlen = 1;
                header.msg_name = (&raw mut self.from[i]).cast();
                header.msg_namelen = size_of::<libc::sockaddr_in>() as u32;
            }
            let (fd, flags) = (socket.as_fd().as_raw_fd(), libc::MSG_DONTWAIT);
            let n = libc::recvmmsg(fd, headers.as_mut_ptr(), MOST as u32, flags, std::ptr::null_mut());
            for (length, header) in self.lengths.iter_mut().zip(&headers) {
                *length = header.msg_len as usize;
            }
            n
        };
        usize::try_from(n).map_err(|_| io::Error::last_os_error())
    }

    pub fn message(&self, i: usize) -> &[u8] {
        &self.received[i * LONGEST..i * LONGEST + self.lengths[i]]
    }

    pub fn sender(&self, i: usize) -> SocketAddr {
        let from = &self.from[i];
        let ip = Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr));
        SocketAddrV4::new(ip, u16::from_be(from.sin_port)).into()
    }

    /// `answer` goes to the sender of datagram `i` with the next `flush`.
    pub fn answer(&mut self, i: usize, answer: &[u8]) {
        self.sent.extend_from_slice(answer);
        self.pending.push((self.sent.len(), i));
    }

    /// Sends all answers. A client that is gone or does not read misses its own, as with any datagram.
    pub fn flush(&mut self, socket: &impl AsFd) {
        let mut done = 0;
        // SAFETY: as in `receive`; the buffers are only read.
        unsafe {
            let mut parts: [libc::iovec; MOST] = std::mem::zeroed();
            let mut headers: [libc::mmsghdr; MOST] = std::mem::zeroed();
            let mut begin = 0;
            for (n, &(end, i)) in self.pending.iter().enumerate() {
                parts[n].iov_base = self.sent.as_mut_ptr().add(begin).cast();
                parts[n].iov_len = end - begin;
                begin = end;
                let header = &mut headers[n].msg_hdr;
                header.msg_iov = &raw mut parts[n];
                header.msg_iovlen = 1;
                header.msg_name = (&raw mut self.from[i]).cast();
                header.msg_namelen = size_of::<libc::sockaddr_in>() as u32;
            }
            while done < self.pending.len() {
                let (fd, rest) = (socket.as_fd().as_raw_fd(), &mut headers[done..self.pending.len()]);
                let n = libc::sendmmsg(fd, rest.as_mut_ptr(), rest.len() as u32, libc::MSG_DONTWAIT);
                // The first of the rest is the one that failed.
                done += usize::try_from(n).unwrap_or(0).max(1);
            }
        }
        self.sent.clear();
        self.pending.clear();
    }
}
