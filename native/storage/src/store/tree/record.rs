//! One inode of a tree, in memory and as 88 bytes in a file.
use crate::tar;

pub const BYTES: usize = 88;
pub const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    File = 0,
    Directory = 1,
    Symlink = 2,
    CharDevice = 3,
    BlockDevice = 4,
    Fifo = 5,
}

impl Kind {
    pub fn from_byte(byte: u8) -> Option<Kind> {
        use Kind::{BlockDevice, CharDevice, Directory, Fifo, File, Symlink};
        [File, Directory, Symlink, CharDevice, BlockDevice, Fifo]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }

    /// `None` for a hard link, which is no inode of its own.
    pub fn of(kind: tar::Kind) -> Option<Kind> {
        Some(match kind {
            tar::Kind::File => Kind::File,
            tar::Kind::Directory => Kind::Directory,
            tar::Kind::Symlink => Kind::Symlink,
            tar::Kind::CharDevice => Kind::CharDevice,
            tar::Kind::BlockDevice => Kind::BlockDevice,
            tar::Kind::Fifo => Kind::Fifo,
            tar::Kind::HardLink => return None,
        })
    }

    pub fn file_type(self) -> u32 {
        match self {
            Kind::File => libc::S_IFREG,
            Kind::Directory => libc::S_IFDIR,
            Kind::Symlink => libc::S_IFLNK,
            Kind::CharDevice => libc::S_IFCHR,
            Kind::BlockDevice => libc::S_IFBLK,
            Kind::Fifo => libc::S_IFIFO,
        }
    }
}

/// The directory has no entry of its own: what a lower layer says about it holds.
pub const IMPLICIT: u8 = 1;
/// The directory hides what lower layers have in it.
pub const OPAQUE: u8 = 2;
/// The content is in the tree file, at `data`.
pub const INLINE: u8 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    pub kind: Kind,
    pub flags: u8,
    /// Permissions and set-id bits.
    pub mode: u16,
    pub uid: u32,
    pub gid: u32,
    pub mtime: (i64, u32),
    pub size: u64,
    /// sha256 of a file's content; of a directory, of all below it (in a file only).
    pub digest: [u8; 32],
    /// Symlink: place and length of its target. Device: major and minor. Directory: first entry and how many (in a file only).
    pub a: u32,
    pub b: u32,
    /// Inline content's place. Directory: first chunk and how many, 32 bits each (in a file only).
    pub data: u64,
    /// Number of the attributes' set, from 1; 0: none.
    pub xattrs: u32,
    pub nlink: u32,
}

impl Record {
    pub fn directory() -> Self {
        Record {
            kind: Kind::Directory,
            flags: IMPLICIT,
            mode: 0o755,
            uid: 0,
            gid: 0,
            mtime: (0, 0),
            size: 0,
            digest: [0; 32],
            a: 0,
            b: 0,
            data: 0,
            xattrs: 0,
            nlink: 0,
        }
    }

    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub fn append(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.kind as u8, self.flags]);
        out.extend_from_slice(&self.mode.to_le_bytes());
        out.extend_from_slice(&self.uid.to_le_bytes());
        out.extend_from_slice(&self.gid.to_le_bytes());
        out.extend_from_slice(&self.mtime.1.to_le_bytes());
        out.extend_from_slice(&self.mtime.0.to_le_bytes());
        out.extend_from_slice(&self.size.to_le_bytes());
        out.extend_from_slice(&self.digest);
        out.extend_from_slice(&self.a.to_le_bytes());
        out.extend_from_slice(&self.b.to_le_bytes());
        out.extend_from_slice(&self.data.to_le_bytes());
        out.extend_from_slice(&self.xattrs.to_le_bytes());
        out.extend_from_slice(&self.nlink.to_le_bytes());
    }

    pub fn parse(bytes: &[u8; BYTES]) -> Option<Self> {
        let u32_at = |at: usize| u32::from_le_bytes(array(bytes, at));
        Some(Record {
            kind: Kind::from_byte(bytes[0])?,
            flags: bytes[1],
            mode: u16::from_le_bytes(array(bytes, 2)),
            uid: u32_at(4),
            gid: u32_at(8),
            mtime: (i64::from_le_bytes(array(bytes, 16)), u32_at(12)),
            size: u64::from_le_bytes(array(bytes, 24)),
            digest: array(bytes, 32),
            a: u32_at(64),
            b: u32_at(68),
            data: u64::from_le_bytes(array(bytes, 72)),
            xattrs: u32_at(80),
            nlink: u32_at(84),
        })
    }
}

fn array<const N: usize>(bytes: &[u8; BYTES], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_reads_what_append_wrote() {
        let record = Record {
            kind: Kind::BlockDevice,
            mtime: (-5, 7),
            size: 1 << 40,
            digest: [9; 32],
            data: 11,
            nlink: 3,
            ..Record::directory()
        };
        let mut bytes = Vec::new();
        record.append(&mut bytes);
        assert_eq!(Record::parse(&bytes.try_into().unwrap()), Some(record));
        assert_eq!(Record::parse(&[6; BYTES]), None);
    }
}
