//! Paths inside the new root. Every look-up is done by the kernel with RESOLVE_IN_ROOT: whatever an image's links
//! point to, the answer lies inside.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hbx_protocol::Failure;

use crate::{sys, walk};

const INSIDE: u64 = sys::RESOLVE_IN_ROOT | sys::RESOLVE_NO_MAGICLINKS;

/// Opens `path` below `root` for mounting on (no reading rights).
pub fn find(root: BorrowedFd, path: &str) -> io::Result<OwnedFd> {
    sys::openat2(root, &sys::c_path(relative(path))?, libc::O_PATH, 0, INSIDE)
}

/// Opens `path` to hide it. What lies on procfs by its name has to be on procfs.
pub fn find_to_hide(root: BorrowedFd, path: &str) -> io::Result<OwnedFd> {
    if path.starts_with("/proc/") {
        open_proc(root, path, libc::O_PATH)
    } else {
        find(root, path)
    }
}

/// Opens `path` below `root` with `flags`.
pub fn open(root: BorrowedFd, path: &str, flags: i32) -> io::Result<OwnedFd> {
    sys::openat2(root, &sys::c_path(relative(path))?, flags, 0, INSIDE)
}

/// Opens `path` for mounting a kernel file system on: a directory whose path has no links, so that what is masked
/// there later is what was mounted.
pub fn find_or_make_plain_directory(root: BorrowedFd, path: &str) -> io::Result<OwnedFd> {
    let found = find_or_make_directory(root, path)?;
    let plain = INSIDE | sys::RESOLVE_NO_SYMLINKS;
    sys::openat2(
        root,
        &sys::c_path(relative(path))?,
        libc::O_PATH | libc::O_DIRECTORY,
        0,
        plain,
    )?;
    Ok(found)
}

/// Opens a file of the container's procfs: no links on the way, and nothing that an image has put there instead.
pub fn open_proc(root: BorrowedFd, path: &str, flags: i32) -> io::Result<OwnedFd> {
    let plain = INSIDE | sys::RESOLVE_NO_SYMLINKS;
    let fd = sys::openat2(root, &sys::c_path(relative(path))?, flags, 0, plain)?;
    if sys::file_system(fd.as_fd())? == libc::PROC_SUPER_MAGIC {
        Ok(fd)
    } else {
        Err(io::Error::from_raw_os_error(libc::EXDEV))
    }
}

/// Finds the directory, making what is missing of it.
pub fn find_or_make_directory(root: BorrowedFd, path: &str) -> io::Result<OwnedFd> {
    match find(root, path) {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => walk::make_directory(root, path),
        other => other,
    }
}

/// Finds the file, making an empty one (and its directories) when it is missing.
pub fn find_or_make_file(root: BorrowedFd, path: &str) -> io::Result<OwnedFd> {
    match find(root, path) {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => walk::make_file(root, path),
        other => other,
    }
}

/// The directory that is to hold `path`, made if missing, and the last name.
pub fn parent_of<'a>(root: BorrowedFd, path: &'a str) -> io::Result<(OwnedFd, &'a str)> {
    let trimmed = path.trim_end_matches('/');
    let (parent, name) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
    Ok((find_or_make_directory(root, parent)?, name))
}

fn relative(path: &str) -> &str {
    match path.trim_start_matches('/') {
        "" => ".",
        rest => rest,
    }
}

/// Makes a failure of an io error at a guest path.
pub fn failing<'a>(step: &'static str, path: &'a str) -> impl Fn(io::Error) -> Failure + 'a {
    move |error| Failure::io(step, &error).at(path)
}
