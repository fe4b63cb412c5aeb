//! A tree's file: inline contents, records, entries, chunks, attributes, text, and a footer that says where they are and
//! ends with the digest of all before it.
use super::arena::Tree;
use super::merkle;
use super::order::Ordered;
use super::record::{INLINE, Kind, NONE};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

pub const MAGIC: &[u8; 8] = b"HBXTREE1";
/// Text's place and length, two spare bytes, inode's place.
pub const ENTRY_BYTES: usize = 12;
/// Ten 64-bit numbers, the magic, the digest.
pub const FOOTER_BYTES: usize = 10 * 8 + 8 + 32;

/// Hashes and counts what is written.
pub struct TreeWriter<W: Write> {
    to: W,
    hash: Sha256,
    at: u64,
}

impl<W: Write> Write for TreeWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write_all(bytes)?;
        self.hash.update(bytes);
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The digest of all that a tree holds, and how many entries that is.
pub struct Summary {
    pub digest: [u8; 32],
    pub entries: u64,
}

impl<W: Write> TreeWriter<W> {
    pub fn new(to: W) -> Self {
        TreeWriter {
            to,
            hash: Sha256::new(),
            at: 0,
        }
    }

    /// Takes a small file's content, to be called before `finish`. Answers its place.
    pub fn inline(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let at = self.at;
        self.write_all(bytes)?;
        Ok(at)
    }

    /// `keep_inline`: records may say where inline contents are.
    pub fn finish(mut self, tree: &Tree, ordered: &Ordered, keep_inline: bool) -> io::Result<(W, Summary)> {
        let (digests, chunks, chunk_ranges) = digests(tree, ordered);
        let records_at = self.at;
        let mut buffer = Vec::with_capacity(64 << 10);
        for (place, inode) in ordered.inodes.iter().enumerate() {
            let mut record = tree.inodes[*inode as usize];
            record.nlink = ordered.links[place];
            if record.kind == Kind::Directory {
                (record.a, record.b) = ordered.ranges[place];
                let (first, count) = chunk_ranges[place];
                record.data = u64::from(first) | u64::from(count) << 32;
                record.digest = digests[place];
            } else if !keep_inline {
                record.flags &= !INLINE;
                record.data = 0;
            }
            record.append(&mut buffer);
            self.spill(&mut buffer, 60 << 10)?;
        }
        self.spill(&mut buffer, 0)?;
        let entries_at = self.at;
        let mut text: Vec<u8> = Vec::new();
        for id in &ordered.entries {
            let number = match tree.inode_number(*id) {
                NONE => NONE,
                inode => ordered.number[inode as usize],
            };
            let (at, length) = tree.name_place(*id);
            buffer.extend_from_slice(&at.to_le_bytes());
            buffer.extend_from_slice(&length.to_le_bytes());
            buffer.extend_from_slice(&[0; 2]);
            buffer.extend_from_slice(&number.to_le_bytes());
            self.spill(&mut buffer, 60 << 10)?;
        }
        self.spill(&mut buffer, 0)?;
        let chunks_at = self.at;
        self.write_all(&chunks)?;
        let xattrs_at = self.at;
        for set in &tree.xattrs {
            text.extend_from_slice(&(set.len() as u32).to_le_bytes());
            for part in set.iter().flat_map(|(key, value)| [key, value]) {
                text.extend_from_slice(&(part.len() as u32).to_le_bytes());
                text.extend_from_slice(part);
            }
        }
        self.write_all(&text)?;
        let text_at = self.at;
        self.write_all(&tree.text)?;
        let numbers = [
            records_at,
            ordered.inodes.len() as u64,
            entries_at,
            ordered.entries.len() as u64,
            chunks_at,
            xattrs_at,
            tree.xattrs.len() as u64,
            text_at,
            tree.text.len() as u64,
            self.at,
        ];
        for number in numbers {
            self.write_all(&number.to_le_bytes())?;
        }
        self.write_all(MAGIC)?;
        let whole: [u8; 32] = self.hash.finalize_reset().into();
        self.to.write_all(&whole)?;
        let summary = Summary {
            digest: digests[0],
            entries: ordered.entries.len() as u64,
        };
        Ok((self.to, summary))
    }

    fn spill(&mut self, buffer: &mut Vec<u8>, at_least: usize) -> io::Result<()> {
        if buffer.len() > at_least {
            self.write_all(buffer)?;
            buffer.clear();
        }
        Ok(())
    }
}

type Digests = (Vec<[u8; 32]>, Vec<u8>, Vec<(u32, u32)>);

/// Of every directory, those below first; and the chunks of all.
fn digests(tree: &Tree, ordered: &Ordered) -> Digests {
    let mut digests = vec![[0u8; 32]; ordered.inodes.len()];
    let (mut chunks, mut ranges) = (Vec::new(), vec![(0, 0); ordered.inodes.len()]);
    // A directory is numbered before what is in it.
    for place in (0..ordered.inodes.len() as u32).rev() {
        let record = &tree.inodes[ordered.inodes[place as usize] as usize];
        if record.kind != Kind::Directory {
            continue;
        }
        let (first, count) = ordered.ranges[place as usize];
        let from = chunks.len() / merkle::CHUNK_BYTES;
        let mut own = Vec::new();
        let mut hash = Sha256::new();
        for at in first..first + count {
            let id = ordered.entries[at as usize];
            let below = match tree.inode_number(id) {
                NONE => [0; 32],
                inode => digests[ordered.number[inode as usize] as usize],
            };
            merkle::child(&mut hash, tree, id, &below);
            if at + 1 == first + count || merkle::ends_chunk(tree.name(id)) {
                let digest: [u8; 32] = hash.finalize_reset().into();
                chunks.extend_from_slice(&(at + 1).to_le_bytes());
                chunks.extend_from_slice(&digest);
                own.push(digest);
            }
        }
        ranges[place as usize] = (from as u32, own.len() as u32);
        digests[place as usize] = merkle::directory(record, tree.xattrs_of(record), &own);
    }
    (digests, chunks, ranges)
}
