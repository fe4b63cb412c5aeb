//! The tar format: reading hostile archives, writing deterministic ones.
pub mod header;
pub mod number;
pub mod pax;
pub mod reader;
pub mod sparse;
pub mod writer;

pub const BLOCK: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    Symlink,
    HardLink,
    CharDevice,
    BlockDevice,
    Fifo,
}

/// One member as the archive describes it; names are as stored, not yet judged.
#[derive(Clone, Debug)]
pub struct Entry {
    pub kind: Kind,
    pub path: Vec<u8>,
    pub link: Vec<u8>,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Of the file once unpacked; a sparse one stores less.
    pub size: u64,
    pub mtime: (i64, u32),
    pub device: (u32, u32),
    pub xattrs: Vec<crate::xattr::Xattr>,
}
