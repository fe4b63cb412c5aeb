//! Paths inside the new root. Every look-up is done by the kernel with RESOLVE_IN_ROOT: whatever an image's links
//! point to, the answer lies inside.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hbx_protocol::Failure;

use crate::sys;

const INSIDE: u64 = sys::RESOLVE_IN_ROOT | sys::RESOLVE_NO_MAGICLINKS;

/// Opens `path` below `root` for mounting on (no reading rights).
pub fn find(root: BorrowedFd, path: &str) -> io::Result<OwnedFd> {
    sys::openat2(root, &*sys::c_path(relative(path))?, libc::O_PATH, 0, INSIDE)
}

/// Opens `path` below `root` with `flags`.
pub fn open(root: BorrowedFd, path: &str, flags: i32) -> io::Result<OwnedFd> {
    sys::openat2(root, &*sys::c_path(relative(path))?, flags, 0, INSIDE)
}

/// Finds the directory, making what is missing of it.
pub fn find_or_make_directory(root: BorrowedFd, path: &str) -> io::Result<OwnedFd> {
    match find(root, path) {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => make_directories(root, path),
        other => other,
    }
}

/// Finds the file, making an empty one (and its directories) when it is missing.
pub fn find_or_make_file(root: BorrowedFd, path: &str) -> io::Result<OwnedFd> {
    match find(root, path) {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => {}
        other => return other,
    }
    let (parent, name) = split(path);
    let directory = find_or_make_directory(root, parent)?;
    let flags = libc::O_CREAT | libc::O_NOFOLLOW | libc::O_WRONLY;
    match sys::openat2(directory.as_fd(), &*sys::c_path(name)?, flags, 0o644, INSIDE) {
        Ok(_) => find(root, path),
        Err(e) => Err(e),
    }
}

/// The directory that is to hold `path`, made if missing, and the last name.
pub fn parent_of<'a>(root: BorrowedFd, path: &'a str) -> io::Result<(OwnedFd, &'a str)> {
    let (parent, name) = split(path);
    Ok((find_or_make_directory(root, parent)?, name))
}

fn make_directories(root: BorrowedFd, path: &str) -> io::Result<OwnedFd> {
    let mut done = String::new();
    let mut at = sys::openat2(root, c".", libc::O_PATH | libc::O_DIRECTORY, 0, INSIDE)?;
    for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
        done.push('/');
        done.push_str(name);
        // Each prefix is looked up from the root again, so that a link on the way is followed as the container would.
        at = match find(root, &done) {
            Ok(found) => found,
            Err(e) if e.raw_os_error() == Some(libc::ENOENT) => {
                match sys::mkdir(at.as_fd(), &*sys::c_path(name)?, 0o755) {
                    Err(e) if e.raw_os_error() != Some(libc::EEXIST) => return Err(e),
                    _ => find(root, &done)?,
                }
            }
            Err(e) => return Err(e),
        };
    }
    Ok(at)
}

fn relative(path: &str) -> &str {
    match path.trim_start_matches('/') {
        "" => ".",
        rest => rest,
    }
}

fn split(path: &str) -> (&str, &str) {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit_once('/') {
        Some((parent, name)) => (parent, name),
        None => ("", trimmed),
    }
}

/// Makes a failure of an io error at a guest path.
pub fn failing<'a>(step: &'static str, path: &'a str) -> impl Fn(io::Error) -> Failure + 'a {
    move |error| Failure::io(step, &error).at(path)
}
