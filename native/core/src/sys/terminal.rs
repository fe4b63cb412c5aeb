//! Pseudo terminals.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use super::check;

pub fn set_size(terminal: &impl AsFd, rows: u16, cols: u16) -> io::Result<()> {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: cols,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: `size` outlives the call.
    check(i64::from(unsafe {
        libc::ioctl(terminal.as_fd().as_raw_fd(), libc::TIOCSWINSZ, &raw const size)
    }))
    .map(|_| ())
}

/// Unlocks the terminal of a new master.
pub fn unlock(master: &impl AsFd) -> io::Result<()> {
    let locked: i32 = 0;
    // SAFETY: `locked` outlives the call.
    check(i64::from(unsafe {
        libc::ioctl(master.as_fd().as_raw_fd(), libc::TIOCSPTLCK, &raw const locked)
    }))
    .map(|_| ())
}

/// The terminal's number: it is /dev/pts/N in the devpts where the master was opened.
pub fn number(master: &impl AsFd) -> io::Result<u32> {
    let mut number: u32 = 0;
    // SAFETY: `number` is a valid place for an unsigned int.
    check(i64::from(unsafe {
        libc::ioctl(master.as_fd().as_raw_fd(), libc::TIOCGPTN, &raw mut number)
    }))?;
    Ok(number)
}

/// Opens the terminal side of a master, whatever is mounted where.
pub fn open_peer(master: &impl AsFd) -> io::Result<OwnedFd> {
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    let fd = check(i64::from(unsafe {
        libc::ioctl(master.as_fd().as_raw_fd(), libc::TIOCGPTPEER, flags)
    }))? as i32;
    // SAFETY: the kernel has just given us this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Makes the terminal the controlling one of the calling session leader.
pub fn control(terminal: &impl AsFd) -> io::Result<()> {
    check(i64::from(unsafe {
        libc::ioctl(terminal.as_fd().as_raw_fd(), libc::TIOCSCTTY, 0)
    }))
    .map(|_| ())
}

/// Makes the caller's process group the foreground one.
pub fn to_foreground(terminal: &impl AsFd) {
    // SAFETY: no pointers.
    unsafe { libc::tcsetpgrp(terminal.as_fd().as_raw_fd(), libc::getpgrp()) };
}
