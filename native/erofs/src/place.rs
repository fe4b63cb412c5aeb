//! Where inodes go: 32-byte slots one after the other, where a tail may not cross a block. What that leaves free is
//! filled with the next inodes that have no tail.
use crate::BLOCK;

pub const SLOT: u64 = 32;
/// As the slots that inodes begin at need not meet a block's beginning.
pub const MAX_TAIL: u64 = BLOCK - SLOT;
const GAPS: usize = 16;

pub struct Places {
    cursor: u64,
    gaps: Vec<(u64, u64)>,
}

impl Places {
    pub fn new(first: u64) -> Self {
        Places {
            cursor: first,
            gaps: Vec::new(),
        }
    }

    /// An offset for `fixed` bytes that may lie anywhere, followed by `tail` bytes (at most `MAX_TAIL`) within one block.
    pub fn take(&mut self, fixed: u64, tail: u64) -> u64 {
        if tail == 0 {
            let fits = |(from, to): &(u64, u64)| to - from >= fixed;
            if let Some(i) = self.gaps.iter().position(fits) {
                let at = self.gaps[i].0;
                self.gaps[i].0 = (at + fixed).next_multiple_of(SLOT).min(self.gaps[i].1);
                if self.gaps[i].1 - self.gaps[i].0 < SLOT {
                    self.gaps.remove(i);
                }
                return at;
            }
        }
        let mut at = self.cursor;
        let start = at + fixed;
        if tail > 0 && start / BLOCK != (start + tail - 1) / BLOCK {
            at = (start.next_multiple_of(BLOCK) - fixed).next_multiple_of(SLOT);
            self.gap(self.cursor, at);
        }
        self.cursor = (at + fixed + tail).next_multiple_of(SLOT);
        at
    }

    fn gap(&mut self, from: u64, to: u64) {
        if to - from >= 2 * SLOT {
            if self.gaps.len() == GAPS {
                self.gaps.remove(0);
            }
            self.gaps.push((from, to));
        }
    }

    pub fn end(&self) -> u64 {
        self.cursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_stay_within_a_block_and_nothing_overlaps() {
        let (mut places, mut seed, mut taken) = (Places::new(1152), 7u64, Vec::new());
        for _ in 0..3000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let fixed = 64 + (seed >> 40) % 300 / 4 * 4;
            let tail = [0, 0, (seed >> 20) % 100, (seed >> 20) % (MAX_TAIL + 1)][(seed >> 60) as usize % 4];
            let at = places.take(fixed, tail);
            assert_eq!(at % SLOT, 0);
            assert!(tail == 0 || (at + fixed) / BLOCK == (at + fixed + tail - 1) / BLOCK);
            taken.push((at, at + fixed + tail));
        }
        taken.sort_unstable();
        assert!(taken[0].0 >= 1152);
        assert!(taken.windows(2).all(|w| w[0].1 <= w[1].0));
        assert!(taken.iter().all(|t| t.1 <= places.end()));
    }
}
