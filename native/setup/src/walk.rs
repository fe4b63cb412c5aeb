//! Makes a path that is partly missing, one name at a time, from descriptors that are held open. Links are read and
//! followed here, also dangling ones (`/etc/resolv.conf -> ../run/resolv.conf` with an empty `/run`): the path is made
//! where the container itself would look for it. `..` goes back along the descriptors and never above the root.

use std::collections::VecDeque;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use crate::sys;

/// As the kernel has it.
const MAX_LINKS: u32 = 40;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaf {
    Directory,
    File,
}

pub fn make_directory(root: BorrowedFd, path: &str) -> io::Result<OwnedFd> {
    make(root, path, Leaf::Directory)
}

pub fn make_file(root: BorrowedFd, path: &str) -> io::Result<OwnedFd> {
    make(root, path, Leaf::File)
}

fn names(path: &OsStr) -> impl DoubleEndedIterator<Item = OsString> {
    path.as_bytes()
        .split(|byte| *byte == b'/')
        .filter(|name| !matches!(*name, b"" | b"."))
        .map(|name| OsStr::from_bytes(name).to_owned())
}

fn make(root: BorrowedFd, path: &str, leaf: Leaf) -> io::Result<OwnedFd> {
    let mut ahead: VecDeque<OsString> = names(OsStr::new(path)).collect();
    let mut trail: Vec<OwnedFd> = Vec::new();
    let mut links = 0;
    while let Some(name) = ahead.pop_front() {
        if name == ".." {
            trail.pop();
            continue;
        }
        let at = trail.last().map_or(root, AsFd::as_fd);
        let name = CString::new(name.as_bytes())?;
        let kind = if ahead.is_empty() { leaf } else { Leaf::Directory };
        let fd = open_or_make(at, &name, kind)?;
        if sys::mode(fd.as_fd())? & libc::S_IFMT != libc::S_IFLNK {
            trail.push(fd);
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(io::Error::from_raw_os_error(libc::ELOOP));
        }
        let content = sys::read_link(fd.as_fd())?;
        if content.as_bytes().starts_with(b"/") {
            trail.clear();
        }
        for name in names(&content).rev() {
            ahead.push_front(name);
        }
    }
    match trail.pop() {
        Some(fd) => Ok(fd),
        None => sys::openat2(
            root,
            c".",
            libc::O_PATH | libc::O_DIRECTORY,
            0,
            sys::RESOLVE_NO_MAGICLINKS,
        ),
    }
}

/// One name, never through a link: what is there, or what was missing.
fn open_or_make(at: BorrowedFd, name: &CString, kind: Leaf) -> io::Result<OwnedFd> {
    let look = || sys::openat2(at, name, libc::O_PATH | libc::O_NOFOLLOW, 0, sys::RESOLVE_NO_MAGICLINKS);
    match look() {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => {}
        other => return other,
    }
    let made = match kind {
        Leaf::Directory => sys::mkdir(at, name, 0o755),
        Leaf::File => sys::mknod(at, name, libc::S_IFREG | 0o644, 0),
    };
    match made {
        // Somebody who shares this directory was faster: what they made is looked at like anything else.
        Err(e) if e.raw_os_error() != Some(libc::EEXIST) => Err(e),
        _ => look(),
    }
}
