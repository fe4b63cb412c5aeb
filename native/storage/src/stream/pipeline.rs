//! An archive on three threads: read and decompress, hash, use. Chunks go round in a fixed number of buffers.
use super::decode::Decoder;
use super::digest::Hasher;
use crate::failure::{Failure, Outcome};
use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{JoinHandle, spawn};

const CHUNK: usize = 256 << 10;
const CHUNKS: usize = 8;
/// Below this much output a ratio says nothing.
const RATIO_FLOOR: u64 = 16 << 20;

#[derive(Clone, Copy)]
pub struct Limits {
    pub max_bytes: u64,
    pub max_ratio: u64,
}

/// What went through, known once all of it has.
#[derive(Debug, Clone)]
pub struct Totals {
    pub digest: String,
    pub diff_id: String,
    pub bytes: u64,
    pub compressed: u64,
}

type Chunk = Outcome<Vec<u8>>;

pub struct Pipeline {
    incoming: Receiver<Chunk>,
    used: Sender<Vec<u8>>,
    current: Vec<u8>,
    at: usize,
    ended: bool,
    decode: JoinHandle<Option<(Hashed, u64)>>,
    hash: JoinHandle<Hasher>,
}

impl Pipeline {
    pub fn start(source: Box<dyn Read + Send>, limits: Limits) -> Pipeline {
        let (to_hash, from_decode) = sync_channel::<Chunk>(CHUNKS);
        let (to_user, incoming) = sync_channel::<Chunk>(CHUNKS);
        let (used, free) = channel();
        for _ in 0..CHUNKS {
            let _ = used.send(Vec::new());
        }
        let past_hash = to_user.clone();
        let decode = spawn(move || decode(source, limits, &free, to_hash, past_hash));
        let hash = spawn(move || {
            let mut hasher = Hasher::default();
            for chunk in from_decode {
                if let Ok(data) = &chunk {
                    hasher.update(data);
                }
                if to_user.send(chunk).is_err() {
                    break;
                }
            }
            hasher
        });
        Pipeline {
            incoming,
            used,
            current: Vec::new(),
            at: 0,
            ended: false,
            decode,
            hash,
        }
    }

    /// To be called at the end of the stream.
    pub fn totals(self) -> Outcome<Totals> {
        drop(self.incoming);
        let internal = || Failure::new("read", libc::EIO);
        let hasher = self.hash.join().map_err(|_| internal())?;
        let (digest, compressed) = self.decode.join().map_err(|_| internal())?.ok_or_else(internal)?;
        let bytes = hasher.bytes;
        Ok(match digest {
            Hashed::Once(digest) => Totals {
                diff_id: digest.clone(),
                digest,
                bytes: compressed,
                compressed,
            },
            Hashed::Apart(digest) => Totals {
                digest,
                diff_id: hasher.finish(),
                bytes,
                compressed,
            },
        })
    }
}

/// A plain archive's two digests are one, taken while it is read: the hashing thread is passed by.
enum Hashed {
    Once(String),
    Apart(String),
}

fn decode(
    source: Box<dyn Read + Send>,
    limits: Limits,
    free: &Receiver<Vec<u8>>,
    to_hash: SyncSender<Chunk>,
    past_hash: SyncSender<Chunk>,
) -> Option<(Hashed, u64)> {
    let mut decoder = match Decoder::new(source) {
        Ok(decoder) => decoder,
        Err(failure) => {
            let _ = to_hash.send(Err(failure));
            return None;
        }
    };
    let plain = matches!(decoder, Decoder::Plain(_));
    // Only one way stays open, so that its end is seen.
    let out = if plain {
        drop_first(to_hash, past_hash)
    } else {
        drop_first(past_hash, to_hash)
    };
    let mut total = 0u64;
    loop {
        let mut chunk = free.recv().ok()?;
        chunk.resize(CHUNK, 0);
        let filled = decoder.fill(&mut chunk).and_then(|n| {
            total += n as u64;
            within(limits, total, decoder.source().bytes)?;
            Ok(n)
        });
        match filled {
            Ok(0) => break,
            Ok(n) => {
                chunk.truncate(n);
                out.send(Ok(chunk)).ok()?;
            }
            Err(failure) => {
                let _ = out.send(Err(failure));
                return None;
            }
        }
    }
    let source = decoder.into_source();
    let digest = source.hasher.finish();
    Some((
        if plain {
            Hashed::Once(digest)
        } else {
            Hashed::Apart(digest)
        },
        source.bytes,
    ))
}

fn drop_first<T>(first: T, second: T) -> T {
    drop(first);
    second
}

fn within(limits: Limits, total: u64, compressed: u64) -> Outcome<()> {
    if total > limits.max_bytes {
        return Err(Failure::limit(format!(
            "the archive unpacks to more than {} bytes",
            limits.max_bytes
        )));
    }
    if total > RATIO_FLOOR && total / limits.max_ratio.max(1) > compressed {
        return Err(Failure::limit(format!(
            "the archive unpacks to more than {} times its size",
            limits.max_ratio
        )));
    }
    Ok(())
}

impl BufRead for Pipeline {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.current.len() && !self.ended {
            let _ = self.used.send(std::mem::take(&mut self.current));
            self.at = 0;
            match self.incoming.recv() {
                Ok(Ok(chunk)) => self.current = chunk,
                Ok(Err(failure)) => return Err(failure.into()),
                Err(_) => self.ended = true,
            }
        }
        Ok(&self.current[self.at..])
    }

    fn consume(&mut self, n: usize) {
        self.at += n;
    }
}

impl Read for Pipeline {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let have = self.fill_buf()?;
        let n = have.len().min(out.len());
        out[..n].copy_from_slice(&have[..n]);
        self.consume(n);
        Ok(n)
    }
}
