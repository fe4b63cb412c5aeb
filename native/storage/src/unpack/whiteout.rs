//! OCI whiteouts (`.wh.name`) in overlayfs' own terms.
use crate::failure::{During, Failure, Outcome};
use crate::sys::{self, Fd};
use crate::xattr;
use std::os::fd::AsFd;

pub fn opaque_key(prefix: &'static str) -> &'static [u8] {
    if prefix == "user.overlay." {
        b"user.overlay.opaque"
    } else {
        b"trusted.overlay.opaque"
    }
}

pub fn apply(parent: Fd, hidden: &[u8], prefix: &'static str) -> Outcome<()> {
    match hidden {
        b"" | b"." | b".." => Err(Failure::traversal(hidden, "a whiteout without a name")),
        b".wh..opq" => mark_opaque(parent, b".", prefix),
        // Bookkeeping of AUFS, meaningless elsewhere.
        name if name.starts_with(b".wh.") => Ok(()),
        name => hide(parent, name, prefix),
    }
}

/// A whiteout hides lower layers only: what this layer has put there stays, and a directory becomes opaque.
fn hide(parent: Fd, name: &[u8], prefix: &'static str) -> Outcome<()> {
    match sys::mknodat(parent, name, libc::S_IFCHR, 0, 0) {
        Err(e) if e.raw_os_error() == Some(libc::EEXIST) => {
            let st = sys::fstatat(parent, name).during("write")?;
            if st.st_mode & libc::S_IFMT == libc::S_IFDIR {
                mark_opaque(parent, name, prefix)
            } else {
                Ok(())
            }
        }
        other => other.during("write"),
    }
}

fn mark_opaque(parent: Fd, name: &[u8], prefix: &'static str) -> Outcome<()> {
    let dir = sys::openat(parent, name, libc::O_RDONLY | libc::O_DIRECTORY, 0).during("write")?;
    xattr::set(dir.as_fd(), opaque_key(prefix), b"y").during("write")
}

/// Attributes that overlayfs keeps its state in, in either namespace.
pub fn is_overlay_key(key: &[u8]) -> bool {
    key.starts_with(b"trusted.overlay.") || key.starts_with(b"user.overlay.")
}
