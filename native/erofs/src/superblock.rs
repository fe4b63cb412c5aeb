//! The superblock, at byte 1024 of the first block.

pub const OFFSET: usize = 1024;
pub const BYTES: usize = 128;

const MAGIC: u32 = 0xE0F5_E1E2;
const COMPAT_CHECKSUM: u32 = 1;
const COMPAT_MTIME: u32 = 2;
const INCOMPAT_CHUNKED_FILE: u32 = 4;

pub struct Superblock {
    pub root_nid: u16,
    pub inodes: u64,
    pub blocks: u32,
    pub uuid: [u8; 16],
}

impl Superblock {
    /// Puts it into the image's first block, whose other bytes must be final: the checksum covers them.
    pub fn put(&self, block: &mut [u8]) {
        let mut at = |offset: usize, bytes: &[u8]| {
            block[OFFSET + offset..OFFSET + offset + bytes.len()].copy_from_slice(bytes);
        };
        at(0, &MAGIC.to_le_bytes());
        at(8, &(COMPAT_CHECKSUM | COMPAT_MTIME).to_le_bytes());
        at(12, &[crate::inode::BLOCK_BITS as u8]);
        at(14, &self.root_nid.to_le_bytes());
        at(16, &self.inodes.to_le_bytes());
        at(36, &self.blocks.to_le_bytes());
        at(48, &self.uuid);
        at(80, &INCOMPAT_CHUNKED_FILE.to_le_bytes());
        let sum = crc32c(&block[OFFSET..]);
        block[OFFSET + 4..OFFSET + 8].copy_from_slice(&sum.to_le_bytes());
    }
}

/// Castagnoli's polynomial, without the final inversion, as EROFS has it.
fn crc32c(bytes: &[u8]) -> u32 {
    bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| {
            c >> 1 ^ (0x82f6_3b78 & (c & 1).wrapping_neg())
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn crc32c_is_castagnolis() {
        assert_eq!(!super::crc32c(b"123456789"), 0xe306_9283);
    }
}
