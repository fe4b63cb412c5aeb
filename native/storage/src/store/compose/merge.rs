//! Layers on top of each other, as overlayfs shows them: whiteouts and opaque directories hide what is below, a directory
//! on a directory is merged, anything else replaces.
use crate::failure::Outcome;
use crate::store::tree::arena::{ROOT, Tree};
use crate::store::tree::file::TreeFile;
use crate::store::tree::record::{IMPLICIT, INLINE, Kind, NONE, OPAQUE, Record};

/// Inline contents stay in the layers' files: the upper bits of their place say in which.
const PLACE_BITS: u32 = 48;

pub fn inline_place(record: &Record) -> (usize, u64) {
    (
        (record.data >> PLACE_BITS) as usize,
        record.data & ((1 << PLACE_BITS) - 1),
    )
}

/// Bottom first.
pub fn merge(layers: &[TreeFile], check: &dyn Fn() -> Outcome<()>) -> Outcome<Tree> {
    let mut merged = Merged { tree: Tree::new() };
    for (i, layer) in layers.iter().enumerate() {
        check()?;
        let mut mine = Mine {
            layer,
            index: i,
            inodes: vec![NONE; layer.inodes() as usize],
            xattrs: vec![NONE; layer.xattrs.len()],
        };
        merged.layer(&mut mine, check)?;
    }
    Ok(merged.tree)
}

/// One layer, and what its numbers have become.
struct Mine<'a> {
    layer: &'a TreeFile,
    index: usize,
    inodes: Vec<u32>,
    xattrs: Vec<u32>,
}

struct Merged {
    tree: Tree,
}

impl Merged {
    fn layer(&mut self, mine: &mut Mine, check: &dyn Fn() -> Outcome<()>) -> Outcome<()> {
        let root = mine.layer.inode(0)?;
        self.settle(ROOT, mine, &root)?;
        let mut todo = vec![(ROOT, root)];
        while let Some((to, dir)) = todo.pop() {
            check()?;
            for at in dir.a..dir.a.saturating_add(dir.b) {
                let entry = mine.layer.entry(at)?;
                let there = self.tree.lookup(to, entry.name);
                let Some(number) = entry.inode else {
                    there.into_iter().for_each(|id| self.tree.remove(id));
                    continue;
                };
                let record = mine.layer.inode(number)?;
                if record.kind == Kind::Directory {
                    todo.push((self.directory(to, entry.name, there, mine, &record)?, record));
                    continue;
                }
                there.into_iter().for_each(|id| self.tree.remove(id));
                let inode = self.inode(mine, number, &record)?;
                self.tree.add(to, entry.name, inode)?;
            }
        }
        Ok(())
    }

    fn directory(
        &mut self,
        to: u32,
        name: &[u8],
        there: Option<u32>,
        mine: &mut Mine,
        record: &Record,
    ) -> Outcome<u32> {
        let id = match there {
            Some(id) if self.tree.is_directory(id) => id,
            _ => {
                there.into_iter().for_each(|id| self.tree.remove(id));
                let inode = self.tree.add_inode(Record::directory())?;
                self.tree.add(to, name, inode)?
            }
        };
        self.settle(id, mine, record)?;
        Ok(id)
    }

    fn settle(&mut self, id: u32, mine: &mut Mine, record: &Record) -> Outcome<()> {
        if record.has(OPAQUE) {
            self.tree.remove_children(id);
        }
        // Nobody said anything about it in this layer, unless it hides the one below with its attributes.
        if record.has(IMPLICIT) && !record.has(OPAQUE) {
            return Ok(());
        }
        let mut record = self.translate(mine, record)?;
        record.flags &= !OPAQUE;
        if let Some(place) = self.tree.inode_mut(id) {
            *place = record;
        }
        Ok(())
    }

    fn inode(&mut self, mine: &mut Mine, number: u32, record: &Record) -> Outcome<u32> {
        if let Some(known) = mine.inodes.get(number as usize).filter(|inode| **inode != NONE) {
            return Ok(*known);
        }
        let record = self.translate(mine, record)?;
        let inode = self.tree.add_inode(record)?;
        mine.inodes[number as usize] = inode;
        Ok(inode)
    }

    /// The layer's places become ours.
    fn translate(&mut self, mine: &mut Mine, record: &Record) -> Outcome<Record> {
        let mut record = *record;
        if record.xattrs != 0 {
            let place = record.xattrs as usize - 1;
            if mine.xattrs.get(place).is_none_or(|known| *known == NONE) {
                let set = mine.layer.xattrs_of(&record)?.to_vec();
                mine.xattrs[place] = self.tree.store_xattrs(set)?;
            }
            record.xattrs = mine.xattrs[place];
        }
        match record.kind {
            Kind::Symlink => record.a = self.tree.store_text(mine.layer.target(&record)?)?,
            Kind::Directory => (record.a, record.b, record.data, record.digest) = (0, 0, 0, [0; 32]),
            Kind::File if record.has(INLINE) => {
                mine.layer.inline(&record)?;
                record.data |= (mine.index as u64) << PLACE_BITS;
            }
            _ => {}
        }
        Ok(record)
    }
}
