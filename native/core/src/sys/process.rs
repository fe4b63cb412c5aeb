//! What one process can set and ask about itself and others.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::time::{SystemTime, UNIX_EPOCH};

use super::check;

/// Gets SIGKILL when the parent dies.
pub fn die_with_parent() -> io::Result<()> {
    check(i64::from(unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0)
    }))
    .map(|_| ())
}

/// The name that `ps` shows (15 bytes).
pub fn set_name(name: &CStr) {
    // SAFETY: a C string that outlives the call.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr(), 0, 0, 0) };
}

/// The memory and the descriptors of this process and of its forks are for who may trace anybody.
pub fn hide() -> io::Result<()> {
    // SAFETY: no pointers.
    check(i64::from(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) })).map(|_| ())
}

/// Writes `title` over the arguments that `/proc/PID/cmdline` shows; what does not fit is cut off.
pub fn set_title(title: &str) -> Option<()> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Fields 48 and 49 of proc(5); the 3rd follows the name's closing bracket.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(48 - 3);
    let start: usize = fields.next()?.parse().ok()?;
    let end: usize = fields.next()?.parse().ok()?;
    if start == 0 || end <= start {
        return None;
    }
    // SAFETY: the kernel says that this range of our stack holds the argument strings, and nothing of ours refers to them.
    let arguments = unsafe { std::slice::from_raw_parts_mut(start as *mut u8, end - start) };
    arguments.fill(0);
    let length = title.len().min(arguments.len() - 1);
    arguments[..length].copy_from_slice(&title.as_bytes()[..length]);
    Some(())
}

/// A new session without a controlling terminal. Fails harmlessly for a process that leads a group already.
pub fn new_session() {
    // SAFETY: no pointers.
    unsafe { libc::setsid() };
}

pub fn set_umask(mask: u32) {
    // SAFETY: no pointers.
    unsafe { libc::umask(mask) };
}

pub fn unshare(flags: i32) -> io::Result<()> {
    check(i64::from(unsafe { libc::unshare(flags) })).map(|_| ())
}

/// Joins the namespaces `flags` of what `fd` (a namespace or a pidfd) stands for.
pub fn join(fd: &impl AsFd, flags: i32) -> io::Result<()> {
    check(i64::from(unsafe { libc::setns(fd.as_fd().as_raw_fd(), flags) })).map(|_| ())
}

pub fn pidfd(pid: i32) -> io::Result<OwnedFd> {
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })? as i32;
    // SAFETY: the kernel has just given us this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sends a signal. `pid` must be a child that was not reaped yet, or come from a cgroup that is ours alone.
pub fn kill(pid: i32, signo: i32) -> io::Result<()> {
    check(i64::from(unsafe { libc::kill(pid, signo) })).map(|_| ())
}

/// Sends a signal to the very process that the descriptor was opened for, whoever may have its number now.
pub fn kill_by_fd(pidfd: &impl AsFd, signo: i32) -> io::Result<()> {
    let (fd, none) = (pidfd.as_fd().as_raw_fd(), std::ptr::null::<libc::siginfo_t>());
    // SAFETY: without siginfo the kernel reads no memory of ours.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signo, none, 0) }).map(|_| ())
}

pub fn now_ns() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_nanos() as u64)
}

pub fn chdir_root() {
    // SAFETY: a C string.
    unsafe { libc::chdir(c"/".as_ptr()) };
}
