//! The job `layerIngest`.
use super::content::Contents;
use super::layer::{Layer, is_whiteout};
use super::objects::{self, New, Objects};
use super::source::{IngestSource, open};
use super::tee::Tee;
use crate::conn::Job;
use crate::failure::{During, Failure, Outcome};
use crate::store::draft::{Draft, PINS};
use crate::store::gate::Gate;
use crate::store::place::{Store, hex, parse_id};
use crate::store::recipe;
use crate::store::tree::order::order;
use crate::store::tree::write::TreeWriter;
use crate::stream::pipeline::{Limits, Pipeline, Totals};
use crate::sys;
use crate::tar::Kind;
use crate::tar::reader::Archive;
use crate::unpack::UnpackLimits;
use crate::unpack::name::clean;
use serde::{Deserialize, Serialize};
use std::io::{BufWriter, Write};
use std::os::fd::AsFd;

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LayerIngest {
    #[serde(rename = "t")]
    _t: String,
    store: String,
    source: IngestSource,
    expected_digest: Option<String>,
    expected_diff_id: Option<String>,
    limits: UnpackLimits,
    blob: Option<String>,
}

#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Ingested {
    t: &'static str,
    digest: String,
    diff_id: String,
    size_bytes: u64,
    compressed_bytes: u64,
    entries: u64,
    skipped: u64,
    files: u64,
    file_bytes: u64,
    new_objects: u64,
    new_bytes: u64,
}

pub fn run(request: &LayerIngest, job: &Job) -> Outcome<Ingested> {
    let store = Store::open(&request.store)?;
    let draft = Draft::new(&store)?;
    let blob = super::source::Blob::new(request.blob.as_deref())?;
    let limits = Limits {
        max_bytes: request.limits.max_bytes,
        max_ratio: request.limits.max_ratio,
    };
    let source = blob.copying(open(&request.source, job)?)?;
    let pipeline = Pipeline::start(source, limits);
    let objects = Objects::start(Store::open(&request.store)?, &draft)?;
    let mut contents = Contents::new(objects, request.limits.max_bytes);
    let mut ingest = Ingest {
        archive: Archive::new(Tee {
            source: pipeline,
            recipe: recipe::Writer::new(draft.create(b"recipe", 0o600)?).during("write")?,
            muted: false,
            failed: None,
        }),
        layer: Layer::new(),
        tree: TreeWriter::new(BufWriter::with_capacity(64 << 10, draft.create(b"tree", 0o600)?)),
        entries: 0,
    };
    let read = ingest.read(&mut contents, request.limits.max_entries, job);
    let (files, file_bytes) = (contents.files, contents.bytes);
    let new = contents.finish(read);
    job.check()?;
    let new = new?;
    let tee = ingest.archive.into_source();
    tee.recipe.finish().during_at("write", b"recipe")?;
    let totals = tee.source.totals()?;
    expect(request.expected_digest.as_deref(), &totals.digest, "content")?;
    expect(request.expected_diff_id.as_deref(), &totals.diff_id, "tar")?;
    let ordered = order(&ingest.layer.tree);
    let (file, _) = ingest
        .tree
        .finish(&ingest.layer.tree, &ordered, true)
        .during_at("write", b"tree")?;
    file.into_inner()
        .map_err(|e| e.into_error())
        .during_at("write", b"tree")?;
    let counts = commit(&store, &draft, &new, &totals)?;
    blob.keep();
    Ok(Ingested {
        t: "done",
        digest: totals.digest,
        diff_id: totals.diff_id,
        size_bytes: totals.bytes,
        compressed_bytes: totals.compressed,
        entries: ingest.entries,
        skipped: ingest.layer.skipped,
        files,
        file_bytes,
        new_objects: counts.objects,
        new_bytes: counts.bytes,
    })
}

struct Ingest<W: Write> {
    archive: Archive<Tee<Pipeline>>,
    layer: Layer,
    tree: TreeWriter<W>,
    entries: u64,
}

impl<W: Write> Ingest<W> {
    fn read(&mut self, contents: &mut Contents, max_entries: u64, job: &Job) -> Outcome<()> {
        while let Some(entry) = self.archive.next_entry()? {
            job.check()?;
            self.entries += 1;
            if self.entries > max_entries {
                return Err(Failure::limit(format!(
                    "the archive has more than {max_entries} entries"
                )));
            }
            let path = clean(&entry.path)?;
            let content = if entry.kind == Kind::File && !is_whiteout(&path) {
                let cancelled = || job.cancelled();
                let taken = contents.take(&mut self.archive, &entry, &mut self.tree, &cancelled);
                Some(taken.map_err(|f| f.at(&entry.path))?)
            } else {
                None
            };
            self.layer
                .apply(&entry, &path, content.as_ref())
                .map_err(|f| f.at(&entry.path))?;
            self.archive.source_mut().check()?;
        }
        self.archive.drain()?;
        self.archive.source_mut().check()
    }
}

fn expect(expected: Option<&str>, actual: &str, what: &str) -> Outcome<()> {
    match expected {
        Some(expected) if expected != actual => {
            Err(Failure::new("digest", libc::EBADMSG).saying(format!("expected {expected}, the {what} has {actual}")))
        }
        _ => Ok(()),
    }
}

/// Objects first, then what refers to them. Until the tree is in place, nobody but the gate keeps them from a sweep.
fn commit(store: &Store, draft: &Draft, new: &New, totals: &Totals) -> Outcome<objects::Counts> {
    let (trees, recipes) = (store.dir("trees")?, store.dir("recipes")?);
    let name = hex(&parse_id(&totals.diff_id)?);
    let gate = Gate::open(store)?;
    let _held = gate.shared()?;
    let counts = objects::commit(store, draft, new)?;
    sys::renameat(draft.dir(), b"recipe", recipes.as_fd(), &name).during("commit")?;
    sys::renameat(draft.dir(), b"tree", trees.as_fd(), &name).during("commit")?;
    sys::unlinkat(draft.dir(), PINS, 0).during("commit")?;
    Ok(counts)
}
