//! Extended attributes, all of them inline behind their inode.
use crate::tree::Xattr;

const PREFIXES: [(&[u8], u8); 5] = [
    (b"system.posix_acl_access", 2),
    (b"system.posix_acl_default", 3),
    (b"user.", 1),
    (b"trusted.", 4),
    (b"security.", 6),
];
/// Name filter (unused) and count of shared attributes (none).
const HEADER: usize = 12;

fn split(name: &[u8]) -> Option<(u8, &[u8])> {
    PREFIXES.iter().find_map(|(prefix, index)| {
        let rest = name.strip_prefix(*prefix)?;
        let whole = *index == 2 || *index == 3;
        (rest.is_empty() == whole && rest.len() <= 255).then_some((*index, rest))
    })
}

/// Whether EROFS has room for an attribute of this name and size.
pub fn storable(name: &[u8], value_bytes: usize) -> bool {
    split(name).is_some() && value_bytes <= usize::from(u16::MAX)
}

fn entry_bytes(name: &[u8], value: &[u8]) -> usize {
    (4 + name.len() + value.len()).next_multiple_of(4)
}

/// Bytes behind the inode; 0 without attributes.
pub fn size(xattrs: &[Xattr]) -> usize {
    let entries: usize = xattrs
        .iter()
        .filter_map(|(name, value)| split(name).map(|(_, rest)| entry_bytes(rest, value)))
        .sum();
    if entries == 0 { 0 } else { HEADER + entries }
}

/// `i_xattr_icount` of attributes that take `bytes`.
pub fn count(bytes: usize) -> Option<u16> {
    match bytes {
        0 => Some(0),
        n => u16::try_from((n - HEADER) / 4 + 1).ok(),
    }
}

pub fn append(out: &mut Vec<u8>, xattrs: &[Xattr]) {
    if size(xattrs) == 0 {
        return;
    }
    out.extend_from_slice(&[0; HEADER]);
    for (name, value) in xattrs {
        let Some((index, rest)) = split(name) else { continue };
        let end = out.len() + entry_bytes(rest, value);
        out.extend_from_slice(&[rest.len() as u8, index]);
        out.extend_from_slice(&(value.len() as u16).to_le_bytes());
        out.extend_from_slice(rest);
        out.extend_from_slice(value);
        out.resize(end, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storable_takes_the_namespaces_that_erofs_knows() {
        for (name, ok) in [
            (&b"user.x"[..], true),
            (b"user.", false),
            (b"system.posix_acl_access", true),
            (b"system.posix_acl_accessx", false),
            (b"system.nfs4_acl", false),
            (b"security.capability", true),
        ] {
            assert_eq!(storable(name, 10), ok, "{}", String::from_utf8_lossy(name));
        }
        assert!(!storable(b"user.x", 65536));
    }

    #[test]
    fn append_writes_as_many_bytes_as_size_says() {
        let xattrs: Vec<Xattr> = vec![
            (b"user.a".as_slice().into(), b"12345".as_slice().into()),
            (b"trusted.b".as_slice().into(), b"".as_slice().into()),
        ];
        let mut out = Vec::new();
        append(&mut out, &xattrs);
        assert_eq!(out.len(), size(&xattrs));
        assert_eq!(count(out.len()), Some(((12 + 8 - 12 + 12) / 4 + 1) as u16));
    }
}
