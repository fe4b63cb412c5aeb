//! Copies a directory's content into a fresh tmpfs, as the image had it. Every name is opened from its directory's
//! descriptor and never through a link: the directory may be a volume that somebody else is changing.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use crate::sys;

const MAX_DEPTH: u32 = 128;

pub fn copy_directory(source: &OwnedFd, target: &OwnedFd) -> io::Result<()> {
    // The target is a mount that has no reading rights of its own.
    let inside = open(target.as_fd(), c".", libc::O_RDONLY | libc::O_DIRECTORY)?;
    copy_content(source.as_fd(), inside.as_fd(), 0)?;
    let stat = sys::stat(source.as_fd())?;
    sys::chown(inside.as_fd(), c"", stat.st_uid, stat.st_gid)?;
    sys::chmod(inside.as_fd(), stat.st_mode & 0o7777)
}

fn open(at: BorrowedFd, name: &std::ffi::CStr, flags: i32) -> io::Result<OwnedFd> {
    let plain = sys::RESOLVE_NO_SYMLINKS | sys::RESOLVE_NO_MAGICLINKS;
    sys::openat2(
        at,
        name,
        flags | libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY,
        0,
        plain,
    )
}

fn copy_content(from: BorrowedFd, to: BorrowedFd, depth: u32) -> io::Result<()> {
    if depth > MAX_DEPTH {
        return Err(io::Error::from_raw_os_error(libc::ELOOP));
    }
    for entry in std::fs::read_dir(format!("/proc/self/fd/{}/.", from.as_raw_fd()))? {
        let name = CString::new(entry?.file_name().as_bytes())?;
        let node = sys::openat2(
            from,
            &name,
            libc::O_PATH | libc::O_NOFOLLOW,
            0,
            sys::RESOLVE_NO_MAGICLINKS,
        )?;
        let stat = sys::stat(node.as_fd())?;
        match stat.st_mode & libc::S_IFMT {
            libc::S_IFLNK => {
                let content = CString::new(sys::read_link(node.as_fd())?.as_bytes())?;
                sys::symlink(&content, to, &name)?;
                sys::chown(to, &name, stat.st_uid, stat.st_gid)?;
                continue;
            }
            libc::S_IFDIR => {
                sys::mkdir(to, &name, 0o700)?;
                let source = open(from, &name, libc::O_RDONLY | libc::O_DIRECTORY)?;
                let target = open(to, &name, libc::O_RDONLY | libc::O_DIRECTORY)?;
                copy_content(source.as_fd(), target.as_fd(), depth + 1)?;
            }
            libc::S_IFREG => {
                sys::mknod(to, &name, libc::S_IFREG | 0o600, 0)?;
                let mut source = File::from(open(from, &name, libc::O_RDONLY)?);
                let mut target = File::from(open(to, &name, libc::O_WRONLY)?);
                io::copy(&mut source, &mut target)?;
            }
            // A socket is an address of a running program: a copy would lead nowhere.
            libc::S_IFSOCK => continue,
            kind => sys::mknod(to, &name, kind | 0o600, stat.st_rdev)?,
        }
        // Owner first: a change of owner clears the set-id bits.
        sys::chown(to, &name, stat.st_uid, stat.st_gid)?;
        // Nobody else sees the new file system yet, so this name is still ours and no link.
        sys::chmod_at(to, &name, stat.st_mode & 0o7777)?;
    }
    Ok(())
}
