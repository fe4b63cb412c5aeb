//! What the frame asks, in terms of pipeline and extractor.
use super::extract::{Extractor, Owner, Rules};
use crate::conn::Job;
use crate::failure::{During, Failure, Outcome};
use crate::host;
use crate::stream::pipeline::{Limits, Pipeline};
use crate::sys;
use crate::tar::reader::Archive;
use serde::{Deserialize, Serialize};
use std::io::Read;

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Unpack {
    #[serde(rename = "t")]
    _t: String,
    pub source: Source,
    pub dest: String,
    pub whiteouts: Whiteouts,
    pub expected_digest: Option<String>,
    pub limits: UnpackLimits,
    pub chown_to_self: Option<bool>,
    pub flat: Option<bool>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub path: Option<String>,
    pub stream: Option<bool>,
}

impl Source {
    pub fn open(&self, job: &Job) -> Outcome<Box<dyn Read + Send>> {
        match (&self.path, self.stream) {
            (Some(path), None | Some(false)) => job.file(path),
            (None, Some(true)) => job.stream(),
            _ => Err(Failure::new("protocol", 0).saying("source must be either a path or a stream")),
        }
    }
}

#[derive(Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Whiteouts {
    Overlay,
    None,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnpackLimits {
    pub max_bytes: u64,
    pub max_entries: u64,
    pub max_ratio: u64,
}

#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Unpacked {
    t: &'static str,
    pub digest: String,
    pub diff_id: String,
    pub size_bytes: u64,
    pub compressed_bytes: u64,
    pub entries: u64,
    /// Device nodes and attributes that a user namespace cannot have.
    pub skipped: u64,
}

pub fn run(request: &Unpack, job: &Job) -> Outcome<Unpacked> {
    let source = request.source.open(job)?;
    let root = sys::open(request.dest.as_bytes(), libc::O_PATH | libc::O_DIRECTORY, 0)
        .during_at("dest", request.dest.as_bytes())?;
    let limits = Limits {
        max_bytes: request.limits.max_bytes,
        max_ratio: request.limits.max_ratio,
    };
    let mut archive = Archive::new(Pipeline::start(source, limits));
    let in_userns = host::in_user_namespace();
    let rules = Rules {
        overlay: (request.whiteouts == Whiteouts::Overlay).then_some(host::overlay_prefix()),
        owner: if request.chown_to_self == Some(true) {
            Owner::Caller
        } else {
            Owner::Archive
        },
        flat: request.flat == Some(true),
        keep_kind: false,
        root_attributes: true,
        max_entries: request.limits.max_entries,
        skip_devices: in_userns,
    };
    let mut extractor = Extractor::new(root, Vec::new(), rules);
    let extracted = extractor.run(&mut archive, &|| job.cancelled());
    if job.cancelled() {
        return Err(Failure::cancelled());
    }
    extracted?;
    let totals = archive.into_source().totals()?;
    if let Some(expected) = request.expected_digest.as_ref().filter(|d| **d != totals.digest) {
        return Err(Failure::new("digest", libc::EBADMSG)
            .saying(format!("expected {expected}, the content has {}", totals.digest)));
    }
    Ok(Unpacked {
        t: "done",
        digest: totals.digest,
        diff_id: totals.diff_id,
        size_bytes: totals.bytes,
        compressed_bytes: totals.compressed,
        entries: extractor.counts.entries,
        skipped: extractor.counts.skipped,
    })
}
