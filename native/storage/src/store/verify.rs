//! The job `storeVerify`: are trees, recipes and objects there, and what they should be?
use super::collect::{self, tree_ids};
use super::gate::Gate;
use super::place::{Hash, Store, hex, id, object_name, parse_id};
use super::recipe::{self, Step};
use super::tar_cat::open_recipe;
use super::tree::file::TreeFile;
use crate::conn::Job;
use crate::failure::{During, Failure, Outcome};
use crate::sys;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::hash::RandomState;
use std::io::Read;
use std::os::fd::AsFd;

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoreVerify {
    #[serde(rename = "t")]
    _t: String,
    store: String,
    diff_ids: Option<Vec<String>>,
    content: Option<bool>,
    remove: Option<bool>,
}

#[derive(Serialize, Debug, Default)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    t: &'static str,
    trees: u64,
    objects: u64,
    size_bytes: u64,
    bad: u64,
}

#[derive(Serialize, Debug)]
struct Bad<'a> {
    t: &'static str,
    what: &'static str,
    id: String,
    reason: &'a str,
    layers: Vec<String>,
}

/// An object's size, and the layers that name it.
struct Named {
    size: u64,
    layers: Vec<u32>,
}

pub fn run(request: &StoreVerify, job: &Job) -> Outcome<Verified> {
    let store = Store::open(&request.store)?;
    let layers = match &request.diff_ids {
        Some(ids) => ids.iter().map(|text| parse_id(text)).collect::<Outcome<Vec<_>>>()?,
        None => tree_ids(&store.dir("trees")?)?,
    };
    let mut verify = Verify {
        store,
        job,
        named: HashMap::default(),
        done: Verified {
            t: "done",
            ..Verified::default()
        },
    };
    for (i, layer) in layers.iter().enumerate() {
        job.check()?;
        for (what, result) in [("tree", verify.tree(i as u32, layer)), ("recipe", verify.recipe(layer))] {
            if let Err(failure) = result
                && verify.stays(layer, request)
            {
                verify.tell(what, layer, reason(&failure)?, vec![id(layer)])?;
            }
        }
    }
    let named: Vec<(Hash, Named)> = verify.named.drain().collect();
    for (hash, Named { size, layers: of }) in named {
        job.check()?;
        let Err(failure) = verify.object(&hash, size, request.content == Some(true)) else {
            continue;
        };
        let of = of.iter().map(|i| &layers[*i as usize]);
        let of: Vec<String> = of.filter(|layer| verify.stays(layer, request)).map(id).collect();
        if of.is_empty() {
            continue;
        }
        verify.tell("object", &hash, reason(&failure)?, of)?;
        if request.remove == Some(true) {
            let gate = Gate::open(&verify.store)?;
            let _held = gate.alone()?;
            collect::remove(&verify.store, &hash)?;
        }
    }
    Ok(verify.done)
}

/// What is wrong with the store, as against what stopped us from looking.
fn reason(failure: &Failure) -> Outcome<&'static str> {
    match failure.errno {
        libc::ENOENT => Ok("missing"),
        libc::EBADMSG | libc::EIO => Ok(match failure.step {
            "size" => "size",
            "content" => "content",
            _ => "damaged",
        }),
        _ => Err(failure.clone()),
    }
}

struct Verify<'a> {
    store: Store,
    job: &'a Job,
    named: HashMap<Hash, Named, RandomState>,
    done: Verified,
}

impl Verify<'_> {
    fn tell(&mut self, what: &'static str, hash: &Hash, reason: &str, layers: Vec<String>) -> Outcome<()> {
        self.done.bad += 1;
        self.job.send(&Bad {
            t: "bad",
            what,
            id: id(hash),
            reason,
            layers,
        })
    }

    /// A layer that was removed while we looked is not bad, unless it was asked for by name.
    fn stays(&self, layer: &Hash, request: &StoreVerify) -> bool {
        let name = [&b"trees/"[..], &hex(layer)].concat();
        request.diff_ids.is_some() || sys::fstatat(self.store.root(), &name).is_ok()
    }

    fn name(&mut self, layer: u32, hash: Hash, size: u64) {
        let named = self.named.entry(hash).or_insert(Named {
            size,
            layers: Vec::new(),
        });
        // Every tree names the same size: an object's name is its content.
        named.size = named.size.max(size);
        if named.layers.last() != Some(&layer) {
            named.layers.push(layer);
        }
    }

    fn tree(&mut self, i: u32, layer: &Hash) -> Outcome<()> {
        let tree = TreeFile::open_checked(&self.store.tree_path(layer))?;
        for object in tree.objects() {
            let (hash, size) = object?;
            self.name(i, hash, size);
        }
        self.done.trees += 1;
        Ok(())
    }

    fn recipe(&self, layer: &Hash) -> Outcome<()> {
        recipe::read(open_recipe(&self.store, layer)?, |step| match step {
            Step::Raw(_) | Step::Object(..) => self.job.check(),
        })
    }

    fn object(&mut self, hash: &Hash, size: u64, content: bool) -> Outcome<()> {
        let name = object_name(hash);
        let wrong = |step| Failure::new(step, libc::EBADMSG).at(&name);
        let fd = sys::openat(self.store.objects(), &name, libc::O_RDONLY, 0).during_at("open", &name)?;
        let st = sys::fstat(fd.as_fd()).during_at("open", &name)?;
        self.done.objects += 1;
        self.done.size_bytes += st.st_blocks as u64 * 512;
        if st.st_size as u64 != size {
            return Err(wrong("size"));
        }
        if content {
            let (mut file, mut sha, mut buffer) = (File::from(fd), Sha256::new(), vec![0; 256 << 10]);
            loop {
                self.job.check()?;
                match file.read(&mut buffer).during_at("content", &name)? {
                    0 => break,
                    n => sha.update(&buffer[..n]),
                }
            }
            if sha.finalize().as_slice() != hash {
                return Err(wrong("content"));
            }
        }
        Ok(())
    }
}
