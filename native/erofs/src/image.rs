//! Two passes over the tree: where everything goes, then the bytes in that order.
use crate::directory::{self, Entry};
use crate::inode::{self, Content};
use crate::place::{Places, SLOT};
use crate::superblock::{self, Superblock};
use crate::tree::{Body, Tree};
use crate::{BLOCK, xattr};
use std::io::{self, Write};

pub struct Written {
    pub size: u64,
}

struct Layout {
    offsets: Vec<u64>,
    contents: Vec<Content>,
    /// Of the whole image.
    blocks: u64,
}

/// Writes the image of `tree` from its first byte to its last.
pub fn write<T: Tree>(tree: &T, uuid: [u8; 16], out: &mut impl Write) -> io::Result<Written> {
    let layout = lay_out(tree)?;
    let blocks = u32::try_from(layout.blocks).map_err(|_| too_large("the image"))?;
    let superblock = Superblock {
        root_nid: (layout.offsets[0] / SLOT) as u16,
        inodes: u64::from(tree.inodes()),
        blocks,
        uuid,
    };
    let mut sink = Sink {
        out,
        first: Some(superblock),
        block: Vec::with_capacity(2 * BLOCK as usize),
        at: 0,
    };
    sink.zeros_to((superblock::OFFSET + superblock::BYTES) as u64)?;
    metadata(tree, &layout, &mut sink)?;
    for id in 0..tree.inodes() {
        let content = layout.contents[id as usize];
        if content.blocks > 0 {
            sink.zeros_to(u64::from(content.start) * BLOCK)?;
            let bytes = bytes_of(tree, id, &layout);
            sink.put(&bytes[..bytes.len() - content.tail as usize])?;
        }
    }
    sink.zeros_to(layout.blocks * BLOCK)?;
    sink.finish()?;
    Ok(Written {
        size: layout.blocks * BLOCK,
    })
}

fn too_large(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("{what} is larger than EROFS allows"),
    )
}

fn lay_out<T: Tree>(tree: &T) -> io::Result<Layout> {
    let n = tree.inodes() as usize;
    let (mut offsets, mut contents) = (Vec::with_capacity(n), Vec::with_capacity(n));
    let mut places = Places::new((superblock::OFFSET + superblock::BYTES) as u64);
    for id in 0..tree.inodes() {
        let inode = tree.inode(id);
        let xattrs = xattr::size(&inode.xattrs);
        xattr::count(xattrs).ok_or_else(|| too_large("the attributes of a file"))?;
        let content = Content::of(match inode.body {
            Body::Directory => directory::size(entries(tree, id).iter().map(|e| e.name)),
            Body::Bytes(bytes) | Body::Symlink(bytes) => bytes.len() as u64,
            _ => 0,
        });
        let fixed = inode::BYTES as u64 + xattrs as u64 + 4 * inode::chunks(&inode.body);
        offsets.push(places.take(fixed, content.tail));
        contents.push(content);
    }
    let mut blocks = places.end().div_ceil(BLOCK);
    for content in contents.iter_mut().filter(|content| content.blocks > 0) {
        content.start = u32::try_from(blocks).map_err(|_| too_large("the image"))?;
        blocks += content.blocks;
    }
    Ok(Layout {
        offsets,
        contents,
        blocks,
    })
}

fn metadata<T: Tree, W: Write>(tree: &T, layout: &Layout, sink: &mut Sink<W>) -> io::Result<()> {
    let mut order: Vec<u32> = (0..tree.inodes()).collect();
    order.sort_unstable_by_key(|id| layout.offsets[*id as usize]);
    let mut buffer = Vec::new();
    for id in order {
        let content = layout.contents[id as usize];
        buffer.clear();
        inode::append(&mut buffer, id, &tree.inode(id), content)
            .ok_or_else(|| too_large("the attributes of a file"))?;
        sink.zeros_to(layout.offsets[id as usize])?;
        sink.put(&buffer)?;
        if content.tail > 0 {
            let bytes = bytes_of(tree, id, layout);
            sink.put(&bytes[bytes.len() - content.tail as usize..])?;
        }
    }
    Ok(())
}

fn entries<T: Tree>(tree: &T, id: u32) -> Vec<Entry<'_>> {
    let entry = |name, inode| Entry {
        name,
        inode,
        mode: tree.mode(inode),
    };
    let children = tree.children(id).map(|(name, inode)| entry(name, inode));
    directory::sorted(&entry(b"", id), &entry(b"", tree.parent(id)), children)
}

fn bytes_of<T: Tree>(tree: &T, id: u32, layout: &Layout) -> Vec<u8> {
    match tree.inode(id).body {
        Body::Directory => directory::bytes(&entries(tree, id), |inode| layout.offsets[inode as usize] / SLOT),
        Body::Bytes(bytes) | Body::Symlink(bytes) => bytes.to_vec(),
        _ => Vec::new(),
    }
}

/// Keeps the first block back until it is whole, for the superblock.
struct Sink<'a, W: Write> {
    out: &'a mut W,
    first: Option<Superblock>,
    block: Vec<u8>,
    at: u64,
}

impl<W: Write> Sink<'_, W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        if self.first.is_none() {
            return self.out.write_all(bytes);
        }
        self.block.extend_from_slice(bytes);
        if self.block.len() >= BLOCK as usize {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(superblock) = self.first.take() {
            superblock.put(&mut self.block[..BLOCK as usize]);
            self.out.write_all(&self.block)?;
            self.block = Vec::new();
        }
        Ok(())
    }

    fn zeros_to(&mut self, offset: u64) -> io::Result<()> {
        const ZEROS: [u8; BLOCK as usize] = [0; BLOCK as usize];
        while self.at < offset {
            let n = (offset - self.at).min(BLOCK) as usize;
            self.put(&ZEROS[..n])?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        self.out.flush()
    }
}
