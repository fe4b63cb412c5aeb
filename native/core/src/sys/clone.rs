//! Making processes: fork, clone3, and waiting for them.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::check;

// The libc constant overflows its type.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

#[repr(C)]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// Forks. `None` in the child.
pub fn fork() -> io::Result<Option<i32>> {
    // SAFETY: the process has one thread, so the child's copy of every lock is free.
    let pid = check(i64::from(unsafe { libc::fork() }))? as i32;
    Ok((pid != 0).then_some(pid))
}

/// Clones like fork, with namespace flags and, if given, into a cgroup. `None` in the child.
pub fn clone3(flags: u64, cgroup: Option<BorrowedFd>) -> io::Result<Option<i32>> {
    let mut args = CloneArgs {
        flags,
        ..CloneArgs::default()
    };
    // The kernel takes the exit signal of the caller where CLONE_PARENT is set, and refuses another.
    if flags & libc::CLONE_PARENT as u64 == 0 {
        args.exit_signal = libc::SIGCHLD as u64;
    }
    if let Some(fd) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = fd.as_raw_fd() as u64;
    }
    // SAFETY: no CLONE_VM: the child runs on its own copy of a single-threaded process; `args` outlives the call.
    let pid = check(unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<CloneArgs>()) })? as i32;
    Ok((pid != 0).then_some(pid))
}

/// Waits for any child that has ended: (pid, wait status). `None`: none has.
pub fn reap_any() -> Option<(i32, i32)> {
    let mut status = 0;
    // SAFETY: `status` is a valid place for an int.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
    (pid > 0).then_some((pid, status))
}

/// Waits for one child to end.
pub fn wait_for(pid: i32) -> i32 {
    let mut status = 0;
    // SAFETY: `status` is a valid place for an int.
    let _ = super::retry(|| i64::from(unsafe { libc::waitpid(pid, &raw mut status, 0) }));
    status
}

/// Exit code as a shell tells it, and the signal if there was one.
pub fn exit_code(status: i32) -> (i32, Option<i32>) {
    if libc::WIFSIGNALED(status) {
        let signal = libc::WTERMSIG(status);
        return (128 + signal, Some(signal));
    }
    (libc::WEXITSTATUS(status), None)
}

/// Ends this process without running anything else.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit has no preconditions.
    unsafe { libc::_exit(code) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_code_tells_codes_from_signals() {
        assert_eq!(exit_code(3 << 8), (3, None));
        assert_eq!(exit_code(9), (137, Some(9)));
    }
}
