//! The order in which a tree is written: a directory's children together, sorted, before what is below them.
use super::arena::{ROOT, Tree};
use super::record::{Kind, NONE};

pub struct Ordered {
    /// Inodes of the tree, in order.
    pub inodes: Vec<u32>,
    /// Each inode's place in `inodes`, `NONE` when nothing names it.
    pub number: Vec<u32>,
    /// Names of the tree, directory by directory.
    pub entries: Vec<u32>,
    /// Of each place in `inodes`: first entry and how many.
    pub ranges: Vec<(u32, u32)>,
    /// Of each place in `inodes` that is a directory: the place of the one above.
    pub parents: Vec<u32>,
    /// Of each place in `inodes`.
    pub links: Vec<u32>,
}

pub fn order(tree: &Tree) -> Ordered {
    let mut o = Ordered {
        inodes: vec![tree.inode_number(ROOT)],
        number: vec![NONE; tree.inodes.len()],
        entries: Vec::new(),
        ranges: vec![(0, 0)],
        parents: vec![0],
        links: vec![2],
    };
    o.number[tree.inode_number(ROOT) as usize] = 0;
    let mut todo = vec![ROOT];
    while let Some(dir) = todo.pop() {
        let children = tree.sorted_children(dir);
        let place = o.number[tree.inode_number(dir) as usize];
        o.ranges[place as usize] = (o.entries.len() as u32, children.len() as u32);
        for child in &children {
            o.entries.push(*child);
            o.take(tree, *child, place);
        }
        todo.extend(children.into_iter().rev().filter(|child| tree.is_directory(*child)));
    }
    o
}

impl Ordered {
    fn take(&mut self, tree: &Tree, name: u32, parent: u32) {
        let Some(record) = tree.inode(name) else { return };
        let number = &mut self.number[tree.inode_number(name) as usize];
        if *number != NONE {
            self.links[*number as usize] += 1;
            return;
        }
        *number = self.inodes.len() as u32;
        self.inodes.push(tree.inode_number(name));
        self.ranges.push((0, 0));
        self.parents.push(parent);
        if record.kind == Kind::Directory {
            self.links.push(2);
            self.links[parent as usize] += 1;
        } else {
            self.links.push(1);
        }
    }
}
