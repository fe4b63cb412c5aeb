//! The way out of a packed tree: hashed, compressed, hashed again, written.
use super::digest::Hasher;
use super::gzip::Gzip;
use super::pipeline::Totals;
use std::io::{self, Write};

#[derive(serde::Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "camelCase")]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

pub struct HashingWriter<W: Write> {
    to: W,
    hasher: Hasher,
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.to.write_all(data)?;
        self.hasher.update(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

enum Encoder<W: Write> {
    None(W),
    Gzip(Box<Gzip<HashingWriter<W>>>),
    Zstd(Box<zstd::Encoder<'static, HashingWriter<W>>>),
}

pub struct Packer<W: Write> {
    encoder: Encoder<W>,
    hasher: Hasher,
}

impl<W: Write> Packer<W> {
    pub fn new(to: W, compression: Compression) -> io::Result<Self> {
        let hashing = |to| HashingWriter {
            to,
            hasher: Hasher::default(),
        };
        let encoder = match compression {
            Compression::None => Encoder::None(to),
            Compression::Gzip => Encoder::Gzip(Box::new(Gzip::new(hashing(to))?)),
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(hashing(to), 3)?;
                encoder.multithread(2)?;
                encoder.include_checksum(true)?;
                Encoder::Zstd(Box::new(encoder))
            }
        };
        Ok(Packer {
            encoder,
            hasher: Hasher::default(),
        })
    }

    pub fn finish(self) -> io::Result<(W, Totals)> {
        let bytes = self.hasher.bytes;
        let diff_id = self.hasher.finish();
        let done = |writer: HashingWriter<W>, diff_id| {
            let compressed = writer.hasher.bytes;
            (
                writer.to,
                Totals {
                    digest: writer.hasher.finish(),
                    diff_id,
                    bytes,
                    compressed,
                },
            )
        };
        Ok(match self.encoder {
            Encoder::None(to) => (
                to,
                Totals {
                    digest: diff_id.clone(),
                    diff_id,
                    bytes,
                    compressed: bytes,
                },
            ),
            Encoder::Gzip(gzip) => done(gzip.finish()?, diff_id),
            Encoder::Zstd(zstd) => done(zstd.finish()?, diff_id),
        })
    }
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match &mut self.encoder {
            Encoder::None(to) => to.write_all(data)?,
            Encoder::Gzip(gzip) => gzip.write_all(data)?,
            Encoder::Zstd(zstd) => zstd.write_all(data)?,
        }
        self.hasher.update(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
