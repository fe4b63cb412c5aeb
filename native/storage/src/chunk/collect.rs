//! The job `chunkCollect`: contents that nobody wants go, then packs in which nothing lives; half-dead ones are written anew.
use super::index::{self, Index, Place};
use super::place::Chunked;
use crate::conn::Job;
use crate::failure::{During, Outcome};
use crate::store::place::{Hash, parse_id};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChunkCollect {
    #[serde(rename = "t")]
    _t: String,
    store: String,
    /// Digests of contents. Absent: every list that is there.
    keep: Option<Vec<String>>,
}

#[derive(Serialize, Debug, Default)]
#[serde(rename_all = "camelCase")]
pub struct Collected {
    t: &'static str,
    removed: u64,
    removed_bytes: u64,
    kept: u64,
    kept_bytes: u64,
}

pub fn run(request: &ChunkCollect, job: &Job) -> Outcome<Collected> {
    let store = Chunked::open(&request.store)?;
    store.hold(true)?;
    let keep = request
        .keep
        .as_ref()
        .map(|keep| keep.iter().map(|text| Ok(store.list(&parse_id(text)?))));
    let keep: Option<HashSet<_>> = keep.map(Iterator::collect::<Outcome<_>>).transpose()?;
    let mut done = Collected {
        t: "done",
        ..Collected::default()
    };
    let mut live: HashSet<Hash> = HashSet::new();
    for path in store.lists()? {
        job.check()?;
        if keep.as_ref().is_none_or(|keep| keep.contains(&path)) {
            live.extend(Chunked::read_list(&path)?.into_iter().map(|(hash, _)| hash));
            done.kept += 1;
        } else {
            fs::remove_file(&path).during("remove")?;
            done.removed += 1;
        }
    }
    // We are alone: what lies among the drafts, or has no index, was left by a job that died.
    for entry in fs::read_dir(store.drafts()).during("open")? {
        fs::remove_file(entry.during("read")?.path()).during("remove")?;
    }
    for pack in store.packs()? {
        if !pack.with_extension("index").exists() {
            fs::remove_file(&pack).during("remove")?;
        }
    }
    for index in store.indexes()? {
        job.check()?;
        sweep(&store, &index, &mut live, &mut done)?;
    }
    Ok(done)
}

/// A chunk that two packs have is taken from the first: the other's is dead.
fn sweep(store: &Chunked, index: &Index, live: &mut HashSet<Hash>, done: &mut Collected) -> Outcome<()> {
    let entries = index.entries().collect::<Outcome<Vec<_>>>()?;
    let total: u64 = entries.iter().map(|(_, place)| u64::from(place.length)).sum();
    let wanted: Vec<_> = entries.into_iter().filter(|(hash, _)| live.remove(hash)).collect();
    let bytes: u64 = wanted.iter().map(|(_, place)| u64::from(place.length)).sum();
    done.kept_bytes += if bytes * 2 >= total { total } else { bytes };
    if bytes * 2 >= total {
        return Ok(());
    }
    if !wanted.is_empty() {
        rewrite(store, index, wanted)?;
    }
    // The index first: a pack without one is nobody's.
    fs::remove_file(index.pack.with_extension("index")).during("remove")?;
    fs::remove_file(&index.pack).during("remove")?;
    done.removed_bytes += total - bytes;
    Ok(())
}

fn rewrite(store: &Chunked, index: &Index, mut wanted: Vec<(Hash, Place)>) -> Outcome<()> {
    wanted.sort_unstable_by_key(|(_, place)| place.offset);
    let from = File::open(&index.pack).during("open")?;
    let draft = store.draft("pack");
    let file = File::create_new(&draft).during("write")?;
    let mut out = BufWriter::with_capacity(1 << 20, &file);
    let (mut offset, mut buffer) = (0, Vec::new());
    for (_, place) in &mut wanted {
        buffer.resize(place.length as usize, 0);
        from.read_exact_at(&mut buffer, place.offset).during("read")?;
        out.write_all(&buffer).during("write")?;
        place.offset = offset;
        offset += u64::from(place.length);
    }
    out.flush().during("write")?;
    drop(out);
    file.sync_all().during("write")?;
    let draft_index = draft.with_extension("index");
    index::write(&draft_index, wanted)?;
    store.keep_pack(&draft, &draft_index)
}
