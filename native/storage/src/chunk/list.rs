//! The job `chunkList`: of what chunks a layer's uncompressed content is. Nothing is stored.
use super::cut::Chunks;
use super::place::{Parts, encode};
use crate::conn::Job;
use crate::failure::{Failure, Outcome};
use crate::stream::pipeline::{Limits, Pipeline};
use crate::unpack::job::{Source, UnpackLimits};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChunkList {
    #[serde(rename = "t")]
    _t: String,
    source: Source,
    limits: UnpackLimits,
}

#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    t: &'static str,
    digest: String,
    diff_id: String,
    size_bytes: u64,
    /// 36 bytes each: sha256, then the length.
    #[serde(with = "serde_bytes")]
    chunks: Vec<u8>,
}

/// They have to fit into one frame: about 25 GB.
const MAX_PARTS: usize = 400_000;

pub fn run(request: &ChunkList, job: &Job) -> Outcome<Listed> {
    let limits = Limits {
        max_bytes: request.limits.max_bytes,
        max_ratio: request.limits.max_ratio,
    };
    let mut chunks = Chunks::new(Pipeline::start(request.source.open(job)?, limits));
    let mut parts: Parts = Vec::new();
    while let Some(chunk) = chunks.next_chunk()? {
        job.check()?;
        if parts.len() == MAX_PARTS {
            return Err(Failure::limit("it has too many chunks for a list"));
        }
        parts.push((Sha256::digest(chunk).into(), chunk.len() as u32));
    }
    let totals = chunks.into_source().totals()?;
    Ok(Listed {
        t: "done",
        digest: totals.digest,
        diff_id: totals.diff_id,
        size_bytes: totals.bytes,
        chunks: encode(&parts),
    })
}
