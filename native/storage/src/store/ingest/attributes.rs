//! Which attributes a file may have: what the kernel would refuse when they were set on a file is refused or left out.
use crate::failure::{Failure, Outcome};
use crate::store::tree::record::Kind;
use crate::tar::Entry;
use crate::unpack::whiteout::is_overlay_key;
use crate::xattr::Xattr;

/// Attributes that could not be kept.
pub type Skipped = u64;

/// Overlay's own attributes get this put between when the image is made, and must still fit.
const ESCAPE: usize = "overlay.".len();
const MAX_NAME: usize = 255;

pub fn kept(kind: Kind, entry: &Entry, skipped: &mut Skipped) -> Outcome<Vec<Xattr>> {
    let mut kept = Vec::with_capacity(entry.xattrs.len());
    for (key, value) in &entry.xattrs {
        let escape = if is_overlay_key(key) { ESCAPE } else { 0 };
        if key.len() + escape > MAX_NAME {
            return Err(refused(key, libc::ERANGE));
        }
        // As on a file system that lacks the namespace, or for user.* on what is neither file nor directory.
        let plain = matches!(kind, Kind::File | Kind::Directory);
        if !hbx_erofs::storable(key, 0) || (key.starts_with(b"user.") && !plain) {
            *skipped += 1;
            continue;
        }
        if !hbx_erofs::storable(key, value.len()) {
            return Err(refused(key, libc::E2BIG));
        }
        if !valid(kind, key, value) {
            return Err(refused(key, libc::EINVAL));
        }
        kept.push((key.clone(), value.clone()));
    }
    Ok(kept)
}

fn refused(key: &[u8], errno: i32) -> Failure {
    Failure::new("write", errno).saying(format!("cannot set attribute {}", String::from_utf8_lossy(key)))
}

/// Values whose form the kernel checks when they are set: capabilities and access control lists.
fn valid(kind: Kind, key: &[u8], value: &[u8]) -> bool {
    let word = |at: usize| {
        value
            .get(at..at + 4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    };
    match key {
        b"security.capability" => {
            let revision = word(0).map(|magic| magic >> 24);
            matches!((revision, value.len()), (Some(2), 20) | (Some(3), 24))
        }
        b"system.posix_acl_default" if kind != Kind::Directory => false,
        b"system.posix_acl_access" | b"system.posix_acl_default" => {
            kind != Kind::Symlink && word(0) == Some(2) && (value.len() - 4).is_multiple_of(8)
        }
        _ => true,
    }
}

pub fn target(link: &[u8]) -> Outcome<()> {
    let errno = match link.len() {
        0 => libc::ENOENT,
        n if n >= libc::PATH_MAX as usize => libc::ENAMETOOLONG,
        _ if link.contains(&0) => libc::EINVAL,
        _ => return Ok(()),
    };
    Err(Failure::new("write", errno).saying("the target of a symbolic link is empty or too long"))
}

/// Major and minor, as far as EROFS has bits for them.
pub fn device(entry: &Entry) -> Outcome<(u32, u32)> {
    let (major, minor) = entry.device;
    if major >= 1 << 12 || minor >= 1 << 20 {
        return Err(Failure::new("write", libc::EINVAL).saying(format!("there can be no device {major}:{minor}")));
    }
    Ok(entry.device)
}
