//! A tree's file, mapped into memory and read where it lies. Every place in it is checked before it is used.
use super::merkle::CHUNK_BYTES;
use super::record::{BYTES, INLINE, Kind, NONE, Record};
use super::write::{ENTRY_BYTES, FOOTER_BYTES, MAGIC};
use crate::failure::{During, Failure, Outcome};
use crate::sys;
use crate::xattr::Xattr;
use sha2::{Digest, Sha256};
use std::os::fd::{AsFd, AsRawFd};

pub struct TreeFile {
    map: Mapped,
    path: Vec<u8>,
    records: (usize, u32),
    entries: (usize, u32),
    chunks: usize,
    text: usize,
    pub xattrs: Vec<Vec<Xattr>>,
}

pub struct Entry<'a> {
    pub name: &'a [u8],
    /// `None`: a whiteout.
    pub inode: Option<u32>,
}

struct Mapped {
    at: *const u8,
    length: usize,
}

impl Mapped {
    fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for reading with this length until drop; files of the store are never modified.
        unsafe { std::slice::from_raw_parts(self.at, self.length) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: our own mapping, which nobody borrows any more.
        unsafe { libc::munmap(self.at.cast_mut().cast(), self.length) };
    }
}

impl TreeFile {
    /// Opens without reading all of it: for comparisons that pass by what is equal.
    pub fn open(path: &[u8]) -> Outcome<TreeFile> {
        let fd = sys::open(path, libc::O_RDONLY, 0).during_at("open", path)?;
        let size = sys::fstat(fd.as_fd()).during_at("open", path)?.st_size as usize;
        if size < FOOTER_BYTES {
            return Err(damaged(path));
        }
        // SAFETY: a fresh private mapping of a file that is never modified.
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                size,
                libc::PROT_READ,
                libc::MAP_PRIVATE,
                fd.as_raw_fd(),
                0,
            )
        };
        if at == libc::MAP_FAILED {
            return Err(Failure::io("open", &std::io::Error::last_os_error()).at(path));
        }
        let map = Mapped {
            at: at.cast(),
            length: size,
        };
        parse(map, path).ok_or_else(|| damaged(path))
    }

    /// Opens and checks every byte against the digest at the end.
    pub fn open_checked(path: &[u8]) -> Outcome<TreeFile> {
        let file = TreeFile::open(path)?;
        let (all, digest) = file.map.bytes().split_at(file.map.length - 32);
        if Sha256::digest(all).as_slice() != digest {
            return Err(damaged(path));
        }
        Ok(file)
    }

    pub fn damaged(&self) -> Failure {
        damaged(&self.path)
    }

    fn slice(&self, at: usize, length: usize) -> Outcome<&[u8]> {
        at.checked_add(length)
            .and_then(|end| self.map.bytes().get(at..end))
            .ok_or_else(|| self.damaged())
    }

    pub fn inodes(&self) -> u32 {
        self.records.1
    }

    pub fn inode(&self, number: u32) -> Outcome<Record> {
        if number >= self.records.1 {
            return Err(self.damaged());
        }
        let bytes = self.slice(self.records.0 + number as usize * BYTES, BYTES)?;
        bytes
            .try_into()
            .ok()
            .and_then(Record::parse)
            .ok_or_else(|| self.damaged())
    }

    pub fn entry(&self, at: u32) -> Outcome<Entry<'_>> {
        if at >= self.entries.1 {
            return Err(self.damaged());
        }
        let bytes = self.slice(self.entries.0 + at as usize * ENTRY_BYTES, ENTRY_BYTES)?;
        let length = u16::from_le_bytes([bytes[4], bytes[5]]);
        let number = u32_of(&bytes[8..]);
        Ok(Entry {
            name: self.text(u32_of(bytes), u32::from(length))?,
            inode: (number != NONE).then_some(number),
        })
    }

    pub fn text(&self, at: u32, length: u32) -> Outcome<&[u8]> {
        self.slice(self.text + at as usize, length as usize)
    }

    pub fn target(&self, record: &Record) -> Outcome<&[u8]> {
        self.text(record.a, record.b)
    }

    pub fn xattrs_of(&self, record: &Record) -> Outcome<&[Xattr]> {
        match record.xattrs {
            0 => Ok(&[]),
            n => self
                .xattrs
                .get(n as usize - 1)
                .map(Vec::as_slice)
                .ok_or_else(|| self.damaged()),
        }
    }

    pub fn inline(&self, record: &Record) -> Outcome<&[u8]> {
        let at = usize::try_from(record.data).map_err(|_| self.damaged())?;
        self.slice(at, usize::try_from(record.size).map_err(|_| self.damaged())?)
    }

    /// Where each chunk of a directory's entries ends, and its digest.
    pub fn chunk(&self, directory: &Record, i: u32) -> Outcome<(u32, &[u8])> {
        let first = directory.data as u32;
        let bytes = self.slice(self.chunks + (first as usize + i as usize) * CHUNK_BYTES, CHUNK_BYTES)?;
        Ok((u32_of(bytes), &bytes[4..]))
    }

    pub fn chunk_count(directory: &Record) -> u32 {
        (directory.data >> 32) as u32
    }

    /// Digest and size of each file's content that is an object, with repetitions.
    pub fn objects(&self) -> impl Iterator<Item = Outcome<([u8; 32], u64)>> {
        (0..self.inodes()).filter_map(|number| match self.inode(number) {
            Ok(r) if r.kind == Kind::File && r.size > 0 && !r.has(INLINE) => Some(Ok((r.digest, r.size))),
            Ok(_) => None,
            Err(failure) => Some(Err(failure)),
        })
    }
}

fn damaged(path: &[u8]) -> Failure {
    Failure::new("tree", libc::EBADMSG)
        .at(path)
        .saying("the tree's file is damaged")
}

fn u32_of(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn parse(map: Mapped, path: &[u8]) -> Option<TreeFile> {
    let bytes = map.bytes();
    let footer = &bytes[bytes.len() - FOOTER_BYTES..];
    if &footer[80..88] != MAGIC {
        return None;
    }
    let number = |i: usize| -> Option<usize> {
        let value = u64::from_le_bytes(footer[i * 8..i * 8 + 8].try_into().ok()?);
        usize::try_from(value).ok().filter(|n| *n <= bytes.len())
    };
    let end = number(9)?;
    if end != bytes.len() - FOOTER_BYTES || number(7)?.checked_add(number(8)?)? > end {
        return None;
    }
    let xattrs = xattr_sets(bytes.get(number(5)?..number(7)?)?, number(6)?)?;
    Some(TreeFile {
        path: path.to_vec(),
        records: (number(0)?, u32::try_from(number(1)?).ok()?),
        entries: (number(2)?, u32::try_from(number(3)?).ok()?),
        chunks: number(4)?,
        text: number(7)?,
        xattrs,
        map,
    })
}

fn xattr_sets(mut bytes: &[u8], sets: usize) -> Option<Vec<Vec<Xattr>>> {
    let mut all = Vec::new();
    for _ in 0..sets {
        let count = take_u32(&mut bytes)?;
        let mut set = Vec::new();
        for _ in 0..count {
            let key = take(&mut bytes)?;
            set.push((key, take(&mut bytes)?));
        }
        all.push(set);
    }
    Some(all)
}

fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    let (head, rest) = bytes.split_at_checked(4)?;
    *bytes = rest;
    Some(u32_of(head))
}

fn take(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let length = take_u32(bytes)? as usize;
    let (value, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(value.to_vec())
}
