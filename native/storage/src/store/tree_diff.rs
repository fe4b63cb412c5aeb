//! The job `treeDiff`: what differs between two composed trees. Directories and stretches of names with the same digest
//! are passed by, so that the time goes with the change.
use super::tree::file::TreeFile;
use super::tree::record::{Kind, Record};
use crate::conn::Job;
use crate::failure::Outcome;
use crate::unpack::name::join;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct TreeDiff {
    #[serde(rename = "t")]
    _t: String,
    from: String,
    to: String,
}

#[derive(Serialize, Debug)]
pub struct Diffed {
    t: &'static str,
    changes: u64,
}

#[derive(Serialize, Debug)]
struct Change<'a> {
    t: &'static str,
    path: &'a str,
    kind: u8,
}

const MODIFIED: u8 = 0;
const ADDED: u8 = 1;
const DELETED: u8 = 2;

pub fn run(request: &TreeDiff, job: &Job) -> Outcome<Diffed> {
    let (from, to) = (
        TreeFile::open(request.from.as_bytes())?,
        TreeFile::open(request.to.as_bytes())?,
    );
    let mut diff = Diff {
        from: &from,
        to: &to,
        job,
        changes: 0,
        todo: Vec::new(),
    };
    diff.pair(Vec::new(), from.inode(0)?, to.inode(0)?)?;
    while let Some(task) = diff.todo.pop() {
        job.check()?;
        match task {
            Task::Both(path, a, b) => diff.directory(&path, &a, &b)?,
            Task::One(path, a, kind) => diff.all(&path, &a, kind)?,
        }
    }
    Ok(Diffed {
        t: "done",
        changes: diff.changes,
    })
}

enum Task {
    Both(Vec<u8>, Record, Record),
    One(Vec<u8>, Record, u8),
}

struct Diff<'a> {
    from: &'a TreeFile,
    to: &'a TreeFile,
    job: &'a Job,
    changes: u64,
    todo: Vec<Task>,
}

impl Diff<'_> {
    fn tell(&mut self, path: &[u8], kind: u8) -> Outcome<()> {
        self.changes += 1;
        let path = format!("/{}", String::from_utf8_lossy(path));
        self.job.send(&Change {
            t: "change",
            path: &path,
            kind,
        })
    }

    /// A name that both have.
    fn pair(&mut self, path: Vec<u8>, a: Record, b: Record) -> Outcome<()> {
        let directories = a.kind == Kind::Directory && b.kind == Kind::Directory;
        if directories && a.digest == b.digest {
            return Ok(());
        }
        if !self.same(&a, &b)? {
            self.tell(&path, MODIFIED)?;
        }
        match (a.kind, b.kind) {
            (Kind::Directory, Kind::Directory) => self.todo.push(Task::Both(path, a, b)),
            (Kind::Directory, _) => self.todo.push(Task::One(path, a, DELETED)),
            (_, Kind::Directory) => self.todo.push(Task::One(path, b, ADDED)),
            _ => {}
        }
        Ok(())
    }

    /// All but what is below; a directory's time changes with the names in it and does not count.
    fn same(&self, a: &Record, b: &Record) -> Outcome<bool> {
        if (a.kind, a.mode, a.uid, a.gid) != (b.kind, b.mode, b.uid, b.gid)
            || self.from.xattrs_of(a)? != self.to.xattrs_of(b)?
        {
            return Ok(false);
        }
        Ok(match a.kind {
            Kind::Directory => true,
            _ if a.mtime != b.mtime => false,
            Kind::File => (a.size, a.digest) == (b.size, b.digest),
            Kind::Symlink => self.from.target(a)? == self.to.target(b)?,
            _ => (a.a, a.b) == (b.a, b.b),
        })
    }

    /// Walks along the chunks of both; equal ones that begin at the same name are passed by.
    fn directory(&mut self, path: &[u8], a: &Record, b: &Record) -> Outcome<()> {
        let (mut left, mut right) = (Side::new(self.from, a), Side::new(self.to, b));
        loop {
            if left.aligned() && right.aligned() {
                match (left.digest()?, right.digest()?) {
                    (None, None) => return Ok(()),
                    (Some(x), Some(y)) if x == y => {
                        left.skip()?;
                        right.skip()?;
                        continue;
                    }
                    _ => {}
                }
            }
            let (x, y) = (left.name()?, right.name()?);
            let order = match (&x, &y) {
                (None, None) => return Ok(()),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(x), Some(y)) => x.0.cmp(y.0),
            };
            match (order, x, y) {
                (std::cmp::Ordering::Less, Some((name, record)), _) => {
                    self.alone(join(path, name), record, DELETED)?;
                    left.step()?;
                }
                (std::cmp::Ordering::Greater, _, Some((name, record))) => {
                    self.alone(join(path, name), record, ADDED)?;
                    right.step()?;
                }
                (_, Some((name, x)), Some((_, y))) => {
                    self.pair(join(path, name), x, y)?;
                    left.step()?;
                    right.step()?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn alone(&mut self, path: Vec<u8>, record: Record, kind: u8) -> Outcome<()> {
        self.tell(&path, kind)?;
        if record.kind == Kind::Directory {
            self.todo.push(Task::One(path, record, kind));
        }
        Ok(())
    }

    /// Everything below a directory that only one has.
    fn all(&mut self, path: &[u8], directory: &Record, kind: u8) -> Outcome<()> {
        let mut side = Side::new(if kind == ADDED { self.to } else { self.from }, directory);
        while let Some((name, record)) = side.name()? {
            self.alone(join(path, name), record, kind)?;
            side.step()?;
        }
        Ok(())
    }
}

/// A place among the names of a directory.
struct Side<'a> {
    tree: &'a TreeFile,
    directory: Record,
    at: u32,
    chunk: u32,
    /// Whether `at` is where `chunk` begins.
    begins: bool,
}

impl<'a> Side<'a> {
    fn new(tree: &'a TreeFile, directory: &Record) -> Self {
        Side {
            tree,
            directory: *directory,
            at: directory.a,
            chunk: 0,
            begins: true,
        }
    }

    fn aligned(&self) -> bool {
        self.begins
    }

    fn digest(&self) -> Outcome<Option<&'a [u8]>> {
        if self.chunk >= TreeFile::chunk_count(&self.directory) {
            return Ok(None);
        }
        Ok(Some(self.tree.chunk(&self.directory, self.chunk)?.1))
    }

    fn skip(&mut self) -> Outcome<()> {
        self.at = self.tree.chunk(&self.directory, self.chunk)?.0;
        self.chunk += 1;
        Ok(())
    }

    fn name(&self) -> Outcome<Option<(&'a [u8], Record)>> {
        if self.at >= self.directory.a.saturating_add(self.directory.b) {
            return Ok(None);
        }
        let entry = self.tree.entry(self.at)?;
        let inode = entry.inode.ok_or_else(|| self.tree.damaged())?;
        Ok(Some((entry.name, self.tree.inode(inode)?)))
    }

    fn step(&mut self) -> Outcome<()> {
        self.at += 1;
        self.begins = self.at >= self.tree.chunk(&self.directory, self.chunk)?.0;
        if self.begins {
            self.chunk += 1;
        }
        Ok(())
    }
}
