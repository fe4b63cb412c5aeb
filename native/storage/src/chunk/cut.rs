//! Where chunks end: FastCDC as its paper of 2020 has it ("The Design of Fast Content-Defined Chunking for Data Deduplication Based
//! Storage Systems", Xia et al., TPDS 2020): its gear table, its masks, normalised chunking of level 1, two bytes at a time. Both
//! sides of a wire must cut alike: these numbers are part of the format.
use crate::failure::{During, Outcome};
use crate::stream::digest::read_full;
use fastcdc::v2020::FastCDC;
use std::io::Read;

pub const MIN: usize = 16 << 10;
pub const AVERAGE: usize = 64 << 10;
pub const MAX: usize = 256 << 10;
/// Read at once: a chunk is searched in what is there, so it has to be some times the largest one.
const BUFFER: usize = 4 << 20;

pub struct Chunks<R> {
    source: R,
    buffer: Vec<u8>,
    /// What of the buffer holds bytes that were not handed out.
    at: usize,
    filled: usize,
    ended: bool,
    /// Lengths of the chunks that were found and not handed out, last first.
    found: Vec<u32>,
}

impl<R: Read> Chunks<R> {
    pub fn new(source: R) -> Self {
        Chunks {
            source,
            buffer: vec![0; BUFFER],
            at: 0,
            filled: 0,
            ended: false,
            found: Vec::new(),
        }
    }

    pub fn into_source(self) -> R {
        self.source
    }

    pub fn next_chunk(&mut self) -> Outcome<Option<&[u8]>> {
        if self.found.is_empty() {
            self.refill()?;
        }
        let Some(length) = self.found.pop() else {
            return Ok(None);
        };
        let chunk = self.at..self.at + length as usize;
        self.at = chunk.end;
        Ok(Some(&self.buffer[chunk]))
    }

    fn refill(&mut self) -> Outcome<()> {
        self.buffer.copy_within(self.at..self.filled, 0);
        (self.at, self.filled) = (0, self.filled - self.at);
        if !self.ended {
            let wanted = self.buffer.len() - self.filled;
            let read = read_full(&mut self.source, &mut self.buffer[self.filled..]).during("read")?;
            self.filled += read;
            self.ended = read < wanted;
        }
        let cutter = FastCDC::new(&self.buffer[..self.filled], MIN as u32, AVERAGE as u32, MAX as u32);
        let mut start = 0;
        // A chunk is final where the largest possible one would have fitted, or nothing follows.
        while start < self.filled && (self.ended || self.filled - start >= MAX) {
            let (_, end) = cutter.cut(start, self.filled - start);
            self.found.push((end - start) as u32);
            start = end;
        }
        self.found.reverse();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fastcdc::v2020::FastCDC;

    fn noise(length: usize, mut seed: u64) -> Vec<u8> {
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        (0..length.div_ceil(8))
            .flat_map(|_| next().to_le_bytes())
            .take(length)
            .collect()
    }

    fn lengths(data: &[u8]) -> Vec<usize> {
        let mut chunks = Chunks::new(data);
        std::iter::from_fn(|| chunks.next_chunk().unwrap().map(<[u8]>::len)).collect()
    }

    #[test]
    fn a_stream_is_cut_as_the_whole_would_be() {
        for size in [
            0,
            1,
            MIN,
            MIN + 1,
            MAX,
            BUFFER - 1,
            BUFFER,
            BUFFER + 1,
            3 * BUFFER + 12_345,
        ] {
            let data = noise(size, 42);
            let whole: Vec<_> = FastCDC::new(&data, MIN as u32, AVERAGE as u32, MAX as u32)
                .map(|c| c.length)
                .collect();
            assert_eq!(lengths(&data), whole, "{size} bytes");
        }
        assert!(lengths(&vec![0; 3 * MAX]).iter().all(|length| *length <= MAX));
    }

    #[test]
    fn chunks_have_the_sizes_that_were_asked_for() {
        let all = lengths(&noise(32 << 20, 7));
        let average = (32 << 20) / all.len();
        assert!((AVERAGE / 2..AVERAGE * 2).contains(&average), "{average}");
        assert!(all[..all.len() - 1].iter().all(|length| (MIN..=MAX).contains(length)));
    }

    #[test]
    fn an_insertion_changes_few_chunks() {
        let before = noise(8 << 20, 3);
        let mut after = before.clone();
        after.splice(4 << 20..4 << 20, *b"something new");
        let cut = |data: &[u8]| {
            let mut chunks = Chunks::new(data);
            let mut all = std::collections::HashSet::new();
            while let Some(chunk) = chunks.next_chunk().unwrap() {
                all.insert(chunk.to_vec());
            }
            all
        };
        let (old, new) = (cut(&before), cut(&after));
        assert!(new.difference(&old).count() <= 3, "{}", new.difference(&old).count());
    }
}
