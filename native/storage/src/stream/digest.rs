//! sha256 of bytes while they pass.
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, Read};

#[derive(Default)]
pub struct Hasher {
    sha: Sha256,
    pub bytes: u64,
}

impl Hasher {
    pub fn update(&mut self, data: &[u8]) {
        self.sha.update(data);
        self.bytes += data.len() as u64;
    }

    pub fn finish(self) -> String {
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for b in self.sha.finalize() {
            text.push(char::from_digit(u32::from(b >> 4), 16).unwrap_or('0'));
            text.push(char::from_digit(u32::from(b & 15), 16).unwrap_or('0'));
        }
        text
    }
}

/// A buffered reader that hashes whatever it takes from its source.
pub struct HashingReader<R> {
    source: R,
    pub hasher: Hasher,
    pub bytes: u64,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
}

impl<R: Read> HashingReader<R> {
    pub fn new(source: R) -> Self {
        HashingReader {
            source,
            hasher: Hasher::default(),
            bytes: 0,
            buffer: vec![0; 256 << 10],
            at: 0,
            end: 0,
        }
    }
}

impl<R: Read> BufRead for HashingReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.end {
            self.at = 0;
            self.end = read_full(&mut self.source, &mut self.buffer)?;
            self.bytes += self.end as u64;
            self.hasher.update(&self.buffer[..self.end]);
        }
        Ok(&self.buffer[self.at..self.end])
    }

    fn consume(&mut self, n: usize) {
        self.at += n;
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.end && out.len() >= self.buffer.len() / 2 {
            let n = read_full(&mut self.source, out)?;
            self.bytes += n as u64;
            self.hasher.update(&out[..n]);
            return Ok(n);
        }
        let have = self.fill_buf()?;
        let n = have.len().min(out.len());
        out[..n].copy_from_slice(&have[..n]);
        self.consume(n);
        Ok(n)
    }
}

/// Reads until `out` is full or the source ends.
pub fn read_full<R: Read + ?Sized>(source: &mut R, out: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < out.len() {
        match source.read(&mut out[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(n)
}
