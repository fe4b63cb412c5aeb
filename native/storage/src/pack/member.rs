//! What a tar header says about one name in a directory.
use crate::failure::{During, Failure, Outcome};
use crate::sys::{self, Fd};
use crate::tar::sparse::Stretch;
use crate::tar::{Entry, Kind};
use crate::unpack::whiteout::is_overlay_key;
use crate::xattr::{self, Xattr};
use std::os::fd::{AsFd, OwnedFd};

/// Holes worth a map: readers other than tar's own do not all know sparse formats.
const WORTH: u64 = 1 << 20;

pub struct Found {
    pub entry: Entry,
    /// Of regular files and directories.
    pub fd: Option<OwnedFd>,
    pub stat: libc::stat,
    /// Overlay's own, taken out of the entry.
    pub overlay: Vec<Xattr>,
}

/// `None` when `name` has vanished or is a socket, which tar has no word for.
pub fn look(dir: Fd, name: &[u8], path: Vec<u8>) -> Outcome<Option<Found>> {
    let stat = match sys::fstatat(dir, name) {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => return Ok(None),
        other => other.during_at("read", &path)?,
    };
    let kind = match stat.st_mode & libc::S_IFMT {
        libc::S_IFREG => Kind::File,
        libc::S_IFDIR => Kind::Directory,
        libc::S_IFLNK => Kind::Symlink,
        libc::S_IFCHR => Kind::CharDevice,
        libc::S_IFBLK => Kind::BlockDevice,
        libc::S_IFIFO => Kind::Fifo,
        _ => return Ok(None),
    };
    let flags = if kind == Kind::Directory {
        libc::O_RDONLY | libc::O_DIRECTORY
    } else {
        libc::O_RDONLY | libc::O_NONBLOCK
    };
    let mut found = Found {
        entry: describe(kind, path, &stat),
        fd: None,
        stat,
        overlay: Vec::new(),
    };
    if matches!(kind, Kind::File | Kind::Directory) {
        let fd = sys::openat(dir, name, flags, 0).during_at("read", &found.entry.path)?;
        // What was opened counts, should the name have changed in between.
        found.stat = sys::fstat(fd.as_fd()).during_at("read", &found.entry.path)?;
        if found.stat.st_mode & libc::S_IFMT != stat.st_mode & libc::S_IFMT {
            return Err(Failure::new("changed", libc::EAGAIN)
                .at(&found.entry.path)
                .saying("replaced while it was read"));
        }
        found.entry = describe(kind, found.entry.path, &found.stat);
        found.entry.xattrs = xattr::list(fd.as_fd()).during_at("read", &found.entry.path)?;
        found.fd = Some(fd);
    } else {
        found.entry.xattrs = xattr::list_at(dir, name).during_at("read", &found.entry.path)?;
    }
    if kind == Kind::Symlink {
        found.entry.link = sys::readlinkat(dir, name).during_at("read", &found.entry.path)?;
    }
    let (overlay, mut own): (Vec<Xattr>, Vec<Xattr>) = found.entry.xattrs.drain(..).partition(|(key, _)| is_sign(key));
    own.iter_mut().for_each(|(key, _)| unescape(key));
    (found.overlay, found.entry.xattrs) = (overlay, own);
    Ok(Some(found))
}

/// An attribute that an image has of its own under overlay's name is kept with one more `overlay.`.
const ESCAPED: &[u8] = b"trusted.overlay.overlay.";

fn is_sign(key: &[u8]) -> bool {
    is_overlay_key(key) && !key.starts_with(ESCAPED)
}

fn unescape(key: &mut Vec<u8>) {
    if let Some(rest) = key.strip_prefix(ESCAPED) {
        *key = [b"trusted.overlay.", rest].concat();
    }
}

pub fn describe(kind: Kind, path: Vec<u8>, stat: &libc::stat) -> Entry {
    Entry {
        kind,
        path,
        link: Vec::new(),
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        size: if kind == Kind::File { stat.st_size as u64 } else { 0 },
        mtime: (stat.st_mtime, stat.st_mtime_nsec as u32),
        device: match kind {
            Kind::CharDevice | Kind::BlockDevice => (libc::major(stat.st_rdev), libc::minor(stat.st_rdev)),
            _ => (0, 0),
        },
        xattrs: Vec::new(),
    }
}

/// The stretches of a file with large holes.
pub fn sparse_map(fd: Fd, stat: &libc::stat) -> Outcome<Option<Vec<Stretch>>> {
    let size = stat.st_size as u64;
    if size < (stat.st_blocks as u64 * 512).saturating_add(WORTH) {
        return Ok(None);
    }
    let mut map = Vec::new();
    let mut at = 0;
    while at < size {
        let from = match sys::seek(fd, at, libc::SEEK_DATA) {
            Err(e) if e.raw_os_error() == Some(libc::ENXIO) => break,
            Err(e) if e.raw_os_error() == Some(libc::EINVAL) => return Ok(None),
            other => other.during("read")?,
        };
        let to = sys::seek(fd, from, libc::SEEK_HOLE).during("read")?.min(size);
        if from >= size || to <= from {
            break;
        }
        map.push(Stretch {
            offset: from,
            length: to - from,
        });
        at = to;
    }
    // The file's end is told by an empty last stretch.
    if map.last().is_none_or(|s| s.offset + s.length < size) {
        map.push(Stretch {
            offset: size,
            length: 0,
        });
    }
    Ok(Some(map))
}
