//! The store's directory: what lies where, and names of digests.
use crate::failure::{During, Failure, Outcome};
use crate::sys::{self, Fd};
use std::os::fd::{AsFd, OwnedFd};

pub struct Store {
    pub path: Vec<u8>,
    root: OwnedFd,
    objects: OwnedFd,
}

pub type Hash = [u8; 32];

impl Store {
    /// Makes what is missing.
    pub fn open(path: &str) -> Outcome<Store> {
        let path = path.as_bytes();
        if !path.starts_with(b"/") {
            return Err(Failure::new("protocol", libc::EINVAL)
                .at(path)
                .saying("expected the absolute path of a store"));
        }
        match sys::mkdirat(sys::cwd(), path, 0o711) {
            Err(e) if e.raw_os_error() == Some(libc::EEXIST) => {}
            other => other.during_at("open", path)?,
        }
        let root = sys::open(path, libc::O_RDONLY | libc::O_DIRECTORY, 0).during_at("open", path)?;
        // The objects are what containers read through overlayfs; the rest is ours alone.
        for (name, mode) in [
            ("objects", 0o755),
            ("trees", 0o700),
            ("recipes", 0o700),
            ("drafts", 0o700),
        ] {
            match sys::mkdirat(root.as_fd(), name.as_bytes(), mode) {
                Err(e) if e.raw_os_error() == Some(libc::EEXIST) => {}
                other => other.during_at("open", name.as_bytes())?,
            }
        }
        let objects = dir(root.as_fd(), b"objects")?;
        Ok(Store {
            path: path.to_vec(),
            root,
            objects,
        })
    }

    pub fn root(&self) -> Fd<'_> {
        self.root.as_fd()
    }

    pub fn objects(&self) -> Fd<'_> {
        self.objects.as_fd()
    }

    pub fn dir(&self, name: &str) -> Outcome<OwnedFd> {
        dir(self.root(), name.as_bytes())
    }

    pub fn tree_path(&self, id: &Hash) -> Vec<u8> {
        [&self.path[..], b"/trees/", &hex(id)].concat()
    }
}

fn dir(parent: Fd, name: &[u8]) -> Outcome<OwnedFd> {
    sys::openat(parent, name, libc::O_RDONLY | libc::O_DIRECTORY, 0).during_at("open", name)
}

pub fn hex(hash: &Hash) -> Vec<u8> {
    let digit = |n: u8| if n < 10 { b'0' + n } else { b'a' + n - 10 };
    hash.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// `xx/yyyy…` in `objects`.
pub fn object_name(hash: &Hash) -> Vec<u8> {
    let mut name = hex(hash);
    name.insert(2, b'/');
    name
}

/// Lower-case hex of exactly 32 bytes.
pub fn parse_hex(text: &[u8]) -> Option<Hash> {
    let nibble = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let mut hash = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(text.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(hash)
}

/// `sha256:<hex>`, as frames have it.
pub fn parse_id(text: &str) -> Outcome<Hash> {
    text.strip_prefix("sha256:")
        .and_then(|hex| parse_hex(hex.as_bytes()))
        .ok_or_else(|| Failure::new("protocol", libc::EINVAL).saying(format!("{text:.80} is no sha256 digest")))
}

pub fn id(hash: &Hash) -> String {
    format!("sha256:{}", String::from_utf8_lossy(&hex(hash)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_id_reads_what_id_wrote_and_nothing_else() {
        let hash: Hash = std::array::from_fn(|i| i as u8 * 7);
        assert_eq!(parse_id(&id(&hash)).unwrap(), hash);
        let upper = id(&hash).replace('a', "A");
        for bad in ["", "sha256:", "sha512:00", &id(&hash)[..70], &upper] {
            assert!(parse_id(bad).is_err(), "{bad}");
        }
        assert_eq!(object_name(&hash)[2], b'/');
    }
}
