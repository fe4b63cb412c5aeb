//! The job `storeUsage`: what images take on disk, together and each alone.
use super::collect::each_object;
use super::place::{Hash, Store, parse_id};
use super::tree::file::TreeFile;
use crate::conn::Job;
use crate::failure::{During, Outcome};
use crate::list::names;
use crate::sys;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::hash::RandomState;
use std::os::fd::AsFd;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct StoreUsage {
    #[serde(rename = "t")]
    _t: String,
    store: String,
    images: Vec<Vec<String>>,
}

#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Used {
    t: &'static str,
    objects: u64,
    size_bytes: u64,
    dead_objects: u64,
    dead_bytes: u64,
    metadata_bytes: u64,
    images: Vec<ImageUse>,
}

#[derive(Serialize, Debug, Default, Clone)]
#[serde(rename_all = "camelCase")]
pub struct ImageUse {
    size_bytes: u64,
    shared_bytes: u64,
    unique_bytes: u64,
}

/// An object, the images that name it, and the last image that was counted for it.
struct Object {
    bytes: u64,
    images: u32,
    last: usize,
}

type Objects = HashMap<Hash, Object, RandomState>;

pub fn run(request: &StoreUsage, job: &Job) -> Outcome<Used> {
    let store = Store::open(&request.store)?;
    let mut objects = Objects::default();
    each_object(&store, job, |hash, bytes| {
        let object = Object {
            bytes,
            images: 0,
            last: usize::MAX,
        };
        objects.insert(*hash, object);
    })?;
    let mut trees: HashMap<&str, TreeFile, RandomState> = HashMap::default();
    for text in request.images.iter().flatten() {
        if !trees.contains_key(text.as_str()) {
            trees.insert(text, TreeFile::open_checked(&store.tree_path(&parse_id(text)?))?);
        }
    }
    let n = request.images.len();
    let mut each = |round: usize, found: &mut dyn FnMut(usize, &mut Object)| -> Outcome<()> {
        for (i, layers) in request.images.iter().enumerate() {
            job.check()?;
            for hash in layers.iter().flat_map(|layer| trees[layer.as_str()].objects()) {
                if let Some(object) = objects.get_mut(&hash?.0)
                    && object.last != round * n + i
                {
                    object.last = round * n + i;
                    found(i, object);
                }
            }
        }
        Ok(())
    };
    let mut images = vec![ImageUse::default(); n];
    each(0, &mut |_, object| object.images += 1)?;
    each(1, &mut |i, object| {
        let image = &mut images[i];
        image.size_bytes += object.bytes;
        if object.images > 1 {
            image.shared_bytes += object.bytes;
        } else {
            image.unique_bytes += object.bytes;
        }
    })?;
    let dead = objects.values().filter(|object| object.images == 0);
    Ok(Used {
        t: "done",
        objects: objects.len() as u64,
        size_bytes: objects.values().map(|object| object.bytes).sum(),
        dead_objects: dead.clone().count() as u64,
        dead_bytes: dead.map(|object| object.bytes).sum(),
        metadata_bytes: metadata(&store)?,
        images,
    })
}

/// Trees and recipes on disk.
fn metadata(store: &Store) -> Outcome<u64> {
    let mut bytes = 0;
    for name in ["trees", "recipes"] {
        let dir = store.dir(name)?;
        for (name, _) in names(dir.as_fd()).during("read")?.iter() {
            bytes += sys::fstatat(dir.as_fd(), name).map_or(0, |st| st.st_blocks as u64 * 512);
        }
    }
    Ok(bytes)
}
