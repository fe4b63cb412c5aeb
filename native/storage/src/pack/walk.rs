//! A tree in order of its names, written as tar.
use super::member::{Found, look, sparse_map};
use crate::failure::{During, Failure, Outcome};
use crate::list::names;
use crate::sys::Fd;
use crate::tar::sparse::Stretch;
use crate::tar::{Entry, Kind, writer};
use crate::unpack::name::join;
use std::collections::HashMap;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd};

const MAX_DEPTH: usize = 1024;
const BUFFER: usize = 256 << 10;

/// What a layer has in place of some entries.
pub trait Translate {
    /// Entries to write instead of `found`; `None`: as it is.
    fn translate(&self, found: &Found, parent: Option<&Found>) -> Outcome<Option<Vec<Entry>>>;
    /// Entries that follow a directory's own.
    fn after(&self, _directory: &Found) -> Vec<Entry> {
        Vec::new()
    }
}

pub struct Walk<'a, W: Write> {
    pub out: W,
    pub entries: u64,
    translate: &'a dyn Translate,
    cancelled: &'a dyn Fn() -> bool,
    links: HashMap<(u64, u64), Vec<u8>>,
    header: Vec<u8>,
    buffer: Vec<u8>,
}

impl<'a, W: Write> Walk<'a, W> {
    pub fn new(out: W, translate: &'a dyn Translate, cancelled: &'a dyn Fn() -> bool) -> Self {
        Walk {
            out,
            entries: 0,
            translate,
            cancelled,
            links: HashMap::new(),
            header: Vec::new(),
            buffer: vec![0; BUFFER],
        }
    }

    /// `name` of `dir` and everything below, called `path` in the archive.
    pub fn entry(&mut self, dir: Fd, name: &[u8], path: Vec<u8>, parent: Option<&Found>, depth: usize) -> Outcome<()> {
        if (self.cancelled)() {
            return Err(Failure::cancelled());
        }
        let Some(mut found) = look(dir, name, path)? else {
            return Ok(());
        };
        if let Some(entries) = self.translate.translate(&found, parent)? {
            return entries.iter().try_for_each(|e| self.write(e, None));
        }
        if found.entry.kind != Kind::Directory && self.linked(&mut found) {
            return self.write(&found.entry, None);
        }
        match found.entry.kind {
            Kind::Directory => {
                self.write(&found.entry, None)?;
                self.children(&found, depth + 1)
            }
            Kind::File => self.file(&found),
            _ => self.write(&found.entry, None),
        }
    }

    pub fn children(&mut self, directory: &Found, depth: usize) -> Outcome<()> {
        let path = &directory.entry.path;
        if depth > MAX_DEPTH {
            return Err(Failure::new("limit", libc::ENAMETOOLONG)
                .at(path)
                .saying("directories are nested too deeply"));
        }
        for entry in self.translate.after(directory) {
            self.write(&entry, None)?;
        }
        let Some(fd) = &directory.fd else { return Ok(()) };
        let mut children = names(fd.as_fd()).during_at("read", path)?;
        children.sort();
        for (name, _) in children.iter() {
            self.entry(fd.as_fd(), name, join(path, name), Some(directory), depth)?;
        }
        Ok(())
    }

    /// Turns the second name of an inode into a hard link.
    fn linked(&mut self, found: &mut Found) -> bool {
        if found.stat.st_nlink < 2 {
            return false;
        }
        let inode = (found.stat.st_dev, found.stat.st_ino);
        if let Some(first) = self.links.get(&inode) {
            found.entry.kind = Kind::HardLink;
            found.entry.link = first.clone();
            found.entry.size = 0;
            found.entry.xattrs.clear();
            return true;
        }
        self.links.insert(inode, found.entry.path.clone());
        false
    }

    fn write(&mut self, entry: &Entry, map: Option<&[Stretch]>) -> Outcome<()> {
        self.entries += 1;
        self.header.clear();
        writer::header(&mut self.header, entry, map);
        self.out.write_all(&self.header).during("write")
    }

    fn file(&mut self, found: &Found) -> Outcome<()> {
        let Some(fd) = &found.fd else { return Ok(()) };
        let map = sparse_map(fd.as_fd(), &found.stat)?;
        self.write(&found.entry, map.as_deref())?;
        let whole = [Stretch {
            offset: 0,
            length: found.entry.size,
        }];
        let mut written = 0;
        for stretch in map.as_deref().unwrap_or(&whole) {
            self.copy(fd.as_fd(), stretch, &found.entry.path)?;
            written += stretch.length;
        }
        self.header.clear();
        writer::pad(&mut self.header, written);
        self.out.write_all(&self.header).during("write")
    }

    fn copy(&mut self, fd: Fd, stretch: &Stretch, path: &[u8]) -> Outcome<()> {
        let mut done = 0;
        while done < stretch.length {
            if (self.cancelled)() {
                return Err(Failure::cancelled());
            }
            let want = self
                .buffer
                .len()
                .min(usize::try_from(stretch.length - done).unwrap_or(usize::MAX));
            // SAFETY: the buffer holds at least `want` bytes.
            let n = unsafe {
                libc::pread(
                    fd.as_raw_fd(),
                    self.buffer.as_mut_ptr().cast(),
                    want,
                    (stretch.offset + done) as i64,
                )
            };
            if n < 0 {
                return Err(Failure::io("read", &std::io::Error::last_os_error()).at(path));
            }
            if n == 0 {
                return Err(Failure::new("changed", libc::EAGAIN)
                    .at(path)
                    .saying("became shorter while it was read"));
            }
            self.out.write_all(&self.buffer[..n as usize]).during("write")?;
            done += n as u64;
        }
        Ok(())
    }
}
