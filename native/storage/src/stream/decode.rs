//! Which compression a stream has, and its bytes without it.
use super::digest::{HashingReader, read_full};
use crate::failure::{Failure, Outcome};
use std::io::{self, BufRead, Read};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Plain,
    Gzip,
    Zstd,
}

pub fn detect(head: &[u8]) -> Outcome<Format> {
    match head {
        [0x1f, 0x8b, ..] => Ok(Format::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Ok(Format::Zstd),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => Err(unsupported("bzip2")),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Err(unsupported("xz")),
        _ => Ok(Format::Plain),
    }
}

fn unsupported(name: &str) -> Failure {
    Failure::new("format", libc::EOPNOTSUPP)
        .saying(format!("{name} compression is not supported; use gzip, zstd or none"))
}

pub enum Decoder<R: Read> {
    Plain(HashingReader<R>),
    Gzip(Box<flate2::bufread::MultiGzDecoder<HashingReader<R>>>),
    Zstd(zstd::Decoder<'static, HashingReader<R>>),
}

impl<R: Read> Decoder<R> {
    pub fn new(source: R) -> Outcome<Self> {
        let mut source = HashingReader::new(source);
        let head = source.fill_buf().map_err(|e| Failure::io("read", &e))?;
        Ok(match detect(head)? {
            Format::Plain => Decoder::Plain(source),
            Format::Gzip => Decoder::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(source))),
            Format::Zstd => Decoder::Zstd(zstd::Decoder::with_buffer(source).map_err(|e| Failure::io("read", &e))?),
        })
    }

    pub fn source(&self) -> &HashingReader<R> {
        match self {
            Decoder::Plain(s) => s,
            Decoder::Gzip(d) => d.get_ref(),
            Decoder::Zstd(d) => d.get_ref(),
        }
    }

    pub fn into_source(self) -> HashingReader<R> {
        match self {
            Decoder::Plain(s) => s,
            Decoder::Gzip(d) => d.into_inner(),
            Decoder::Zstd(d) => d.finish(),
        }
    }

    /// Fills `out` as far as the stream goes.
    pub fn fill(&mut self, out: &mut [u8]) -> Outcome<usize> {
        let (name, result) = match self {
            Decoder::Plain(s) => ("tar", read_full(s, out)),
            Decoder::Gzip(d) => ("gzip", read_full(d.as_mut(), out)),
            Decoder::Zstd(d) => ("zstd", read_full(d, out)),
        };
        result.map_err(|e| broken(name, &e))
    }
}

fn broken(name: &str, error: &io::Error) -> Failure {
    if error.raw_os_error().is_some() || error.get_ref().is_some_and(|e| e.is::<Failure>()) {
        return Failure::io("read", error);
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Failure::corrupt(format!("the {name} stream ends too early")),
        _ => Failure::corrupt(format!("the {name} stream is damaged: {error}")),
    }
}
