//! A Bloom filter: tells most times without a look at the disk that a chunk is not there. What it lets pass, the index decides.
use crate::store::place::Hash;

/// Ten bits an entry and seven probes let one in a hundred and twenty pass by mistake.
const BITS_PER_ENTRY: usize = 10;
const PROBES: u64 = 7;

pub struct Bloom {
    words: Vec<u64>,
}

impl Bloom {
    pub fn for_entries(count: usize) -> Bloom {
        Bloom {
            words: vec![0; (count * BITS_PER_ENTRY).div_ceil(64).max(1)],
        }
    }

    /// Null where the length is none that `bytes` writes.
    pub fn parse(bytes: &[u8]) -> Option<Bloom> {
        let (words, rest) = bytes.as_chunks::<8>();
        (!words.is_empty() && rest.is_empty()).then(|| Bloom {
            words: words.iter().map(|word| u64::from_le_bytes(*word)).collect(),
        })
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    pub fn insert(&mut self, hash: &Hash) {
        for bit in probes(hash, self.words.len() as u64 * 64) {
            self.words[(bit / 64) as usize] |= 1 << (bit % 64);
        }
    }

    pub fn may_have(&self, hash: &Hash) -> bool {
        probes(hash, self.words.len() as u64 * 64).all(|bit| self.words[(bit / 64) as usize] >> (bit % 64) & 1 == 1)
    }
}

/// A digest's bytes are as good as random: two words of it make all probes (Kirsch and Mitzenmacher, 2006).
fn probes(hash: &Hash, bits: u64) -> impl Iterator<Item = u64> {
    let word = |at: usize| {
        hash[at..at + 8]
            .iter()
            .fold(0u64, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let (first, step) = (word(0), word(8) | 1);
    (0..PROBES).map(move |probe| first.wrapping_add(step.wrapping_mul(probe)) % bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn may_have_knows_all_that_was_inserted_and_hardly_anything_else() {
        let hash = |n: u32| -> Hash { Sha256::digest(n.to_be_bytes()).into() };
        let mut bloom = Bloom::for_entries(10_000);
        (0..10_000).for_each(|n| bloom.insert(&hash(n)));
        let bloom = Bloom::parse(&bloom.bytes()).unwrap();
        assert!((0..10_000).all(|n| bloom.may_have(&hash(n))));
        let mistakes = (10_000..60_000).filter(|n| bloom.may_have(&hash(*n))).count();
        assert!(mistakes < 1_000, "{mistakes} of 50000");
        assert!(Bloom::parse(b"").is_none() && Bloom::parse(b"123").is_none());
    }
}
