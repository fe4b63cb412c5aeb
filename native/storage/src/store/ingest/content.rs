//! One member's bytes: hashed, and on their way to be an object, or kept in the tree's file where they are few.
use super::objects::{BATCH, Batch, Objects, Work};
use super::tee::Tee;
use crate::failure::{During, Failure, Outcome};
use crate::store::place::Hash;
use crate::store::tree::write::TreeWriter;
use crate::tar::Entry;
use crate::tar::reader::Archive;
use crate::tar::sparse::Stretch;
use sha2::{Digest, Sha256};
use std::io::{BufRead, Write};

/// Content up to this size costs less in the image than as a file of its own (ADR 0007).
pub const INLINE_MAX: u64 = 512;
const PART: usize = 512 << 10;
const ZEROS: [u8; 16 << 10] = [0; 16 << 10];

pub struct Content {
    pub hash: Hash,
    pub size: u64,
    /// Where in the tree's file.
    pub inline: Option<u64>,
}

pub struct Contents {
    objects: Objects,
    batch: Batch,
    /// Of all members, holes too: they are hashed.
    expanded: u64,
    max_bytes: u64,
    pub files: u64,
    pub bytes: u64,
}

impl Contents {
    pub fn new(objects: Objects, max_bytes: u64) -> Self {
        Contents {
            objects,
            batch: Batch::default(),
            expanded: 0,
            max_bytes,
            files: 0,
            bytes: 0,
        }
    }

    pub fn take<R: BufRead, W: Write>(
        &mut self,
        archive: &mut Archive<Tee<R>>,
        entry: &Entry,
        tree: &mut TreeWriter<W>,
        cancelled: &dyn Fn() -> bool,
    ) -> Outcome<Content> {
        self.expanded = self.expanded.saturating_add(entry.size);
        if self.expanded > self.max_bytes {
            return Err(Failure::limit(format!(
                "the archive's files are larger than {} bytes",
                self.max_bytes
            )));
        }
        if entry.size > 0 {
            self.files += 1;
            self.bytes += entry.size;
        }
        if entry.size <= INLINE_MAX {
            return self.inline(archive, entry, tree);
        }
        archive.source_mut().muted = true;
        let (hash, stretches) = if entry.size < BATCH as u64 {
            self.small(archive, entry)?
        } else {
            self.large(archive, entry, cancelled)?
        };
        archive.source_mut().muted = false;
        let recipe = &mut archive.source_mut().recipe;
        recipe.object(&hash, &stretches).during_at("write", b"recipe")?;
        Ok(Content {
            hash,
            size: entry.size,
            inline: None,
        })
    }

    fn inline<R: BufRead, W: Write>(
        &mut self,
        archive: &mut Archive<Tee<R>>,
        entry: &Entry,
        tree: &mut TreeWriter<W>,
    ) -> Outcome<Content> {
        let mut bytes = vec![0; entry.size as usize];
        archive.data(|offset, data| {
            bytes[offset as usize..offset as usize + data.len()].copy_from_slice(data);
            Ok(())
        })?;
        Ok(Content {
            hash: Sha256::digest(&bytes).into(),
            size: entry.size,
            inline: Some(tree.inline(&bytes).during_at("write", b"tree")?),
        })
    }

    fn small<R: BufRead>(&mut self, archive: &mut Archive<Tee<R>>, entry: &Entry) -> Outcome<(Hash, Vec<Stretch>)> {
        if self.batch.bytes.len() + entry.size as usize > BATCH {
            self.flush()?;
        }
        if self.batch.bytes.capacity() == 0 {
            self.batch.bytes = self.objects.buffer();
            self.batch.bytes.reserve_exact(BATCH);
        }
        let from = self.batch.bytes.len();
        let bytes = &mut self.batch.bytes;
        let mut stretches = Vec::new();
        archive.data(|offset, data| {
            note(&mut stretches, offset, data);
            bytes.resize(from + offset as usize, 0);
            bytes.extend_from_slice(data);
            Ok(())
        })?;
        bytes.resize(from + entry.size as usize, 0);
        let hash: Hash = Sha256::digest(&bytes[from..]).into();
        self.batch.contents.push((hash, from, from + entry.size as usize));
        Ok((hash, stretches))
    }

    fn large<R: BufRead>(
        &mut self,
        archive: &mut Archive<Tee<R>>,
        entry: &Entry,
        cancelled: &dyn Fn() -> bool,
    ) -> Outcome<(Hash, Vec<Stretch>)> {
        let (mut sha, mut at, mut stretches) = (Sha256::new(), 0, Vec::new());
        let mut part = self.objects.buffer();
        let mut part_at = 0;
        let objects = &self.objects;
        archive.data(|offset, data| {
            note(&mut stretches, offset, data);
            if !part.is_empty() && (offset != part_at + part.len() as u64 || part.len() + data.len() > PART) {
                let full = std::mem::replace(&mut part, objects.buffer());
                sent(objects.send(Work::Part(part_at, full)))?;
            }
            if part.is_empty() {
                part_at = offset;
                part.reserve_exact(PART);
            }
            zeros(&mut sha, offset - at, cancelled)?;
            sha.update(data);
            part.extend_from_slice(data);
            at = offset + data.len() as u64;
            Ok(())
        })?;
        zeros(&mut sha, entry.size - at, cancelled)?;
        let hash: Hash = sha.finalize().into();
        // Also when it has no bytes: the file must come to be.
        sent(self.objects.send(Work::Part(part_at, part)))?;
        sent(self.objects.send(Work::Whole(hash, entry.size)))?;
        Ok((hash, stretches))
    }

    fn flush(&mut self) -> Outcome<()> {
        if self.batch.contents.is_empty() {
            return Ok(());
        }
        sent(self.objects.send(Work::Batch(std::mem::take(&mut self.batch))))
    }

    /// Sends what is left; the writer's failure, if it had one, is what counts.
    pub fn finish(mut self, read: Outcome<()>) -> Outcome<super::objects::New> {
        let flushed = read.and_then(|()| self.flush());
        match (self.objects.finish(), flushed) {
            (Err(failure), _) | (Ok(_), Err(failure)) => Err(failure),
            (Ok(new), Ok(())) => Ok(new),
        }
    }
}

fn sent(sent: bool) -> Outcome<()> {
    if sent {
        Ok(())
    } else {
        Err(Failure::new("write", libc::EPIPE))
    }
}

fn note(stretches: &mut Vec<Stretch>, offset: u64, data: &[u8]) {
    match stretches.last_mut() {
        Some(last) if last.offset + last.length == offset => last.length += data.len() as u64,
        _ => stretches.push(Stretch {
            offset,
            length: data.len() as u64,
        }),
    }
}

fn zeros(sha: &mut Sha256, mut n: u64, cancelled: &dyn Fn() -> bool) -> Outcome<()> {
    while n > 0 {
        if cancelled() {
            return Err(Failure::cancelled());
        }
        let now = n.min(ZEROS.len() as u64);
        sha.update(&ZEROS[..now as usize]);
        n -= now;
    }
    Ok(())
}
