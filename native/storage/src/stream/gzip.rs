//! gzip on two threads: blocks of fixed size are compressed apart and joined, so the bytes never depend on timing.
use crate::failure::Failure;
use flate2::{Compress, Compression, Crc, FlushCompress};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::spawn;

const BLOCK: usize = 512 << 10;
const WORKERS: usize = 2;
const LEVEL: u32 = 4;

struct Work {
    data: Vec<u8>,
    done: SyncSender<Packed>,
}

struct Packed {
    deflated: Vec<u8>,
    crc: Crc,
}

pub struct Gzip<W: Write> {
    to: W,
    workers: Vec<SyncSender<Work>>,
    waiting: VecDeque<Receiver<Packed>>,
    block: Vec<u8>,
    next: usize,
    crc: Crc,
}

impl<W: Write> Gzip<W> {
    pub fn new(mut to: W) -> io::Result<Self> {
        to.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])?;
        let workers = (0..WORKERS).map(|_| {
            let (send, receive) = sync_channel::<Work>(2);
            spawn(move || {
                for work in receive {
                    let _ = work.done.send(pack(&work.data));
                }
            });
            send
        });
        Ok(Gzip {
            to,
            workers: workers.collect(),
            waiting: VecDeque::new(),
            block: Vec::with_capacity(BLOCK),
            next: 0,
            crc: Crc::new(),
        })
    }

    fn submit(&mut self) -> io::Result<()> {
        let (done, result) = sync_channel(1);
        let data = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
        self.workers[self.next % WORKERS]
            .send(Work { data, done })
            .map_err(|_| gone())?;
        self.next += 1;
        self.waiting.push_back(result);
        if self.waiting.len() > 2 * WORKERS {
            self.take()
        } else {
            Ok(())
        }
    }

    fn take(&mut self) -> io::Result<()> {
        if let Some(result) = self.waiting.pop_front() {
            let packed = result.recv().map_err(|_| gone())?;
            self.crc.combine(&packed.crc);
            self.to.write_all(&packed.deflated)?;
        }
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<W> {
        if !self.block.is_empty() {
            self.submit()?;
        }
        while !self.waiting.is_empty() {
            self.take()?;
        }
        // An empty final block, then checksum and length.
        self.to.write_all(&[3, 0])?;
        self.to.write_all(&self.crc.sum().to_le_bytes())?;
        self.to.write_all(&self.crc.amount().to_le_bytes())?;
        Ok(self.to)
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let n = data.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&data[..n]);
        if self.block.len() == BLOCK {
            self.submit()?;
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gone() -> io::Error {
    Failure::new("compress", libc::EIO).into()
}

fn pack(data: &[u8]) -> Packed {
    let mut crc = Crc::new();
    crc.update(data);
    let mut compress = Compress::new(Compression::new(LEVEL), false);
    let mut deflated = Vec::with_capacity(data.len() / 2 + 4096);
    loop {
        let from = compress.total_in() as usize;
        let _ = compress.compress_vec(&data[from..], &mut deflated, FlushCompress::Sync);
        if compress.total_in() as usize == data.len() && deflated.len() < deflated.capacity() {
            return Packed { deflated, crc };
        }
        deflated.reserve(data.len() / 2 + 4096);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn gzip_is_read_back_and_always_the_same() {
        let data: Vec<u8> = (0..3_000_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
        let packed = |data: &[u8]| {
            let mut gzip = Gzip::new(Vec::new()).unwrap();
            gzip.write_all(data).unwrap();
            gzip.finish().unwrap()
        };
        for part in [&data[..], &data[..BLOCK], &data[..1], &[]] {
            let once = packed(part);
            assert!(once == packed(part));
            let mut back = Vec::new();
            flate2::read::GzDecoder::new(&once[..]).read_to_end(&mut back).unwrap();
            assert!(back == part);
        }
    }
}
