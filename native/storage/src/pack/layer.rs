//! The job `layerTar`: an overlay's upper directory as an OCI layer.
use super::member::{Found, describe};
use super::walk::{Translate, Walk};
use crate::conn::{Job, Streaming};
use crate::failure::{During, Failure, Outcome};
use crate::stream::compress::{Compression, Packer};
use crate::stream::pipeline::Totals;
use crate::sys;
use crate::tar::{Entry, Kind, writer};
use crate::unpack::name::{join, split};
use hbx_protocol::stream::StreamWriter;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LayerTar {
    #[serde(rename = "t")]
    _t: String,
    pub upper: String,
    pub out: Option<String>,
    pub compression: Compression,
}

#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Packed {
    t: &'static str,
    pub digest: String,
    pub diff_id: String,
    pub size_bytes: u64,
    pub compressed_bytes: u64,
    pub entries: u64,
}

/// Overlay's signs become OCI's.
pub struct ToLayer;

/// The name without its prefix; an image's own attribute has another `overlay.` before it and is none.
fn sign(key: &[u8]) -> Option<&[u8]> {
    key.strip_prefix(b"trusted.overlay.")
        .or_else(|| key.strip_prefix(b"user.overlay."))
}

fn has(found: &Found, name: &str, value: Option<&[u8]>) -> bool {
    found
        .overlay
        .iter()
        .any(|(key, v)| sign(key) == Some(name.as_bytes()) && value.is_none_or(|want| v == want))
}

fn whiteout(path: Vec<u8>, of: &Found) -> Entry {
    let mut entry = describe(Kind::File, path, &of.stat);
    (entry.mode, entry.size) = (0o600, 0);
    entry
}

impl Translate for ToLayer {
    fn translate(&self, found: &Found, parent: Option<&Found>) -> Outcome<Option<Vec<Entry>>> {
        let entry = &found.entry;
        for unsupported in ["redirect", "metacopy"] {
            if has(found, unsupported, None) {
                let text = format!(
                    "the upper directory was written with overlay feature {unsupported}, whose content lies in other layers"
                );
                return Err(Failure::new("overlay", libc::EOPNOTSUPP).at(&entry.path).saying(text));
            }
        }
        let device = entry.kind == Kind::CharDevice && entry.device == (0, 0);
        let marked = entry.kind == Kind::File && entry.size == 0 && has(found, "whiteout", None);
        if device || (marked && parent.is_some_and(|p| has(p, "opaque", Some(b"x")))) {
            let (above, name) = split(&entry.path);
            return Ok(Some(vec![whiteout(join(above, &[b".wh.", name].concat()), found)]));
        }
        Ok(None)
    }

    fn after(&self, directory: &Found) -> Vec<Entry> {
        if has(directory, "opaque", Some(b"y")) {
            return vec![whiteout(join(&directory.entry.path, b".wh..wh..opq"), directory)];
        }
        Vec::new()
    }
}

pub fn run(request: &LayerTar, job: &Job) -> Outcome<Packed> {
    let Some(out) = &request.out else {
        job.send(&Streaming::new())?;
        let mut stream = StreamWriter::new(job.writer()?);
        let packed = pack(request, &mut stream, job);
        // The section ends in any case: a failure is told after it.
        let finished = stream.finish().during("stream");
        return packed.and_then(|packed| finished.map(|_| packed));
    };
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC | libc::O_NOFOLLOW;
    let file = File::from(sys::open(out.as_bytes(), flags, 0o600).during_at("write", out.as_bytes())?);
    let packed = pack(request, file, job);
    if packed.is_err() {
        let _ = std::fs::remove_file(out);
    }
    packed
}

fn pack<W: Write>(request: &LayerTar, to: W, job: &Job) -> Outcome<Packed> {
    let upper = sys::open(request.upper.as_bytes(), libc::O_RDONLY | libc::O_DIRECTORY, 0)
        .during_at("open", request.upper.as_bytes())?;
    let packer = Packer::new(to, request.compression).during("write")?;
    let cancelled = || job.cancelled();
    let mut walk = Walk::new(packer, &ToLayer, &cancelled);
    let stat = sys::fstat(upper.as_fd()).during("read")?;
    let root = Found {
        entry: describe(Kind::Directory, Vec::new(), &stat),
        fd: Some(upper),
        stat,
        overlay: Vec::new(),
    };
    walk.children(&root, 0)?;
    let entries = walk.entries;
    let mut packer = walk.out;
    packer.write_all(&writer::END).during("write")?;
    let (_, totals) = packer.finish().during("write")?;
    Ok(answer(totals, entries))
}

fn answer(totals: Totals, entries: u64) -> Packed {
    Packed {
        t: "done",
        digest: totals.digest,
        diff_id: totals.diff_id,
        size_bytes: totals.bytes,
        compressed_bytes: totals.compressed,
        entries,
    }
}
