//! The job `imageCompose`.
use super::image::Image;
use super::merge::merge;
use crate::conn::Job;
use crate::failure::{During, Failure, Outcome};
use crate::store::draft::Draft;
use crate::store::place::{Store, id, parse_id};
use crate::store::tree::arena::Tree;
use crate::store::tree::file::TreeFile;
use crate::store::tree::order::{Ordered, order};
use crate::store::tree::record::{INLINE, Kind};
use crate::store::tree::write::TreeWriter;
use crate::sys;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::hash::RandomState;
use std::io::{BufWriter, Write};

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageCompose {
    #[serde(rename = "t")]
    _t: String,
    store: String,
    diff_ids: Vec<String>,
    out: String,
}

#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Composed {
    t: &'static str,
    size_bytes: u64,
    entries: u64,
    files: u64,
    file_bytes: u64,
    objects: u64,
    object_bytes: u64,
    digest: String,
}

pub fn run(request: &ImageCompose, job: &Job) -> Outcome<Composed> {
    if !request.out.starts_with('/') {
        return Err(Failure::new("protocol", libc::EINVAL)
            .at(request.out.as_bytes())
            .saying("expected an absolute path"));
    }
    let store = Store::open(&request.store)?;
    let layers = request
        .diff_ids
        .iter()
        .map(|text| TreeFile::open_checked(&store.tree_path(&parse_id(text)?)))
        .collect::<Outcome<Vec<_>>>()?;
    let tree = merge(&layers, &|| job.check())?;
    let ordered = order(&tree);
    let draft = Draft::new(&store)?;
    let file = BufWriter::with_capacity(256 << 10, draft.create(b"tree", 0o600)?);
    let (mut file, summary) = TreeWriter::new(file)
        .finish(&tree, &ordered, false)
        .during_at("write", b"tree")?;
    file.flush().during_at("write", b"tree")?;
    job.check()?;
    let image = Image::new(&tree, &ordered, &layers);
    let mut file = BufWriter::with_capacity(256 << 10, draft.create(b"image", 0o644)?);
    let written = hbx_erofs::write(&image, uuid(&summary.digest), &mut file).during_at("write", b"image")?;
    let out = request.out.as_bytes();
    let beside = [out, b".tree"].concat();
    sys::renameat(draft.dir(), b"tree", sys::cwd(), &beside).during_at("commit", &beside)?;
    sys::renameat(draft.dir(), b"image", sys::cwd(), out).during_at("commit", out)?;
    let mut composed = Composed {
        t: "done",
        size_bytes: written.size,
        entries: summary.entries,
        files: 0,
        file_bytes: 0,
        objects: 0,
        object_bytes: 0,
        digest: id(&summary.digest),
    };
    composed.count(&tree, &ordered);
    Ok(composed)
}

impl Composed {
    fn count(&mut self, tree: &Tree, ordered: &Ordered) {
        let mut distinct: HashMap<[u8; 32], u64, RandomState> = HashMap::default();
        for inode in &ordered.inodes {
            let record = &tree.inodes[*inode as usize];
            if record.kind == Kind::File {
                self.files += 1;
                self.file_bytes += record.size;
                if record.size > 0 && !record.has(INLINE) {
                    distinct.insert(record.digest, record.size);
                }
            }
        }
        self.objects = distinct.len() as u64;
        self.object_bytes = distinct.values().sum();
    }
}

/// Version 8, "custom", of RFC 9562.
fn uuid(digest: &[u8; 32]) -> [u8; 16] {
    let mut uuid = [0; 16];
    uuid.copy_from_slice(&digest[..16]);
    uuid[6] = uuid[6] & 0x0f | 0x80;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    uuid
}
