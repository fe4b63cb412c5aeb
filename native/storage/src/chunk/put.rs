//! The job `chunkPut`: a content, bit for bit, as a list of chunks. Those that are there cost nothing.
use super::cut::Chunks;
use super::index::{self, Place};
use super::place::{Chunked, Parts, find};
use crate::conn::Job;
use crate::failure::{During, Failure, Outcome};
use crate::store::place::{Hash, id, parse_id};
use crate::unpack::job::Source;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufWriter, Write};

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChunkPut {
    #[serde(rename = "t")]
    _t: String,
    store: String,
    source: Source,
    expected_digest: Option<String>,
}

#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    t: &'static str,
    digest: String,
    size_bytes: u64,
    chunks: u64,
    new_chunks: u64,
    new_bytes: u64,
}

pub fn run(request: &ChunkPut, job: &Job) -> Outcome<Stored> {
    let expected = request.expected_digest.as_deref().map(parse_id).transpose()?;
    let store = Chunked::open(&request.store)?;
    store.hold(false)?;
    let indexes = store.indexes()?;
    let mut chunks = Chunks::new(request.source.open(job)?);
    let (pack_path, index_path) = {
        let draft = store.draft("pack");
        let index = draft.with_extension("index");
        (draft, index)
    };
    let _drafts = Drafts([&pack_path, &index_path]);
    let file = File::create_new(&pack_path).during("write")?;
    let mut pack = BufWriter::with_capacity(1 << 20, &file);
    let (mut whole, mut size) = (Sha256::new(), 0u64);
    let mut parts: Parts = Vec::new();
    let mut fresh: Vec<(Hash, Place)> = Vec::new();
    let (mut seen, mut offset) = (HashSet::new(), 0u64);
    while let Some(chunk) = chunks.next_chunk()? {
        job.check()?;
        whole.update(chunk);
        let hash: Hash = Sha256::digest(chunk).into();
        let length = chunk.len() as u32;
        if !seen.contains(&hash) && find(&indexes, &hash)?.is_none() {
            pack.write_all(chunk).during("write")?;
            seen.insert(hash);
            fresh.push((hash, Place { offset, length }));
            offset += u64::from(length);
        }
        parts.push((hash, length));
        size += u64::from(length);
    }
    let digest: Hash = whole.finalize().into();
    if let Some(expected) = expected.filter(|expected| *expected != digest) {
        let text = format!("expected {}, the content has {}", id(&expected), id(&digest));
        return Err(Failure::new("digest", libc::EBADMSG).saying(text));
    }
    pack.flush().during("write")?;
    drop(pack);
    let (new_chunks, chunks) = (fresh.len() as u64, parts.len() as u64);
    if !fresh.is_empty() {
        file.sync_all().during("write")?;
        index::write(&index_path, fresh)?;
        store.keep_pack(&pack_path, &index_path)?;
    }
    store.keep_list(&digest, &parts)?;
    Ok(Stored {
        t: "done",
        digest: id(&digest),
        size_bytes: size,
        chunks,
        new_chunks,
        new_bytes: offset,
    })
}

/// Gone when the job ends, unless they got their names.
struct Drafts<'a>([&'a std::path::Path; 2]);

impl Drop for Drafts<'_> {
    fn drop(&mut self) {
        for path in self.0 {
            let _ = fs::remove_file(path);
        }
    }
}
