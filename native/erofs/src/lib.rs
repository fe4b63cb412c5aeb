//! Writes EROFS images without file contents: uncompressed, 4 KiB blocks, extended inodes, the same tree always the
//! same bytes. Format: Documentation/filesystems/erofs.rst and fs/erofs/erofs_fs.h of Linux.
mod directory;
mod image;
mod inode;
mod place;
mod superblock;
mod tree;
mod xattr;

pub use image::{Written, write};
pub use tree::{Body, Inode, Tree, Xattr};
pub use xattr::storable;

pub const BLOCK: u64 = 4096;
