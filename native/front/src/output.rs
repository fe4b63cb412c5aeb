//! Standard output and error, unbuffered.

use std::io;

/// All of it; waits where the reader is slow.
pub fn write(fd: libc::c_int, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        // SAFETY: the pointer and the length are those of a live slice.
        let written = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
        if written >= 0 {
            bytes = &bytes[written as usize..];
            continue;
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EINTR) => {}
            Some(libc::EAGAIN) => wait_writable(fd), // whoever shares it with us has made it so
            _ => return Err(error),
        }
    }
    Ok(())
}

fn wait_writable(fd: libc::c_int) {
    let mut wanted = libc::pollfd {
        fd,
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: one initialised pollfd on our stack.
    unsafe { libc::poll(&mut wanted, 1, -1) };
}
