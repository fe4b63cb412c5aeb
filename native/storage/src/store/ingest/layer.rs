//! Members of a layer's tar applied to a tree in memory, as `unpack` applies them to a directory.
use super::attributes::{self, Skipped};
use super::content::Content;
use crate::failure::{Failure, Outcome};
use crate::store::tree::arena::{ROOT, Tree};
use crate::store::tree::record::{IMPLICIT, INLINE, Kind, NONE, OPAQUE, Record};
use crate::tar::{self, Entry};
use crate::unpack::name::{clean, split};

/// As many links as the kernel follows in one path.
const MAX_LINKS: u32 = 40;

pub struct Layer {
    pub tree: Tree,
    pub skipped: Skipped,
    /// Directory and its path, as the last member had them.
    last: Option<(Vec<u8>, u32)>,
}

/// What `.wh.` names mean; they have no content of their own.
pub fn is_whiteout(path: &[u8]) -> bool {
    split(path).1.starts_with(b".wh.")
}

impl Layer {
    pub fn new() -> Self {
        Layer {
            tree: Tree::new(),
            skipped: 0,
            last: None,
        }
    }

    /// `path` is the member's cleaned name; `content` a file's.
    pub fn apply(&mut self, entry: &Entry, path: &[u8], content: Option<&Content>) -> Outcome<()> {
        if path.is_empty() {
            return self.root(entry);
        }
        let (above, name) = split(path);
        let parent = self.parent(above)?;
        if let Some(hidden) = name.strip_prefix(b".wh.") {
            return self.whiteout(parent, hidden);
        }
        match Kind::of(entry.kind) {
            None => self.hard_link(entry, parent, path, name),
            Some(Kind::Directory) => self.directory(entry, parent, name),
            Some(kind) => {
                let record = self.record(kind, entry, content)?;
                let inode = self.tree.add_inode(record)?;
                self.replace(parent, name, inode)
            }
        }
    }

    fn root(&mut self, entry: &Entry) -> Outcome<()> {
        if entry.kind != tar::Kind::Directory {
            return Err(Failure::traversal(
                &entry.path,
                "the entry would replace the destination itself",
            ));
        }
        self.settle(ROOT, entry)
    }

    fn record(&mut self, kind: Kind, entry: &Entry, content: Option<&Content>) -> Outcome<Record> {
        let xattrs = attributes::kept(kind, entry, &mut self.skipped)?;
        let mut record = Record {
            kind,
            flags: 0,
            mode: entry.mode as u16,
            uid: entry.uid,
            gid: entry.gid,
            mtime: entry.mtime,
            xattrs: self.tree.store_xattrs(xattrs)?,
            ..Record::directory()
        };
        match kind {
            Kind::Symlink => {
                attributes::target(&entry.link)?;
                record.mode = 0o777;
                record.a = self.tree.store_text(&entry.link)?;
                record.b = entry.link.len() as u32;
            }
            Kind::CharDevice | Kind::BlockDevice => (record.a, record.b) = attributes::device(entry)?,
            _ => {}
        }
        if let Some(content) = content {
            record.digest = content.hash;
            record.size = content.size;
            if let Some(at) = content.inline {
                record.flags |= INLINE;
                record.data = at;
            }
        }
        Ok(record)
    }

    fn directory(&mut self, entry: &Entry, parent: u32, name: &[u8]) -> Outcome<()> {
        let there = self.tree.lookup(parent, name);
        let id = match there {
            Some(id) if self.tree.is_directory(id) => id,
            _ => self.new_directory(parent, name)?,
        };
        self.settle(id, entry)
    }

    /// In the place of what is there; of a whiteout, which a directory goes on to be: it hides what is below.
    fn new_directory(&mut self, parent: u32, name: &[u8]) -> Outcome<u32> {
        let mut record = Record::directory();
        if let Some(id) = self.tree.lookup(parent, name) {
            if self.tree.inode(id).is_none() {
                record.flags |= OPAQUE;
            }
            self.remove(id);
        }
        let inode = self.tree.add_inode(record)?;
        self.tree.add(parent, name, inode)
    }

    /// What an entry says about a directory; attributes that it does not name stay.
    fn settle(&mut self, id: u32, entry: &Entry) -> Outcome<()> {
        let news = attributes::kept(Kind::Directory, entry, &mut self.skipped)?;
        let Some(record) = self.tree.inode(id).copied() else {
            return Ok(());
        };
        let mut xattrs = self.tree.xattrs_of(&record).to_vec();
        xattrs.retain(|(key, _)| news.iter().all(|(other, _)| other != key));
        xattrs.extend(news);
        let record = Record {
            flags: record.flags & !IMPLICIT,
            mode: entry.mode as u16,
            uid: entry.uid,
            gid: entry.gid,
            mtime: entry.mtime,
            xattrs: self.tree.store_xattrs(xattrs)?,
            ..record
        };
        if let Some(place) = self.tree.inode_mut(id) {
            *place = record;
        }
        Ok(())
    }

