//! One digest for a directory and all below it. The names of a directory are hashed in chunks that end where a name's
//! hash says so, so that a comparison passes by equal stretches of large directories too.
use super::arena::Tree;
use super::record::{Kind, OPAQUE, Record};
use crate::xattr::Xattr;
use sha2::{Digest, Sha256};

pub const CHUNK_BYTES: usize = 36;
/// A chunk ends after one name in so many.
const MEAN: u32 = 32;

/// Whether a chunk ends after this name. FNV-1a: only the spread matters.
pub fn ends_chunk(name: &[u8]) -> bool {
    let hash = name
        .iter()
        .fold(0x811c_9dc5u32, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193));
    (hash >> 16) % MEAN == 0
}

fn attributes(hash: &mut Sha256, record: &Record, xattrs: &[Xattr]) {
    hash.update([record.kind as u8, record.flags & OPAQUE]);
    hash.update(record.mode.to_le_bytes());
    hash.update(record.uid.to_le_bytes());
    hash.update(record.gid.to_le_bytes());
    hash.update((xattrs.len() as u64).to_le_bytes());
    for (key, value) in xattrs {
        for part in [key, value] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
}

/// Adds a name with what it stands for. A directory's own time is left out: it changes with the names in it.
pub fn child(hash: &mut Sha256, tree: &Tree, id: u32, directory: &[u8; 32]) {
    let name = tree.name(id);
    hash.update((name.len() as u16).to_le_bytes());
    hash.update(name);
    let Some(record) = tree.inode(id) else {
        hash.update([0xff]);
        return;
    };
    attributes(hash, record, tree.xattrs_of(record));
    match record.kind {
        Kind::Directory => hash.update(directory),
        kind => {
            hash.update(record.mtime.0.to_le_bytes());
            hash.update(record.mtime.1.to_le_bytes());
            match kind {
                Kind::File => {
                    hash.update(record.size.to_le_bytes());
                    hash.update(record.digest);
                }
                Kind::Symlink => {
                    let target = &tree.text[record.a as usize..][..record.b as usize];
                    hash.update((target.len() as u64).to_le_bytes());
                    hash.update(target);
                }
                _ => {
                    hash.update(record.a.to_le_bytes());
                    hash.update(record.b.to_le_bytes());
                }
            }
        }
    }
}

/// Of a directory: its own attributes and its chunks.
pub fn directory(record: &Record, xattrs: &[Xattr], chunks: &[[u8; 32]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    attributes(&mut hash, record, xattrs);
    for chunk in chunks {
        hash.update(chunk);
    }
    hash.finalize().into()
}
