//! A stream section: bulk bytes after a frame, in chunks of at most 1 MiB, ended by an empty chunk.

use std::io::{self, Read, Write};

pub const MAX_CHUNK: usize = 1024 * 1024;
const BUFFER: usize = 256 * 1024;

/// Collects small writes into chunks. `finish` writes the end; a writer that is dropped without it tells the
/// receiver, by the missing end, that the sender failed.
pub struct StreamWriter<W: Write> {
    to: W,
    buffer: Vec<u8>,
}

impl<W: Write> StreamWriter<W> {
    pub fn new(to: W) -> Self {
        Self { to, buffer: Vec::new() }
    }

    fn send(&mut self) -> io::Result<()> {
        if self.buffer.len() > 4 {
            let length = (self.buffer.len() - 4) as u32;
            self.buffer[..4].copy_from_slice(&length.to_be_bytes());
            self.to.write_all(&self.buffer)?;
            self.buffer.truncate(4);
        }
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.send()?;
        self.to.write_all(&[0; 4])?;
        Ok(self.to)
    }
}

impl<W: Write> Write for StreamWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.is_empty() {
            self.buffer.reserve_exact(BUFFER);
            self.buffer.extend_from_slice(&[0; 4]);
        }
        let n = bytes.len().min(BUFFER - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..n]);
        if self.buffer.len() == BUFFER {
            self.send()?;
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

/// Reads a stream section as one byte stream; ends at the empty chunk.
pub struct StreamReader<R: Read> {
    from: R,
    left: usize,
    ended: bool,
}

impl<R: Read> StreamReader<R> {
    pub fn new(from: R) -> Self {
        Self {
            from,
            left: 0,
            ended: false,
        }
    }

    /// Whether the end was seen.
    pub fn ended(&self) -> bool {
        self.ended
    }
}

impl<R: Read> Read for StreamReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.ended || into.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            let mut prefix = [0; 4];
            self.from.read_exact(&mut prefix)?;
            self.left = u32::from_be_bytes(prefix) as usize;
            if self.left > MAX_CHUNK {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("a chunk of {} bytes, at most {MAX_CHUNK} are allowed", self.left),
                ));
            }
            if self.left == 0 {
                self.ended = true;
                return Ok(0);
            }
        }
        let n = into.len().min(self.left);
        let n = self.from.read(&mut into[..n])?;
        if n == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the sender ended before the stream's end",
            ));
        }
        self.left -= n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reader_returns_what_the_writer_took_and_leaves_what_follows() {
        let data: Vec<u8> = (0..1_000_000_u32).map(|i| i as u8).collect();
        let mut writer = StreamWriter::new(Vec::new());
        writer.write_all(&data).unwrap();
        let mut wire = writer.finish().unwrap();
        wire.extend_from_slice(b"next");
        let mut rest = &wire[..];
        let mut seen = Vec::new();
        let mut reader = StreamReader::new(&mut rest);
        reader.read_to_end(&mut seen).unwrap();
        assert!(reader.ended());
        assert!(seen == data);
        assert_eq!(rest, b"next");
    }

    #[test]
    fn reader_fails_when_the_end_is_missing() {
        let mut writer = StreamWriter::new(Vec::new());
        writer.write_all(b"abc").unwrap();
        writer.flush().unwrap();
        let wire = writer.to.clone();
        let error = StreamReader::new(&wire[..]).read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn reader_refuses_an_oversized_chunk() {
        let wire = (MAX_CHUNK as u32 + 1).to_be_bytes();
        let error = StreamReader::new(&wire[..]).read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
