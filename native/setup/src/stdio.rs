//! Standard streams belong to the user who writes to them, so that /dev/stdout can be opened again by its name.

use std::io;
use std::os::fd::BorrowedFd;

use crate::sys;

fn streams() -> [BorrowedFd<'static>; 3] {
    // SAFETY: the core has wired 0, 1 and 2, and nobody closes them before the execve.
    [0, 1, 2].map(|fd| unsafe { BorrowedFd::borrow_raw(fd) })
}

/// Pipes and terminals only: a device or a file belongs to somebody else.
fn is_ours(stat: &libc::stat) -> bool {
    let kind = stat.st_mode & libc::S_IFMT;
    // Terminals of devpts have the major numbers 136 to 143.
    kind == libc::S_IFIFO || (kind == libc::S_IFCHR && (136..=143).contains(&libc::major(stat.st_rdev)))
}

pub fn give_to(uid: u32) -> io::Result<()> {
    for fd in streams() {
        let stat = sys::stat(fd)?;
        if is_ours(&stat) && stat.st_uid != uid {
            sys::chown(fd, c"", uid, stat.st_gid)?;
        }
    }
    Ok(())
}

/// For a user of another user namespace, whose number is not known on this side. Only the container reaches the
/// streams, by their descriptors.
pub fn open_to_all() -> io::Result<()> {
    for fd in streams() {
        if is_ours(&sys::stat(fd)?) {
            sys::chmod(fd, 0o666)?;
        }
    }
    Ok(())
}
