//! Standard input, output and error of a container process.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use hbx_protocol::plan::StdioPlan;
use hbx_protocol::{Failure, steps};

use super::report::Report;
use crate::sys::{fd, process, terminal};

/// Wires descriptors 0 to 2. `pipes`: standard output, standard error and, if it is kept open, standard input.
/// `console`: also bind the terminal to /dev/console (the container's init).
pub fn wire(stdio: &StdioPlan, pipes: &[OwnedFd], report: &Report, console: bool) -> Result<(), Failure> {
    if stdio.tty {
        return open_terminal(stdio, report, console);
    }
    let failed = |e: io::Error| Failure::io(steps::STDIO, &e);
    match pipes.get(2) {
        Some(stdin) => fd::install(stdin, 0).map_err(failed)?,
        // The container's own null device: through the host's, its mode could be changed from inside.
        None => {
            let null = fd::open("/dev/null", libc::O_RDWR, 0).map_err(|e| failed(e).at("/dev/null"))?;
            fd::install(&null, 0).map_err(failed)?;
        }
    }
    let [stdout, stderr, ..] = pipes else {
        return Err(Failure::new(steps::STDIO, libc::EBADF));
    };
    fd::install(stdout, 1)
        .and_then(|()| fd::install(stderr, 2))
        .map_err(failed)
}

fn open_terminal(stdio: &StdioPlan, report: &Report, console: bool) -> Result<(), Failure> {
    let failed = |e: io::Error| Failure::io(steps::TTY, &e);
    let master =
        fd::open("/dev/pts/ptmx", libc::O_RDWR | libc::O_NOCTTY, 0).map_err(|e| failed(e).at("/dev/pts/ptmx"))?;
    terminal::unlock(&master).map_err(failed)?;
    let slave = terminal::open_peer(&master).map_err(failed)?;
    if stdio.rows > 0 && stdio.cols > 0 {
        terminal::set_size(&slave, stdio.rows, stdio.cols).map_err(failed)?;
    }
    if console {
        bind_console(terminal::number(&master).map_err(failed)?).map_err(|e| failed(e).at("/dev/console"))?;
    }
    report.send_terminal(master.as_fd()).map_err(failed)?;
    process::new_session();
    terminal::control(&slave).map_err(failed)?;
    for target in 0..=2 {
        fd::install(&slave, target).map_err(failed)?;
    }
    Ok(())
}

fn bind_console(number: u32) -> io::Result<()> {
    fd::open(
        "/dev/console",
        libc::O_CREAT | libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_NOCTTY,
        0o600,
    )?;
    let terminal = CString::new(format!("/dev/pts/{number}"))?;
    let (source, target) = (terminal.as_ptr(), c"/dev/console".as_ptr());
    // SAFETY: C strings that outlive the call; a bind mount takes neither type nor data.
    let result = unsafe { libc::mount(source, target, std::ptr::null(), libc::MS_BIND, std::ptr::null()) };
    crate::sys::check(i64::from(result)).map(|_| ())
}
