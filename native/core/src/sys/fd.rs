//! Descriptors: pipes, pairs, reads and writes without surprise.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::{check, retry};

fn own(fd: i64) -> OwnedFd {
    // SAFETY: only called with a descriptor that the kernel has just returned to us.
    unsafe { OwnedFd::from_raw_fd(fd as RawFd) }
}

/// A pipe (read end, write end), close-on-exec.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut fds = [0; 2];
    // SAFETY: `fds` has room for two descriptors.
    check(i64::from(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) }))?;
    Ok((own(fds[0].into()), own(fds[1].into())))
}

/// A connected pair of Unix sockets of `kind` (SOCK_STREAM, SOCK_SEQPACKET), close-on-exec.
pub fn socket_pair(kind: i32) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut fds = [0; 2];
    // SAFETY: `fds` has room for two descriptors.
    check(i64::from(unsafe {
        libc::socketpair(libc::AF_UNIX, kind | libc::SOCK_CLOEXEC, 0, fds.as_mut_ptr())
    }))?;
    Ok((own(fds[0].into()), own(fds[1].into())))
}

pub fn open(path: &str, flags: i32, mode: u32) -> io::Result<OwnedFd> {
    let path = CString::new(path)?;
    retry(|| i64::from(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, mode) })).map(own)
}

/// Reads at most `into.len()` bytes; 0 is the end.
pub fn read(fd: &impl AsFd, into: &mut [u8]) -> io::Result<usize> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: `into` is valid for its length.
    retry(|| unsafe { libc::read(fd, into.as_mut_ptr().cast(), into.len()) } as i64).map(|n| n as usize)
}

/// Writes once; may write less.
pub fn write(fd: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: `bytes` is valid for its length.
    retry(|| unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) } as i64).map(|n| n as usize)
}

pub fn write_all(fd: &impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(fd, bytes)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            n => bytes = &bytes[n..],
        }
    }
    Ok(())
}

/// Reads until `into` is full or the file ends.
pub fn read_at(fd: &impl AsFd, into: &mut [u8], at: u64) -> io::Result<usize> {
    let raw = fd.as_fd().as_raw_fd();
    let mut done = 0;
    while done < into.len() {
        let rest = &mut into[done..];
        // SAFETY: `rest` is valid for its length.
        let read =
            || unsafe { libc::pread(raw, rest.as_mut_ptr().cast(), rest.len(), (at + done as u64) as i64) } as i64;
        match retry(read)? {
            0 => break,
            n => done += n as usize,
        }
    }
    Ok(done)
}

pub fn write_all_at(fd: &impl AsFd, bytes: &[u8], at: u64) -> io::Result<()> {
    let raw = fd.as_fd().as_raw_fd();
    let mut done = 0;
    while done < bytes.len() {
        let rest = &bytes[done..];
        // SAFETY: `rest` is valid for its length.
        let write = || unsafe { libc::pwrite(raw, rest.as_ptr().cast(), rest.len(), (at + done as u64) as i64) } as i64;
        match retry(write)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            n => done += n as usize,
        }
    }
    Ok(())
}

/// Writes `value` to the kernel file `path` in one call.
pub fn write_file(path: &str, value: &[u8]) -> io::Result<()> {
    write(&open(path, libc::O_WRONLY, 0)?, value).map(|_| ())
}

pub fn set_nonblocking(fd: &impl AsFd) -> io::Result<()> {
    let fd = fd.as_fd().as_raw_fd();
    check(i64::from(unsafe {
        libc::fcntl(fd, libc::F_SETFL, libc::fcntl(fd, libc::F_GETFL) | libc::O_NONBLOCK)
    }))
    .map(|_| ())
}

/// Grows a pipe to `bytes`; where the kernel refuses, it stays as it is.
pub fn grow_pipe(fd: &impl AsFd, bytes: i32) {
    // SAFETY: no pointers.
    unsafe { libc::fcntl(fd.as_fd().as_raw_fd(), libc::F_SETPIPE_SZ, bytes) };
}

/// Grows a socket's send buffer to `bytes`, as far as we are allowed to.
pub fn grow_send_buffer(fd: &impl AsFd, bytes: i32) {
    let (fd, size) = (fd.as_fd().as_raw_fd(), size_of::<i32>() as u32);
    for option in [libc::SO_SNDBUFFORCE, libc::SO_SNDBUF] {
        // SAFETY: `bytes` is an int that outlives the call.
        if unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, option, (&raw const bytes).cast(), size) } == 0 {
            return;
        }
    }
}

/// Makes `target` (0, 1, 2) a copy of `fd` that survives exec.
pub fn install(fd: &impl AsFd, target: RawFd) -> io::Result<()> {
    check(i64::from(unsafe { libc::dup2(fd.as_fd().as_raw_fd(), target) })).map(|_| ())
}

/// Closes every descriptor above 2 that is not in `keep`.
pub fn close_others(keep: &mut [RawFd]) {
    keep.sort_unstable();
    let mut first = 3_u32;
    for &fd in keep.iter() {
        let fd = fd as u32;
        if fd > first {
            close_range(first, fd - 1);
        }
        first = first.max(fd + 1);
    }
    close_range(first, u32::MAX);
}

fn close_range(first: u32, last: u32) {
    // SAFETY: the callers run right after a fork, own every descriptor of the process and keep those they still use.
    unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
}

/// Whether the other side of a socket is gone.
pub fn peer_is_gone(fd: &impl AsFd) -> bool {
    let mut poll = libc::pollfd {
        fd: fd.as_fd().as_raw_fd(),
        events: libc::POLLRDHUP,
        revents: 0,
    };
    // SAFETY: one valid pollfd.
    unsafe { libc::poll(&raw mut poll, 1, 0) };
    poll.revents & (libc::POLLHUP | libc::POLLRDHUP | libc::POLLERR) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peer_is_gone_after_the_other_end_is_dropped() {
        let (a, b) = socket_pair(libc::SOCK_STREAM).unwrap();
        assert!(!peer_is_gone(&a));
        drop(b);
        assert!(peer_is_gone(&a));
    }

    #[test]
    fn pipe_returns_what_was_written() {
        let (r, w) = pipe().unwrap();
        write_all(&w, b"abc").unwrap();
        let mut bytes = [0; 8];
        assert_eq!(read(&r, &mut bytes).unwrap(), 3);
    }
}
