//! What an image is made of, as the caller has it.
use std::borrow::Cow;

/// Full name (`user.x`) and value.
pub type Xattr<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

pub struct Inode<'a> {
    /// Type and permissions, as in `st_mode`.
    pub mode: u16,
    pub uid: u32,
    pub gid: u32,
    pub mtime: (i64, u32),
    pub nlink: u32,
    pub body: Body<'a>,
    pub xattrs: Vec<Xattr<'a>>,
}

#[derive(Clone, Copy)]
pub enum Body<'a> {
    Directory,
    /// A regular file whose few bytes are in the image.
    Bytes(&'a [u8]),
    /// A regular file of this size that reads as zeros: overlayfs takes the content from elsewhere.
    Hole(u64),
    Symlink(&'a [u8]),
    /// Major and minor of a character or block device.
    Device(u32, u32),
    /// A FIFO or socket.
    Special,
}

/// Inodes are numbered from 0, the root; they are laid out in that order, so neighbours should have neighbouring numbers.
pub trait Tree {
    fn inodes(&self) -> u32;
    fn inode(&self, id: u32) -> Inode<'_>;
    fn mode(&self, id: u32) -> u16;
    /// Of a directory.
    fn parent(&self, id: u32) -> u32;
    /// Names of a directory in the order of their bytes, without `.` and `..`.
    fn children(&self, id: u32) -> impl Iterator<Item = (&[u8], u32)>;
}
