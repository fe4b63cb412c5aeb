//! Writes down what the archive's reader takes from its source, but for the contents that become objects.
use crate::failure::{Failure, Outcome};
use crate::store::recipe::Writer;
use std::fs::File;
use std::io::{self, BufRead, Read};

pub struct Tee<R> {
    pub source: R,
    pub recipe: Writer<File>,
    pub muted: bool,
    /// Why the recipe could not be written on.
    pub failed: Option<Failure>,
}

impl<R: BufRead> Tee<R> {
    pub fn check(&mut self) -> Outcome<()> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn note(&mut self, n: usize) -> io::Result<()> {
        if self.muted || n == 0 || self.failed.is_some() {
            return Ok(());
        }
        let bytes = self.source.fill_buf()?;
        self.recipe.raw(&bytes[..n])
    }
}

impl<R: BufRead> BufRead for Tee<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        if let Err(error) = self.note(n) {
            self.failed = Some(Failure::io("write", &error).at(b"recipe"));
        }
        self.source.consume(n);
    }
}

impl<R: BufRead> Read for Tee<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let have = self.fill_buf()?;
        let n = have.len().min(out.len());
        out[..n].copy_from_slice(&have[..n]);
        self.consume(n);
        Ok(n)
    }
}
