//! Paths that are hidden or made read-only. What is not there needs no hiding.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hbx_protocol::{Failure, steps};

use crate::fs;
use crate::sys::{self, FsContext, MountAttr};

fn absent(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR))
}

/// Directories get an empty read-only tmpfs (one, cloned), files the host's /dev/null.
pub fn mask(paths: &[String], root: BorrowedFd) -> Result<(), Failure> {
    const STEP: &str = steps::MASK;
    let mut empty: Option<OwnedFd> = None;
    let mut null: Option<OwnedFd> = None;
    for path in paths {
        let failing = fs::failing(STEP, path);
        let target = match fs::find_to_hide(root, path) {
            Err(e) if absent(&e) => continue,
            other => other.map_err(&failing)?,
        };
        let cover = if sys::is_directory(target.as_fd()).map_err(&failing)? {
            match &empty {
                Some(first) => sys::clone_tree(first.as_fd(), false).map_err(&failing)?,
                None => {
                    let context = FsContext::open(c"tmpfs").map_err(&failing)?;
                    context.string(c"size", c"0").map_err(&failing)?;
                    context.mount(sys::MOUNT_ATTR_RDONLY).map_err(&failing)?
                }
            }
        } else {
            if null.is_none() {
                null = Some(sys::open_host("/dev/null", libc::O_PATH).map_err(&failing)?);
            }
            let source = null.as_ref().map_or(target.as_fd(), AsFd::as_fd);
            sys::clone_tree(source, false).map_err(&failing)?
        };
        sys::attach(cover.as_fd(), target.as_fd()).map_err(&failing)?;
        if empty.is_none() && sys::is_directory(cover.as_fd()).map_err(&failing)? {
            empty = Some(cover);
        }
    }
    Ok(())
}

/// Mounts each path over itself, read-only with all that is below it.
pub fn make_readonly(paths: &[String], root: BorrowedFd) -> Result<(), Failure> {
    const STEP: &str = steps::READONLY_PATH;
    let attr = MountAttr {
        attr_set: sys::MOUNT_ATTR_RDONLY,
        ..MountAttr::default()
    };
    for path in paths {
        let failing = fs::failing(STEP, path);
        let target = match fs::find_to_hide(root, path) {
            Err(e) if absent(&e) => continue,
            other => other.map_err(&failing)?,
        };
        let copy = sys::clone_tree(target.as_fd(), true).map_err(&failing)?;
        sys::set_mount_attr(copy.as_fd(), &attr, true).map_err(&failing)?;
        sys::attach(copy.as_fd(), target.as_fd()).map_err(&failing)?;
    }
    Ok(())
}
