//! Copies a directory's content into a fresh tmpfs, as the image had it. Runs before anybody else can see either side.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};

pub fn copy_directory(source: &OwnedFd, target: &OwnedFd) -> io::Result<()> {
    let path = |fd: &OwnedFd| PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd()));
    let (from, to) = (path(source), path(target));
    copy_content(&from, &to)?;
    copy_owner_and_mode(&fs::metadata(&from)?, &to)
}

fn copy_content(from: &Path, to: &Path) -> io::Result<()> {
    // The trailing dot makes the link to the descriptor be followed; everything below is not.
    for entry in fs::read_dir(from.join("."))? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let meta = fs::symlink_metadata(&source)?;
        let kind = meta.file_type();
        if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &target)?;
            lchown(&target, Some(meta.uid()), Some(meta.gid()))?;
        } else if kind.is_dir() {
            fs::create_dir(&target)?;
            copy_content(&source, &target)?;
            copy_owner_and_mode(&meta, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target)?;
            copy_owner_and_mode(&meta, &target)?;
        } else if kind.is_char_device() || kind.is_block_device() || kind.is_fifo() {
            let node = crate::sys::c_path(&target.to_string_lossy())?;
            let here = crate::sys::open_host("/", libc::O_PATH)?;
            crate::sys::mknod(std::os::fd::AsFd::as_fd(&here), &node, meta.mode(), meta.rdev())?;
            copy_owner_and_mode(&meta, &target)?;
        }
    }
    Ok(())
}

fn copy_owner_and_mode(meta: &fs::Metadata, target: &Path) -> io::Result<()> {
    // Owner first: a change of owner clears the set-id bits.
    chown(target, Some(meta.uid()), Some(meta.gid()))?;
    fs::set_permissions(target, fs::Permissions::from_mode(meta.mode() & 0o7777))
}
