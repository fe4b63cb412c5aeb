//! Messages with descriptors (SCM_RIGHTS).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use super::retry;

pub const MAX_FDS: usize = 8;
/// Room for one control message with MAX_FDS descriptors, aligned as the kernel wants it.
const CONTROL_WORDS: usize = 8;

/// Sends `bytes` with `fds` in one message; returns how many bytes went.
pub fn send(socket: &impl AsFd, bytes: &[u8], fds: &[BorrowedFd]) -> io::Result<usize> {
    assert!(fds.len() <= MAX_FDS);
    let mut control = [0_u64; CONTROL_WORDS];
    let mut iov = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: an all-zero msghdr is valid.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut iov;
    message.msg_iovlen = 1;
    if !fds.is_empty() {
        let size = (fds.len() * size_of::<RawFd>()) as u32;
        message.msg_control = control.as_mut_ptr().cast();
        // SAFETY: `control` is large enough for MAX_FDS descriptors, so the first header and its data lie inside.
        unsafe {
            message.msg_controllen = libc::CMSG_SPACE(size) as usize;
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(size) as usize;
            let data = libc::CMSG_DATA(header).cast::<RawFd>();
            for (i, fd) in fds.iter().enumerate() {
                data.add(i).write_unaligned(fd.as_raw_fd());
            }
        }
    }
    let socket = socket.as_fd().as_raw_fd();
    // SAFETY: `message` points to buffers that outlive the call.
    retry(|| unsafe { libc::sendmsg(socket, &raw const message, libc::MSG_NOSIGNAL) } as i64).map(|n| n as usize)
}

/// Receives one message: bytes into `into`, and the descriptors that came with it (close-on-exec).
pub fn receive(socket: &impl AsFd, into: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut control = [0_u64; CONTROL_WORDS];
    let mut iov = libc::iovec {
        iov_base: into.as_mut_ptr().cast(),
        iov_len: into.len(),
    };
    // SAFETY: an all-zero msghdr is valid.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut iov;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control);
    let socket = socket.as_fd().as_raw_fd();
    // SAFETY: `message` points to buffers that outlive the call.
    let n = retry(|| unsafe { libc::recvmsg(socket, &raw mut message, libc::MSG_CMSG_CLOEXEC) } as i64)? as usize;
    let mut fds = Vec::new();
    // SAFETY: the kernel filled `control`; the macros walk it within msg_controllen, and every descriptor in an
    // SCM_RIGHTS message is new and ours.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(&raw const message);
        while !header.is_null() {
            if (*header).cmsg_level == libc::SOL_SOCKET && (*header).cmsg_type == libc::SCM_RIGHTS {
                let count = ((*header).cmsg_len - libc::CMSG_LEN(0) as usize) / size_of::<RawFd>();
                let data = libc::CMSG_DATA(header).cast::<RawFd>();
                fds.extend((0..count).map(|i| OwnedFd::from_raw_fd(data.add(i).read_unaligned())));
            }
            header = libc::CMSG_NXTHDR(&raw const message, header);
        }
    }
    Ok((n, fds))
}

#[cfg(test)]
mod tests {
    use super::super::fd;
    use super::*;

    #[test]
    fn receive_gets_the_bytes_and_working_descriptors() {
        let (a, b) = fd::socket_pair(libc::SOCK_STREAM).unwrap();
        let (r, w) = fd::pipe().unwrap();
        send(&a, b"hi", &[r.as_fd(), w.as_fd()]).unwrap();
        let mut bytes = [0; 16];
        let (n, fds) = receive(&b, &mut bytes).unwrap();
        assert_eq!((&bytes[..n], fds.len()), (&b"hi"[..], 2));
        fd::write_all(&fds[1], b"through").unwrap();
        assert_eq!(fd::read(&r, &mut bytes).unwrap(), 7);
    }
}
