//! A tree in memory: names point to inodes, several to one where they are hard links. About 200 bytes a name.
use super::record::{Kind, NONE, Record};
use crate::failure::{Failure, Outcome};
use crate::xattr::Xattr;
use hashbrown::HashTable;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Names, link targets and attributes of a tree, all together.
const MAX_TEXT: usize = 1 << 30;

struct Name {
    parent: u32,
    at: u32,
    length: u16,
    live: bool,
    /// `NONE` is a whiteout.
    inode: u32,
    first_child: u32,
    next: u32,
}

pub struct Tree {
    names: Vec<Name>,
    pub inodes: Vec<Record>,
    pub text: Vec<u8>,
    pub xattrs: Vec<Vec<Xattr>>,
    known_xattrs: HashMap<Vec<Xattr>, u32>,
    xattr_bytes: usize,
    index: HashTable<u32>,
    hasher: RandomState,
}

pub const ROOT: u32 = 0;

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

impl Tree {
    pub fn new() -> Self {
        Tree {
            names: vec![Name {
                parent: ROOT,
                at: 0,
                length: 0,
                live: true,
                inode: 0,
                first_child: NONE,
                next: NONE,
            }],
            inodes: vec![Record::directory()],
            text: Vec::new(),
            xattrs: Vec::new(),
            known_xattrs: HashMap::new(),
            xattr_bytes: 0,
            index: HashTable::new(),
            hasher: RandomState::new(),
        }
    }

    pub fn name(&self, id: u32) -> &[u8] {
        let name = &self.names[id as usize];
        &self.text[name.at as usize..name.at as usize + usize::from(name.length)]
    }

    /// Where in `text` the name is.
    pub fn name_place(&self, id: u32) -> (u32, u16) {
        let name = &self.names[id as usize];
        (name.at, name.length)
    }

    pub fn parent(&self, id: u32) -> u32 {
        self.names[id as usize].parent
    }

    /// `None`: a whiteout.
    pub fn inode(&self, id: u32) -> Option<&Record> {
        self.inodes.get(self.names[id as usize].inode as usize)
    }

    pub fn inode_mut(&mut self, id: u32) -> Option<&mut Record> {
        self.inodes.get_mut(self.names[id as usize].inode as usize)
    }

    pub fn inode_number(&self, id: u32) -> u32 {
        self.names[id as usize].inode
    }

    pub fn lookup(&self, parent: u32, name: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one((parent, name));
        self.index
            .find(hash, |id| self.parent(*id) == parent && self.name(*id) == name)
            .copied()
    }

    /// Adds `name`, which must not be there, for an inode of this tree (or `NONE`).
    pub fn add(&mut self, parent: u32, name: &[u8], inode: u32) -> Outcome<u32> {
        let length = u16::try_from(name.len()).ok().filter(|n| *n <= 255).ok_or_else(|| {
            Failure::new("write", libc::ENAMETOOLONG)
                .at(name)
                .saying("a name is longer than 255 bytes")
        })?;
        let at = self.store_text(name)?;
        let id = self.names.len() as u32;
        let next = std::mem::replace(&mut self.names[parent as usize].first_child, id);
        self.names.push(Name {
            parent,
            at,
            length,
            live: true,
            inode,
            first_child: NONE,
            next,
        });
        let hash = self.hasher.hash_one((parent, name));
        let Tree {
            index,
            names,
            text,
            hasher,
            ..
        } = self;
        index.insert_unique(hash, id, |id| {
            let n = &names[*id as usize];
            hasher.hash_one((n.parent, &text[n.at as usize..n.at as usize + usize::from(n.length)]))
        });
        Ok(id)
    }

    pub fn add_inode(&mut self, record: Record) -> Outcome<u32> {
        if self.inodes.len() >= NONE as usize - 1 {
            return Err(Failure::limit("the tree has too many entries"));
        }
        self.inodes.push(record);
        Ok(self.inodes.len() as u32 - 1)
    }

    /// Takes a name and all below it away.
    pub fn remove(&mut self, id: u32) {
        let hash = self.hasher.hash_one((self.parent(id), self.name(id)));
        if let Ok(entry) = self.index.find_entry(hash, |other| *other == id) {
            entry.remove();
        }
        self.names[id as usize].live = false;
        self.remove_children(id);
    }

    /// Names below what is gone are not looked up again: their parents' numbers are never reused.
    pub fn remove_children(&mut self, id: u32) {
        let mut todo = self.children(id);
        while let Some(child) = todo.pop() {
            todo.extend(self.children(child));
            let hash = self.hasher.hash_one((self.parent(child), self.name(child)));
            if let Ok(entry) = self.index.find_entry(hash, |other| *other == child) {
                entry.remove();
            }
            self.names[child as usize].live = false;
        }
    }

    /// In no useful order.
    fn children(&self, id: u32) -> Vec<u32> {
        let mut found = Vec::new();
        let mut child = self.names[id as usize].first_child;
        while child != NONE {
            let name = &self.names[child as usize];
            if name.live {
                found.push(child);
            }
            child = name.next;
        }
        found
    }

    pub fn sorted_children(&self, id: u32) -> Vec<u32> {
        let mut found = self.children(id);
        found.sort_unstable_by(|a, b| self.name(*a).cmp(self.name(*b)));
        found
    }

    pub fn is_directory(&self, id: u32) -> bool {
        self.inode(id).is_some_and(|inode| inode.kind == Kind::Directory)
    }

    pub fn store_text(&mut self, bytes: &[u8]) -> Outcome<u32> {
        if self.text.len() + self.xattr_bytes + bytes.len() > MAX_TEXT {
            return Err(Failure::limit(
                "the names and attributes of the archive take more than 1 GiB",
            ));
        }
        let at = self.text.len() as u32;
        self.text.extend_from_slice(bytes);
        Ok(at)
    }

    /// The number of a set of attributes, equal ones having the same.
    pub fn store_xattrs(&mut self, mut set: Vec<Xattr>) -> Outcome<u32> {
        if set.is_empty() {
            return Ok(0);
        }
        set.sort();
        if let Some(number) = self.known_xattrs.get(&set) {
            return Ok(*number);
        }
        // Held twice, as value and as key.
        self.xattr_bytes += 2 * set.iter().map(|(k, v)| k.len() + v.len() + 64).sum::<usize>();
        self.store_text(b"")?;
        self.xattrs.push(set.clone());
        let number = self.xattrs.len() as u32;
        self.known_xattrs.insert(set, number);
        Ok(number)
    }

    pub fn xattrs_of(&self, record: &Record) -> &[Xattr] {
        match record.xattrs {
            0 => &[],
            number => &self.xattrs[number as usize - 1],
        }
    }
}
