//! Signal dispositions, masks and signalfd.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use super::check;

pub fn ignore(signo: i32) {
    // SAFETY: SIG_IGN is a valid disposition.
    unsafe { libc::signal(signo, libc::SIG_IGN) };
}

pub fn default(signo: i32) {
    // SAFETY: SIG_DFL is a valid disposition.
    unsafe { libc::signal(signo, libc::SIG_DFL) };
}

/// Every disposition as a fresh program expects it, nothing blocked.
pub fn reset_all() {
    for signo in 1..=64 {
        if signo != libc::SIGKILL && signo != libc::SIGSTOP {
            default(signo);
        }
    }
    set_mask(&[]);
}

fn set_of(signals: &[i32]) -> libc::sigset_t {
    // SAFETY: an all-zero sigset is valid, sigemptyset and sigaddset write inside it.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for &signo in signals {
            libc::sigaddset(&raw mut set, signo);
        }
        set
    }
}

/// Blocks exactly `signals`.
pub fn set_mask(signals: &[i32]) {
    let set = set_of(signals);
    // SAFETY: `set` is valid.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut()) };
}

/// A descriptor that becomes readable when one of `signals` (which must be blocked) is pending.
pub fn descriptor(signals: &[i32]) -> io::Result<OwnedFd> {
    let set = set_of(signals);
    // SAFETY: `set` is valid; the descriptor returned is ours.
    unsafe {
        let fd = check(i64::from(libc::signalfd(
            -1,
            &raw const set,
            libc::SFD_CLOEXEC | libc::SFD_NONBLOCK,
        )))?;
        Ok(OwnedFd::from_raw_fd(fd as i32))
    }
}

/// Blocks every signal and waits for the next one.
pub fn block_all() -> libc::sigset_t {
    // SAFETY: sigfillset writes inside the set.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigfillset(&raw mut set);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
        set
    }
}

pub fn wait(set: &libc::sigset_t) -> i32 {
    // SAFETY: `set` is valid, no information is asked for.
    unsafe { libc::sigwaitinfo(set, std::ptr::null_mut()) }
}