    fn hard_link(&mut self, entry: &Entry, parent: u32, path: &[u8], name: &[u8]) -> Outcome<()> {
        let target = clean(&entry.link)?;
        if target == path {
            return Ok(());
        }
        let (above, target_name) = split(&target);
        if target_name.is_empty() {
            return Err(Failure::traversal(&entry.path, "a hard link to the destination itself"));
        }
        let failed = |errno| {
            let text = format!("hard link to {}", String::from_utf8_lossy(&target));
            Failure::new("write", errno).saying(text)
        };
        let from = self.resolve(above, false)?.ok_or_else(|| failed(libc::ENOENT))?;
        let there = self
            .tree
            .lookup(from, target_name)
            .ok_or_else(|| failed(libc::ENOENT))?;
        let inode = self.tree.inode_number(there);
        match self.tree.inode(there) {
            None => Err(failed(libc::ENOENT)),
            Some(record) if record.kind == Kind::Directory => Err(failed(libc::EPERM)),
            Some(_) if self.tree.lookup(parent, name) == Some(there) => Ok(()),
            Some(_) => self.replace(parent, name, inode),
        }
    }

    /// A whiteout hides lower layers only: what this layer has put there stays, and a directory becomes opaque.
    fn whiteout(&mut self, parent: u32, hidden: &[u8]) -> Outcome<()> {
        let opaque = |tree: &mut Tree, id| {
            if let Some(record) = tree.inode_mut(id) {
                record.flags |= OPAQUE;
            }
        };
        match hidden {
            b"" | b"." | b".." => Err(Failure::traversal(hidden, "a whiteout without a name")),
            b".wh..opq" => {
                opaque(&mut self.tree, parent);
                Ok(())
            }
            // Bookkeeping of AUFS, meaningless elsewhere.
            name if name.starts_with(b".wh.") => Ok(()),
            name => match self.tree.lookup(parent, name) {
                Some(id) if self.tree.is_directory(id) => {
                    opaque(&mut self.tree, id);
                    Ok(())
                }
                Some(_) => Ok(()),
                None => self.tree.add(parent, name, NONE).map(drop),
            },
        }
    }

    fn replace(&mut self, parent: u32, name: &[u8], inode: u32) -> Outcome<()> {
        if let Some(id) = self.tree.lookup(parent, name) {
            self.remove(id);
        }
        self.tree.add(parent, name, inode).map(drop)
    }

    fn remove(&mut self, id: u32) {
        self.last = None;
        self.tree.remove(id);
    }

    fn parent(&mut self, path: &[u8]) -> Outcome<u32> {
        if let Some((last, id)) = &self.last
            && last == path
        {
            return Ok(*id);
        }
        let found = self.resolve(path, true)?;
        let id = found.ok_or_else(|| Failure::new("write", libc::ENOENT).at(path))?;
        self.last = Some((path.to_vec(), id));
        Ok(id)
    }

    /// The directory at `path`, links followed inside the tree. What is missing is made, or `None` is the answer.
    fn resolve(&mut self, path: &[u8], make: bool) -> Outcome<Option<u32>> {
        let parts = |path: &[u8]| -> Vec<Vec<u8>> { path.rsplit(|b| *b == b'/').map(<[u8]>::to_vec).collect() };
        let failed = |errno| Failure::new("write", errno).at(path);
        let (mut at, mut links, mut todo) = (ROOT, 0, parts(path));
        while let Some(part) = todo.pop() {
            match &part[..] {
                b"" | b"." => continue,
                b".." => {
                    at = self.tree.parent(at);
                    continue;
                }
                _ => {}
            }
            let there = self.tree.lookup(at, &part);
            let inode = there.and_then(|id| self.tree.inode(id).copied());
            match (there, inode) {
                (Some(id), Some(record)) if record.kind == Kind::Directory => at = id,
                (Some(_), Some(record)) if record.kind == Kind::Symlink => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(failed(libc::ELOOP));
                    }
                    let target = &self.tree.text[record.a as usize..][..record.b as usize];
                    if target.starts_with(b"/") {
                        at = ROOT;
                    }
                    let next = parts(target);
                    todo.extend(next);
                    if todo.len() > libc::PATH_MAX as usize {
                        return Err(failed(libc::ENAMETOOLONG));
                    }
                }
                (Some(_), Some(_)) if make => return Err(failed(libc::ENOTDIR)),
                _ if make => at = self.new_directory(at, &part)?,
                _ => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}
