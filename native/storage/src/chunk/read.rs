//! The job `chunkCat`: a content, or a range of it, out of its chunks. Every chunk is checked before it is handed out.
use super::place::{Chunked, find};
use crate::conn::{Job, Streaming};
use crate::failure::{During, Failure, Outcome};
use crate::store::place::{Hash, id, parse_id};
use hbx_protocol::stream::StreamWriter;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChunkCat {
    #[serde(rename = "t")]
    _t: String,
    store: String,
    digest: String,
    offset: Option<u64>,
    length: Option<u64>,
}

#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Catted {
    t: &'static str,
    size_bytes: u64,
}

pub fn run(request: &ChunkCat, job: &Job) -> Outcome<Catted> {
    let store = Chunked::open(&request.store)?;
    store.hold(false)?;
    let parts = Chunked::read_list(&store.list(&parse_id(&request.digest)?))?;
    let indexes = store.indexes()?;
    job.send(&Streaming::new())?;
    let mut out = StreamWriter::new(job.writer()?);
    let from = request.offset.unwrap_or(0);
    let to = request.length.map_or(u64::MAX, |length| from.saturating_add(length));
    let mut packs: HashMap<PathBuf, File> = HashMap::new();
    let (mut at, mut sent) = (0u64, 0u64);
    let mut buffer = Vec::new();
    let mut send = || -> Outcome<()> {
        for (hash, length) in &parts {
            let (start, end) = (at, at + u64::from(*length));
            at = end;
            if end <= from || start >= to {
                continue;
            }
            job.check()?;
            let (index, place) = find(&indexes, hash)?.ok_or_else(|| lost(hash))?;
            let pack = match packs.entry(index.pack.clone()) {
                std::collections::hash_map::Entry::Occupied(open) => open.into_mut(),
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(File::open(&index.pack).during_at("open", index.pack.as_os_str().as_encoded_bytes())?)
                }
            };
            buffer.resize(place.length as usize, 0);
            pack.read_exact_at(&mut buffer, place.offset).during("read")?;
            if place.length != *length || <Hash>::from(Sha256::digest(&buffer)) != *hash {
                return Err(lost(hash));
            }
            let piece = &buffer[from.saturating_sub(start) as usize..(to.min(end) - start) as usize];
            out.write_all(piece).during("stream")?;
            sent += piece.len() as u64;
        }
        Ok(())
    };
    let done = send();
    // The section ends in any case: a failure is told after it.
    let finished = out.finish().during("stream");
    done.and(finished)?;
    Ok(Catted {
        t: "done",
        size_bytes: sent,
    })
}

fn lost(hash: &Hash) -> Failure {
    Failure::new("digest", libc::EBADMSG).saying(format!("the chunk {} is missing or damaged", id(hash)))
}
