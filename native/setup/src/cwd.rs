//! The working directory.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use hbx_protocol::{Failure, steps};

use crate::user::Identity;
use crate::{fs, sys};

fn failing(path: &str) -> impl Fn(io::Error) -> Failure + '_ {
    move |error| Failure::io(steps::CWD, &error).at(path)
}

/// Makes the directory if it is missing, for its user. A running container may be changing the same path: the owner
/// is set through the descriptor of what was found, and only where it was missing before.
pub fn make(path: &str, identity: &Identity) -> Result<(), Failure> {
    let failing = failing(path);
    let root = sys::open_host("/", libc::O_PATH | libc::O_DIRECTORY).map_err(&failing)?;
    match fs::find(root.as_fd(), path) {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => {}
        other => return other.map(drop).map_err(failing),
    }
    let made = fs::find_or_make_directory(root.as_fd(), path).map_err(&failing)?;
    sys::chown(made.as_fd(), c"", identity.uid, identity.gid).map_err(failing)
}

/// Enters the directory. With `as_root` a missing permission is no failure yet: false tells to try again as the user,
/// whom a network file system may trust more than root.
pub fn enter(path: &str, as_root: bool) -> Result<bool, Failure> {
    let failing = failing(path);
    let root = sys::open_host("/", libc::O_PATH | libc::O_DIRECTORY).map_err(&failing)?;
    let folder = match fs::open(root.as_fd(), path, libc::O_PATH | libc::O_DIRECTORY) {
        Err(e) if as_root && e.raw_os_error() == Some(libc::EACCES) => return Ok(false),
        other => other.map_err(&failing)?,
    };
    // SAFETY: a descriptor that is open.
    if unsafe { libc::fchdir(folder.as_raw_fd()) } < 0 {
        let error = io::Error::last_os_error();
        return match error.raw_os_error() {
            Some(libc::EACCES) if as_root => Ok(false),
            _ => Err(failing(error)),
        };
    }
    // A directory outside of this root can't be named: the kernel marks such a path as unreachable.
    match std::env::current_dir() {
        Ok(place) if place.starts_with("/") => Ok(true),
        _ => Err(Failure::new(steps::CWD, libc::EPERM)
            .at(path)
            .saying("it lies outside of the container")),
    }
}
