//! The thread that writes new objects into the draft. Contents come in batches; for each, under the gate, objects that
//! the store has already are noted down instead.
use crate::failure::{During, Failure, Outcome};
use crate::store::draft::{Draft, PINS};
use crate::store::gate::Gate;
use crate::store::place::{Hash, Store, hex, object_name};
use crate::sys;
use hashbrown::HashMap;
use std::fs::File;
use std::hash::RandomState;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Content from this size on is written while it comes; smaller ones together.
pub const BATCH: usize = 1 << 20;
const WAITING: usize = 3;

#[derive(Default)]
pub struct Batch {
    pub bytes: Vec<u8>,
    /// Hash, and where in `bytes`.
    pub contents: Vec<(Hash, usize, usize)>,
}

pub enum Work {
    Batch(Batch),
    /// The next content is large: these bytes of it, at this offset.
    Part(u64, Vec<u8>),
    /// That was all of it.
    Whole(Hash, u64),
}

#[derive(Default, Clone, Copy)]
pub struct Counts {
    pub objects: u64,
    pub bytes: u64,
}

/// New objects of the draft, by their size.
pub type New = HashMap<Hash, u64, RandomState>;

pub struct Objects {
    to: Option<SyncSender<Work>>,
    free: Receiver<Vec<u8>>,
    thread: JoinHandle<Outcome<New>>,
}

impl Objects {
    pub fn start(store: Store, draft: &Draft) -> Outcome<Objects> {
        let (to, from) = sync_channel(WAITING);
        let (used, free) = sync_channel(WAITING);
        let mut writer = Writer {
            gate: Gate::open(&store)?,
            dir: draft.objects()?,
            pins: draft.create(PINS, 0o600)?,
            store,
            new: New::default(),
            found: Vec::new(),
            large: None,
        };
        let thread = std::thread::spawn(move || {
            for work in from {
                let bytes = writer.work(work)?;
                let _ = used.try_send(bytes);
            }
            Ok(writer.new)
        });
        Ok(Objects {
            to: Some(to),
            free,
            thread,
        })
    }

    /// An empty buffer, used before if there is one.
    pub fn buffer(&self) -> Vec<u8> {
        let mut buffer = self.free.try_recv().unwrap_or_default();
        buffer.clear();
        buffer
    }

    /// False when the thread has failed: `finish` tells why.
    pub fn send(&self, work: Work) -> bool {
        self.to.as_ref().is_some_and(|to| to.send(work).is_ok())
    }

    pub fn finish(mut self) -> Outcome<New> {
        self.to = None;
        self.thread.join().map_err(|_| Failure::new("write", libc::EIO))?
    }
}

struct Writer {
    store: Store,
    gate: Gate,
    dir: OwnedFd,
    pins: File,
    new: New,
    found: Vec<u8>,
    large: Option<File>,
}

const LARGE: &[u8] = b"large";
const CREATE: i32 = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL;

impl Writer {
    fn work(&mut self, work: Work) -> Outcome<Vec<u8>> {
        match work {
            Work::Batch(batch) => {
                self.batch(&batch)?;
                Ok(batch.bytes)
            }
            Work::Part(offset, bytes) => {
                if self.large.is_none() {
                    let file = sys::openat(self.dir.as_fd(), LARGE, CREATE, 0o644).during("write")?;
                    self.large = Some(file.into());
                }
                if let Some(file) = &self.large {
                    sys::pwrite_all(file.as_fd(), &bytes, offset).during("write")?;
                }
                Ok(bytes)
            }
            Work::Whole(hash, size) => {
                self.whole(hash, size)?;
                Ok(Vec::new())
            }
        }
    }

    fn batch(&mut self, batch: &Batch) -> Outcome<()> {
        let mut missing = Vec::with_capacity(batch.contents.len());
        {
            let _held = self.gate.shared()?;
            for (hash, from, to) in &batch.contents {
                if !self.new.contains_key(hash) && !self.find(hash, (to - from) as u64)? {
                    missing.push((hash, *from, *to));
                }
            }
            self.note()?;
        }
        for (hash, from, to) in missing {
            if self.new.insert(*hash, (to - from) as u64).is_some() {
                continue;
            }
            let file = sys::openat(self.dir.as_fd(), &hex(hash), CREATE, 0o644).during("write")?;
            File::from(file).write_all(&batch.bytes[from..to]).during("write")?;
        }
        Ok(())
    }

    fn whole(&mut self, hash: Hash, size: u64) -> Outcome<()> {
        if let Some(file) = self.large.take() {
            sys::ftruncate(file.as_fd(), size).during("write")?;
        }
        let known = self.new.contains_key(&hash) || {
            let _held = self.gate.shared()?;
            let found = self.find(&hash, size)?;
            self.note()?;
            found
        };
        if known {
            return sys::unlinkat(self.dir.as_fd(), LARGE, 0).during("write");
        }
        self.new.insert(hash, size);
        sys::renameat(self.dir.as_fd(), LARGE, self.dir.as_fd(), &hex(&hash)).during("write")
    }

    /// Whether the store has it. One of another size was cut short by a crash of the machine: it will be replaced.
    fn find(&mut self, hash: &Hash, size: u64) -> Outcome<bool> {
        match sys::fstatat(self.store.objects(), &object_name(hash)) {
            Ok(st) if st.st_size as u64 == size => {
                self.found.extend_from_slice(hash);
                Ok(true)
            }
            Ok(_) => Ok(false),
            Err(e) if e.raw_os_error() == Some(libc::ENOENT) => Ok(false),
            Err(e) => Err(Failure::io("open", &e).at(&object_name(hash))),
        }
    }

    fn note(&mut self) -> Outcome<()> {
        if !self.found.is_empty() {
            self.pins.write_all(&self.found).during("write")?;
            self.found.clear();
        }
        Ok(())
    }
}

/// Moves what is new into the store. Answers what was new there. To be called with the gate held.
pub fn commit(store: &Store, draft: &Draft, new: &New) -> Outcome<Counts> {
    let from = sys::openat(draft.dir(), b"o", libc::O_RDONLY | libc::O_DIRECTORY, 0).during("commit")?;
    let mut counts = Counts::default();
    for (hash, size) in new {
        let (old, name) = (hex(hash), object_name(hash));
        let mut moved = sys::rename_new(from.as_fd(), &old, store.objects(), &name);
        if moved.as_ref().is_err_and(|e| e.raw_os_error() == Some(libc::ENOENT)) {
            match sys::mkdirat(store.objects(), &name[..2], 0o755) {
                Err(e) if e.raw_os_error() == Some(libc::EEXIST) => {}
                other => other.during("commit")?,
            }
            moved = sys::rename_new(from.as_fd(), &old, store.objects(), &name);
        }
        match moved {
            Ok(()) => {}
            Err(e) if e.raw_os_error() == Some(libc::EEXIST) => {
                let st = sys::fstatat(store.objects(), &name).during_at("commit", &name)?;
                if st.st_size as u64 == *size {
                    continue;
                }
                sys::renameat(from.as_fd(), &old, store.objects(), &name).during_at("commit", &name)?;
            }
            Err(e) => return Err(Failure::io("commit", &e).at(&name)),
        }
        counts.objects += 1;
        counts.bytes += size;
    }
    Ok(counts)
}
