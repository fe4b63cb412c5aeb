//! The job `objectsCollect`: mark what trees and running ingests use, sweep the rest.
use super::draft;
use super::gate::Gate;
use super::place::{Hash, Store, object_name, parse_hex};
use super::tree::file::TreeFile;
use crate::conn::Job;
use crate::failure::{During, Failure, Outcome};
use crate::list::names;
use crate::sys;
use hashbrown::HashSet;
use serde::{Deserialize, Serialize};
use std::hash::RandomState;
use std::os::fd::{AsFd, OwnedFd};

/// Removed in one go, while ingests wait: a few milliseconds.
const BATCH: usize = 256;

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectsCollect {
    #[serde(rename = "t")]
    _t: String,
    store: String,
    dry_run: Option<bool>,
}

#[derive(Serialize, Debug, Default)]
#[serde(rename_all = "camelCase")]
pub struct Collected {
    t: &'static str,
    removed: u64,
    removed_bytes: u64,
    kept: u64,
    kept_bytes: u64,
    drafts: u64,
}

pub fn run(request: &ObjectsCollect, job: &Job) -> Outcome<Collected> {
    let store = Store::open(&request.store)?;
    let dry = request.dry_run == Some(true);
    let mut done = Collected {
        t: "done",
        drafts: if dry { 0 } else { draft::sweep(&store)? },
        ..Collected::default()
    };
    let mut marked = Marked {
        trees: store.dir("trees")?,
        store: &store,
        seen: HashSet::default(),
        alive: HashSet::default(),
    };
    marked.trees(job)?;
    let mut dead = Vec::new();
    each_object(&store, job, |hash, bytes| {
        if marked.alive.contains(hash) {
            done.kept += 1;
            done.kept_bytes += bytes;
        } else {
            dead.push((*hash, bytes));
        }
    })?;
    let gate = Gate::open(&store)?;
    for batch in dead.chunks(BATCH) {
        let _held = gate.alone()?;
        marked.trees(job)?;
        draft::pinned(&store, |hash| {
            marked.alive.insert(*hash);
        })?;
        for (hash, bytes) in batch {
            let alive = marked.alive.contains(hash);
            if !alive && !dry {
                remove(&store, hash)?;
            }
            let (count, sum) = if alive {
                (&mut done.kept, &mut done.kept_bytes)
            } else {
                (&mut done.removed, &mut done.removed_bytes)
            };
            *count += 1;
            *sum += bytes;
        }
    }
    Ok(done)
}

/// One that has vanished is gone as well.
pub fn remove(store: &Store, hash: &Hash) -> Outcome<()> {
    let name = object_name(hash);
    match sys::unlinkat(store.objects(), &name, 0) {
        Err(e) if e.raw_os_error() != Some(libc::ENOENT) => Err(Failure::io("remove", &e).at(&name)),
        _ => Ok(()),
    }
}

struct Marked<'a> {
    store: &'a Store,
    trees: OwnedFd,
    seen: HashSet<Hash, RandomState>,
    alive: HashSet<Hash, RandomState>,
}

impl Marked<'_> {
    /// Marks what those trees name that are new since the last time. A damaged one stops the collection: nobody knows
    /// what it named.
    fn trees(&mut self, job: &Job) -> Outcome<()> {
        for id in tree_ids(&self.trees)? {
            if self.seen.contains(&id) {
                continue;
            }
            job.check()?;
            let tree = match TreeFile::open_checked(&self.store.tree_path(&id)) {
                // Its layer was removed meanwhile.
                Err(failure) if failure.errno == libc::ENOENT => continue,
                other => other?,
            };
            for object in tree.objects() {
                self.alive.insert(object?.0);
            }
            self.seen.insert(id);
        }
        Ok(())
    }
}

/// Of a directory `trees`.
pub fn tree_ids(trees: &OwnedFd) -> Outcome<Vec<Hash>> {
    sys::seek(trees.as_fd(), 0, libc::SEEK_SET).during("read")?;
    let found = names(trees.as_fd()).during("read")?;
    let mut ids: Vec<Hash> = found.iter().filter_map(|(name, _)| parse_hex(name)).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// All objects with the space that they take on disk.
pub fn each_object(store: &Store, job: &Job, mut each: impl FnMut(&Hash, u64)) -> Outcome<()> {
    for (prefix, _) in names(store.objects()).during("read")?.iter() {
        job.check()?;
        let Ok(dir) = sys::openat(store.objects(), prefix, libc::O_RDONLY | libc::O_DIRECTORY, 0) else {
            continue;
        };
        for (rest, _) in names(dir.as_fd()).during("read")?.iter() {
            let Some(hash) = parse_hex(&[prefix, rest].concat()) else {
                continue;
            };
            if let Ok(st) = sys::fstatat(dir.as_fd(), rest) {
                each(&hash, st.st_blocks as u64 * 512);
            }
        }
    }
    Ok(())
}
