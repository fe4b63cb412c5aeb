//! What a job makes before it is whole: a directory of its own, locked while the job lives. A killed job's is swept.
use super::gate::try_alone;
use super::place::Store;
use crate::failure::{During, Failure, Outcome};
use crate::list::names;
use crate::remove::Removal;
use crate::sys::{self, Fd};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

pub struct Draft {
    parent: OwnedFd,
    name: Vec<u8>,
    dir: OwnedFd,
}

/// Found objects' hashes, one after the other.
pub const PINS: &[u8] = b"pins";
const OBJECTS: &[u8] = b"o";

impl Draft {
    pub fn new(store: &Store) -> Outcome<Draft> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let parent = store.dir("drafts")?;
        loop {
            let n = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{}-{n}", std::process::id()).into_bytes();
            match sys::mkdirat(parent.as_fd(), &name, 0o700) {
                Err(e) if e.raw_os_error() == Some(libc::EEXIST) => continue,
                other => other.during("draft")?,
            }
            // A sweep may have seen it unlocked and taken it away: then the next name is tried.
            let dir = match sys::openat(parent.as_fd(), &name, libc::O_RDONLY | libc::O_DIRECTORY, 0) {
                Err(e) if gone(&e) => continue,
                other => other.during("draft")?,
            };
            if try_alone(&dir) && sys::fstat(dir.as_fd()).is_ok_and(|st| st.st_nlink > 0) {
                return Ok(Draft { parent, name, dir });
            }
        }
    }

    pub fn dir(&self) -> Fd<'_> {
        self.dir.as_fd()
    }

    pub fn create(&self, name: &[u8], mode: u32) -> Outcome<File> {
        let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL;
        sys::openat(self.dir(), name, flags, mode)
            .during_at("write", name)
            .map(File::from)
    }

    /// The place of new objects, whose names are their hex.
    pub fn objects(&self) -> Outcome<OwnedFd> {
        sys::mkdirat(self.dir(), OBJECTS, 0o700).during("write")?;
        sys::openat(self.dir(), OBJECTS, libc::O_RDONLY | libc::O_DIRECTORY, 0).during("write")
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = Removal::new(&|| false).entry(self.parent.as_fd(), &self.name);
    }
}

/// Removes the drafts of jobs that are no more. Answers how many.
pub fn sweep(store: &Store) -> Outcome<u64> {
    let parent = store.dir("drafts")?;
    let mut swept = 0;
    for (name, _) in names(parent.as_fd()).during("sweep")?.iter() {
        if let Some(dir) = open_draft(parent.as_fd(), name)?
            && try_alone(&dir)
        {
            Removal::new(&|| false).entry(parent.as_fd(), name)?;
            swept += 1;
        }
    }
    Ok(swept)
}

/// Calls `each` with what running ingests have noted down. To be called alone.
pub fn pinned(store: &Store, mut each: impl FnMut(&[u8; 32])) -> Outcome<()> {
    let parent = store.dir("drafts")?;
    for (name, _) in names(parent.as_fd()).during("sweep")?.iter() {
        let Some(dir) = open_draft(parent.as_fd(), name)? else {
            continue;
        };
        let pins = match sys::openat(dir.as_fd(), PINS, libc::O_RDONLY, 0) {
            Err(e) if gone(&e) => continue,
            other => other.during_at("sweep", name)?,
        };
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut File::from(pins), &mut bytes).during_at("sweep", name)?;
        for pin in bytes.chunks_exact(32) {
            each(pin.try_into().unwrap_or(&[0; 32]));
        }
    }
    Ok(())
}

fn gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR))
}

fn open_draft(parent: Fd, name: &[u8]) -> Outcome<Option<OwnedFd>> {
    match sys::openat(parent, name, libc::O_RDONLY | libc::O_DIRECTORY, 0) {
        Ok(dir) => Ok(Some(dir)),
        Err(e) if gone(&e) => Ok(None),
        Err(e) => Err(Failure::io("sweep", &e).at(name)),
    }
}
