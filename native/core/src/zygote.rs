//! The zygote: accepts connections and forks a process for each. It parses nothing and is parent of nobody's container.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use crate::connection;
use crate::sys::{clone, fd, process, signal};

pub struct Options {
    pub socket: String,
    pub life_fd: Option<RawFd>,
}

pub fn run(options: &Options) -> io::Result<()> {
    process::set_name(c"hbx-zygote");
    // Nobody without privileges over this process looks into it or its children, up to a container's own execve.
    process::hide()?;
    process::chdir_root();
    process::set_umask(0o022);
    fd::close_others(&mut options.life_fd.into_iter().collect::<Vec<_>>());
    // SAFETY: the caller says that this descriptor is the life line; nobody else in this process uses it.
    let life = options.life_fd.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    if life.is_none() {
        process::die_with_parent()?;
    }
    signal::ignore(libc::SIGPIPE);
    signal::ignore(libc::SIGCHLD); // connection processes need no burial
    let listener = UnixListener::bind(&options.socket)?;
    fs::set_permissions(&options.socket, fs::Permissions::from_mode(0o600))?;
    loop {
        wait(&listener, life.as_ref())?;
        let connection = match listener.accept() {
            Ok((connection, _)) => connection,
            Err(e) if e.kind() == io::ErrorKind::Interrupted || e.kind() == io::ErrorKind::ConnectionAborted => {
                continue;
            }
            Err(e) => return Err(e),
        };
        // Without a process for it the connection closes, and the daemon tells its client.
        if let Ok(None) = clone::fork() {
            drop(listener);
            drop(life);
            signal::default(libc::SIGCHLD);
            connection::serve(connection);
            clone::exit_now(0);
        }
    }
}

/// Waits for a connection. Ends the zygote when the life line does.
fn wait(listener: &UnixListener, life: Option<&OwnedFd>) -> io::Result<()> {
    let entry = |fd: RawFd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    let mut polled = [entry(listener.as_raw_fd()), entry(life.map_or(-1, AsRawFd::as_raw_fd))];
    // SAFETY: two valid entries; a negative descriptor is passed over by the kernel.
    crate::sys::retry(|| i64::from(unsafe { libc::poll(polled.as_mut_ptr(), 2, -1) }))?;
    match life {
        Some(life) if polled[1].revents != 0 && matches!(fd::read(life, &mut [0; 64]), Ok(0) | Err(_)) => {
            clone::exit_now(0)
        }
        _ if polled[0].revents == 0 => wait(listener, life),
        _ => Ok(()),
    }
}
