//! One 512-byte header block, checked and split into fields.
use super::{BLOCK, number};
use crate::failure::{Failure, Outcome};

pub struct Header<'a>(pub &'a [u8; BLOCK]);

impl Header<'_> {
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|b| *b == 0)
    }

    /// Old archives summed signed bytes; both are taken.
    pub fn verify(&self) -> Outcome<()> {
        let stored = number::parse(&self.0[148..156]);
        let (mut unsigned, mut signed) = (8 * 32i64, 8 * 32i64);
        for b in self.0[..148].iter().chain(&self.0[156..]) {
            unsigned += i64::from(*b);
            signed += i64::from(b.cast_signed());
        }
        if stored == Some(unsigned) || stored == Some(signed) {
            return Ok(());
        }
        Err(Failure::corrupt("tar header checksum does not match"))
    }

    pub fn kind(&self) -> u8 {
        self.0[156]
    }

    pub fn name(&self) -> Vec<u8> {
        let name = cut(&self.0[..100]);
        let prefix = cut(&self.0[345..500]);
        if &self.0[257..263] != b"ustar\0" || prefix.is_empty() {
            return name.to_vec();
        }
        [prefix, b"/", name].concat()
    }

    pub fn link(&self) -> &[u8] {
        cut(&self.0[157..257])
    }

    pub fn field(&self, what: &str, from: usize, to: usize) -> Outcome<i64> {
        number::parse(&self.0[from..to])
            .ok_or_else(|| Failure::corrupt(format!("tar header has an invalid {what}")).at(&self.name()))
    }

    pub fn id(&self, what: &str, from: usize, to: usize) -> Outcome<u32> {
        u32::try_from(self.field(what, from, to)?)
            .map_err(|_| Failure::corrupt(format!("tar header has an invalid {what}")).at(&self.name()))
    }

    pub fn size(&self) -> Outcome<u64> {
        u64::try_from(self.field("size", 124, 136)?)
            .map_err(|_| Failure::corrupt("tar header has a negative size").at(&self.name()))
    }
}

fn cut(field: &[u8]) -> &[u8] {
    &field[..field.iter().position(|b| *b == 0).unwrap_or(field.len())]
}
