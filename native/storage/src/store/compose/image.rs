//! The merged tree as EROFS shows it to overlayfs: files as signs that point to objects, the image's own overlay
//! attributes and whiteouts escaped, so that they mean nothing to the overlay above but something to one inside.
use super::merge::inline_place;
use crate::store::place::{Hash, object_name};
use crate::store::tree::arena::Tree;
use crate::store::tree::file::TreeFile;
use crate::store::tree::order::Ordered;
use crate::store::tree::record::{INLINE, Kind, Record};
use crate::unpack::whiteout::is_overlay_key;
use hbx_erofs::{Body, Inode, Xattr};
use std::borrow::Cow;

pub struct Image<'a> {
    pub tree: &'a Tree,
    pub ordered: &'a Ordered,
    pub layers: &'a [TreeFile],
    /// Of each place in `ordered`: a directory in which the image has whiteouts of its own.
    pub holds_whiteouts: Vec<bool>,
}

fn is_whiteout(record: &Record) -> bool {
    record.kind == Kind::CharDevice && (record.a, record.b) == (0, 0)
}

impl<'a> Image<'a> {
    pub fn new(tree: &'a Tree, ordered: &'a Ordered, layers: &'a [TreeFile]) -> Self {
        let mut holds_whiteouts = vec![false; ordered.inodes.len()];
        for (place, (first, count)) in ordered.ranges.iter().enumerate() {
            let children = &ordered.entries[*first as usize..(first + count) as usize];
            holds_whiteouts[place] = children.iter().any(|child| tree.inode(*child).is_some_and(is_whiteout));
        }
        Image {
            tree,
            ordered,
            layers,
            holds_whiteouts,
        }
    }

    fn record(&self, place: u32) -> &Record {
        &self.tree.inodes[self.ordered.inodes[place as usize] as usize]
    }

    fn xattrs(&self, place: u32, record: &Record) -> Vec<Xattr<'_>> {
        let own = self.tree.xattrs_of(record).iter();
        let mut all: Vec<Xattr> = own
            .map(|(key, value)| (escaped(key), Cow::Borrowed(value.as_slice())))
            .collect();
        let mut sign = |key: &'static [u8], value: Cow<'static, [u8]>| {
            if all.iter().all(|(other, _)| **other != *key) {
                all.push((Cow::Borrowed(key), value));
            }
        };
        // What overlayfs calls "xattr whiteouts", for an overlay that is mounted inside a container.
        if is_whiteout(record) {
            sign(b"trusted.overlay.overlay.whiteout", Cow::Borrowed(b""));
            sign(b"user.overlay.whiteout", Cow::Borrowed(b""));
        } else if self.holds_whiteouts[place as usize] {
            sign(b"trusted.overlay.overlay.opaque", Cow::Borrowed(b"x"));
            sign(b"user.overlay.opaque", Cow::Borrowed(b"x"));
        }
        if is_object(record) {
            sign(b"trusted.overlay.metacopy", Cow::Borrowed(b""));
            sign(b"trusted.overlay.redirect", Cow::Owned(redirect(&record.digest)));
        }
        all
    }
}

fn is_object(record: &Record) -> bool {
    record.kind == Kind::File && record.size > 0 && !record.has(INLINE)
}

fn redirect(hash: &Hash) -> Vec<u8> {
    [b"/", object_name(hash).as_slice()].concat()
}

/// overlayfs takes one `overlay.` away from what it is asked for.
fn escaped(key: &[u8]) -> Cow<'_, [u8]> {
    match key.strip_prefix(b"trusted.overlay.") {
        Some(rest) if is_overlay_key(key) => Cow::Owned([b"trusted.overlay.overlay.", rest].concat()),
        _ => Cow::Borrowed(key),
    }
}

impl hbx_erofs::Tree for Image<'_> {
    fn inodes(&self) -> u32 {
        self.ordered.inodes.len() as u32
    }

    fn inode(&self, place: u32) -> Inode<'_> {
        let record = self.record(place);
        let body = match record.kind {
            Kind::Directory => Body::Directory,
            Kind::Symlink => Body::Symlink(&self.tree.text[record.a as usize..][..record.b as usize]),
            Kind::File if record.has(INLINE) => Body::Bytes(self.inline(record)),
            Kind::File => Body::Hole(record.size),
            Kind::CharDevice if is_whiteout(record) => Body::Hole(0),
            Kind::CharDevice | Kind::BlockDevice => Body::Device(record.a, record.b),
            Kind::Fifo => Body::Special,
        };
        Inode {
            mode: self.mode(place),
            uid: record.uid,
            gid: record.gid,
            mtime: record.mtime,
            nlink: self.ordered.links[place as usize],
            body,
            xattrs: self.xattrs(place, record),
        }
    }

    fn mode(&self, place: u32) -> u16 {
        let record = self.record(place);
        let kind = if is_whiteout(record) { Kind::File } else { record.kind };
        kind.file_type() as u16 | record.mode
    }

    fn parent(&self, place: u32) -> u32 {
        self.ordered.parents[place as usize]
    }

    fn children(&self, place: u32) -> impl Iterator<Item = (&[u8], u32)> {
        let (first, count) = self.ordered.ranges[place as usize];
        self.ordered.entries[first as usize..(first + count) as usize]
            .iter()
            .map(|id| {
                let inode = self.tree.inode_number(*id);
                (self.tree.name(*id), self.ordered.number[inode as usize])
            })
    }
}

impl Image<'_> {
    /// Checked when the layers were merged.
    fn inline(&self, record: &Record) -> &[u8] {
        let (layer, data) = inline_place(record);
        let place = Record { data, ..*record };
        self.layers
            .get(layer)
            .and_then(|l| l.inline(&place).ok())
            .unwrap_or_default()
    }
}
