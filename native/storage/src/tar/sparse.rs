//! Maps of sparse members: which stretches of the file the stored bytes are.
use super::BLOCK;
use super::header::Header;
use super::number;
use super::pax::decimal;
use crate::failure::{Failure, Outcome};
use std::io::BufRead;

const MAX_STRETCHES: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub offset: u64,
    pub length: u64,
}

fn bad() -> Failure {
    Failure::corrupt("malformed sparse map")
}

/// Stretches must be in order, apart, inside the file, and as long as the stored data.
pub fn checked(map: Vec<Stretch>, real_size: u64, stored: u64) -> Outcome<Vec<Stretch>> {
    let mut end = 0u64;
    let mut total = 0u64;
    for s in &map {
        let next = s.offset.checked_add(s.length).ok_or_else(bad)?;
        if s.offset < end || next > real_size {
            return Err(bad());
        }
        end = next;
        total = total.checked_add(s.length).ok_or_else(bad)?;
    }
    if total != stored || i64::try_from(real_size).is_err() {
        return Err(bad());
    }
    Ok(map)
}

/// The old GNU format: four stretches in the header, 21 in each block that follows it.
pub fn read_old<R: BufRead>(header: &Header, source: &mut R) -> Outcome<(Vec<Stretch>, u64)> {
    let real_size = u64::try_from(header.field("real size", 483, 495)?).map_err(|_| bad())?;
    let mut map = Vec::new();
    take(&header.0[386..482], &mut map)?;
    let mut more = header.0[482] != 0;
    let mut block = [0u8; BLOCK];
    while more {
        source.read_exact(&mut block).map_err(|e| super::reader::short(&e))?;
        take(&block[..504], &mut map)?;
        more = block[504] != 0;
        if map.len() > MAX_STRETCHES {
            return Err(Failure::limit("sparse map has too many stretches"));
        }
    }
    Ok((map, real_size))
}

fn take(fields: &[u8], map: &mut Vec<Stretch>) -> Outcome<()> {
    for pair in fields.chunks_exact(24) {
        if pair[0] == 0 {
            break;
        }
        let value = |field: &[u8]| number::parse(field).and_then(|n| u64::try_from(n).ok()).ok_or_else(bad);
        map.push(Stretch {
            offset: value(&pair[..12])?,
            length: value(&pair[12..])?,
        });
    }
    Ok(())
}

pub fn from_pairs(numbers: &[u64]) -> Outcome<Vec<Stretch>> {
    if !numbers.len().is_multiple_of(2) {
        return Err(bad());
    }
    Ok(numbers
        .chunks_exact(2)
        .map(|p| Stretch {
            offset: p[0],
            length: p[1],
        })
        .collect())
}

/// PAX format 1.0: the map is text at the head of the data, padded to a block. Also says how many bytes it took.
pub fn read_head<R: BufRead>(source: &mut R, stored: u64) -> Outcome<(Vec<Stretch>, u64)> {
    let mut blocks = Blocks {
        source,
        left: stored,
        block: [0; BLOCK],
        at: BLOCK,
    };
    let count = usize::try_from(blocks.number()?).map_err(|_| bad())?;
    if count > MAX_STRETCHES {
        return Err(Failure::limit("sparse map has too many stretches"));
    }
    let mut map = Vec::new();
    for _ in 0..count {
        map.push(Stretch {
            offset: blocks.number()?,
            length: blocks.number()?,
        });
    }
    let left = blocks.left;
    Ok((map, stored - left))
}

struct Blocks<'a, R> {
    source: &'a mut R,
    left: u64,
    block: [u8; BLOCK],
    at: usize,
}

impl<R: BufRead> Blocks<'_, R> {
    fn number(&mut self) -> Outcome<u64> {
        let mut digits = Vec::with_capacity(20);
        loop {
            if self.at == BLOCK {
                self.left = self.left.checked_sub(BLOCK as u64).ok_or_else(bad)?;
                self.source
                    .read_exact(&mut self.block)
                    .map_err(|e| super::reader::short(&e))?;
                self.at = 0;
            }
            let b = self.block[self.at];
            self.at += 1;
            if b == b'\n' {
                return decimal(&digits).ok_or_else(bad);
            }
            digits.push(b);
            if digits.len() > 20 {
                return Err(bad());
            }
        }
    }
}
