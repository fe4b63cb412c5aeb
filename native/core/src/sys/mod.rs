//! Thin wrappers of the system calls that the standard library does not have. Each `unsafe` is here.

pub mod bpf;
pub mod clone;
pub mod epoll;
pub mod fd;
pub mod memory;
pub mod message;
pub mod process;
pub mod signal;
pub mod terminal;

use std::io;

/// Turns the -1 of a system call into its error.
pub fn check(result: i64) -> io::Result<i64> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Repeats a call that a signal interrupted.
pub fn retry(mut call: impl FnMut() -> i64) -> io::Result<i64> {
    loop {
        match check(call()) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
