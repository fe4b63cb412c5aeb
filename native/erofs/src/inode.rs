//! Extended inodes.
use crate::tree::{Body, Inode};
use crate::{BLOCK, place, xattr};

const EXTENDED: u16 = 1;
const FLAT_PLAIN: u16 = 0 << 1;
const FLAT_INLINE: u16 = 2 << 1;
const CHUNK_BASED: u16 = 4 << 1;
pub const BYTES: usize = 64;
pub const BLOCK_BITS: u32 = BLOCK.trailing_zeros();
/// The chunk size's exponent has five bits above the block's.
const MAX_CHUNK_BITS: u32 = BLOCK_BITS + 31;

/// Where the bytes of a directory, link or small file are: full blocks from `start` on, the rest behind the inode.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Content {
    pub size: u64,
    pub blocks: u64,
    pub start: u32,
    /// Behind the inode, within one block.
    pub tail: u64,
}

impl Content {
    pub fn of(size: u64) -> Self {
        match size % BLOCK {
            tail @ 1..=place::MAX_TAIL => Content {
                size,
                blocks: size / BLOCK,
                start: 0,
                tail,
            },
            _ => Content {
                size,
                blocks: size.div_ceil(BLOCK),
                start: 0,
                tail: 0,
            },
        }
    }
}

/// Chunks of a hole; each takes four bytes behind the attributes.
pub fn chunks(body: &Body) -> u64 {
    match body {
        Body::Hole(size) if *size > 0 => size.div_ceil(1 << chunk_bits(*size)),
        _ => 0,
    }
}

/// One chunk for the whole file where it fits.
fn chunk_bits(size: u64) -> u32 {
    let needed = u64::BITS - (size - 1).leading_zeros();
    needed.clamp(BLOCK_BITS, MAX_CHUNK_BITS)
}

/// Inode, attributes and chunk map; the tail is for the caller to append. `None` when the attributes are too many.
pub fn append(out: &mut Vec<u8>, number: u32, inode: &Inode, content: Content) -> Option<()> {
    let xattr_count = xattr::count(xattr::size(&inode.xattrs))?;
    let (layout, size, union) = match inode.body {
        Body::Directory | Body::Bytes(_) | Body::Symlink(_) => {
            let layout = if content.tail > 0 { FLAT_INLINE } else { FLAT_PLAIN };
            (layout, content.size, content.start)
        }
        Body::Hole(0) | Body::Special => (FLAT_PLAIN, 0, 0),
        Body::Hole(size) => (CHUNK_BASED, size, chunk_bits(size) - BLOCK_BITS),
        Body::Device(major, minor) => (FLAT_PLAIN, 0, minor & 0xff | major << 8 | (minor & !0xff) << 12),
    };
    out.extend_from_slice(&(EXTENDED | layout).to_le_bytes());
    out.extend_from_slice(&xattr_count.to_le_bytes());
    out.extend_from_slice(&inode.mode.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&union.to_le_bytes());
    out.extend_from_slice(&(number + 1).to_le_bytes());
    out.extend_from_slice(&inode.uid.to_le_bytes());
    out.extend_from_slice(&inode.gid.to_le_bytes());
    out.extend_from_slice(&inode.mtime.0.to_le_bytes());
    out.extend_from_slice(&inode.mtime.1.to_le_bytes());
    out.extend_from_slice(&inode.nlink.to_le_bytes());
    out.extend_from_slice(&[0; 16]);
    xattr::append(out, &inode.xattrs);
    out.resize(out.len() + 4 * usize::try_from(chunks(&inode.body)).ok()?, 0xff);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_one_chunk_as_long_as_a_chunk_can_be() {
        for (size, chunks) in [
            (1, 1),
            (4096, 1),
            (4097, 1),
            (1 << 43, 1),
            ((1 << 43) + 1, 2),
            (1 << 50, 128),
        ] {
            assert_eq!(super::chunks(&Body::Hole(size)), chunks, "{size}");
        }
    }
}
