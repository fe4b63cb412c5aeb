//! `--init`: PID 1 stays ours, passes signals on to the container's process and reaps what is left to it.

use hbx_protocol::{Failure, steps};

use super::report::Report;
use crate::sys::{clone, process, signal, terminal};

/// Forks. Returns in the child, which goes on to exec; the parent never returns.
pub fn split(report: &Report, tty: bool) -> Result<(), Failure> {
    match clone::fork().map_err(|e| Failure::io(steps::INIT, &e))? {
        Some(main) => reap(report, main),
        None => {
            if tty {
                lead_foreground();
            }
            Ok(())
        }
    }
}

/// A group of its own in the foreground, so that keys send signals to the process and not to PID 1 as well.
fn lead_foreground() {
    // SAFETY: no pointers.
    unsafe { libc::setpgid(0, 0) };
    signal::ignore(libc::SIGTTOU);
    terminal::to_foreground(&std::io::stdin());
    signal::default(libc::SIGTTOU);
}

fn reap(report: &Report, main: i32) -> ! {
    use std::os::fd::AsRawFd;
    process::set_name(c"init");
    let _ = process::set_title("/sbin/init");
    let set = signal::block_all();
    // The line must end with the process's exec: our copy would keep it open. Output belongs to the process alone.
    // SAFETY: these descriptors are never used again by this process, which only waits from here on.
    unsafe {
        libc::close(report.0.as_raw_fd());
        libc::close_range(0, 2, 0);
    }
    loop {
        while let Some((pid, status)) = clone::reap_any() {
            if pid == main {
                clone::exit_now(clone::exit_code(status).0);
            }
        }
        match signal::wait(&set) {
            libc::SIGCHLD | -1 => {}
            signo => {
                let _ = process::kill(main, signo);
            }
        }
    }
}
