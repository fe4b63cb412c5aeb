//! The job `treeTar`: a guest path as a tar stream.
use super::resolve::{Located, base, locate};
use super::root::{Access, RootRef};
use crate::conn::{Job, Streaming};
use crate::failure::{During, Outcome};
use crate::jobs::Entries;
use crate::pack::member::{Found, look};
use crate::pack::walk::{Translate, Walk};
use crate::sys;
use crate::tar::{Entry, Kind, writer};
use hbx_protocol::stream::StreamWriter;
use serde::Deserialize;
use std::io::Write;
use std::os::fd::AsFd;

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TreeTar {
    #[serde(rename = "t")]
    _t: String,
    pub root: RootRef,
    pub path: String,
    pub rebase: Option<String>,
    pub follow_target: Option<bool>,
}

/// Everything as it is, but for what the kernel makes up: a copy of a running container's root has /proc, /sys and /dev as the
/// empty directories that they are in its image.
pub struct Verbatim;

/// File systems without content of their own.
const MADE_UP: &[i64] = &[
    libc::PROC_SUPER_MAGIC as i64,
    0x6265_6572, // sysfs
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0x1cd1,      // devpts
    0x1980_0202, // mqueue
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0xcafe_4a11, // bpf
];

impl Translate for Verbatim {
    fn translate(&self, found: &Found, parent: Option<&Found>) -> Outcome<Option<Vec<Entry>>> {
        // Who names such a place gets what is there.
        let (Some(parent), Some(fd)) = (parent, &found.fd) else {
            return Ok(None);
        };
        if found.entry.kind != Kind::Directory || found.stat.st_dev == parent.stat.st_dev {
            return Ok(None);
        }
        let devices = parent.entry.path.is_empty() && found.entry.path == b"dev";
        let made_up = devices || MADE_UP.contains(&sys::file_system(fd.as_fd()).during_at("read", &found.entry.path)?);
        Ok(made_up.then(|| vec![found.entry.clone()]))
    }
}

pub fn run(request: &TreeTar, job: &Job) -> Outcome<Entries> {
    let root = request.root.open(Access::Read)?;
    let path = request.path.as_bytes();
    let located = locate(root.as_fd(), path, request.follow_target == Some(true))?;
    sys::fstatat(located.parent.as_fd(), &located.name).during_at("resolve", path)?;
    let cancelled = || job.cancelled();
    job.send(&Streaming::new())?;
    let mut walk = Walk::new(StreamWriter::new(job.writer()?), &Verbatim, &cancelled);
    let walked = write(&mut walk, request, &located);
    let entries = walk.entries;
    // The section ends in any case: a failure is told after it.
    let finished = walk.out.finish().during("stream");
    walked.and(finished)?;
    Ok(Entries::done(entries))
}

fn write<W: Write>(walk: &mut Walk<W>, request: &TreeTar, located: &Located) -> Outcome<()> {
    let (parent, path) = (located.parent.as_fd(), request.path.as_bytes());
    let name = request.rebase.as_deref().map_or_else(|| base(path), str::as_bytes);
    if name == b"/" || name.is_empty() {
        // The root has no name of its own: its content is the archive.
        if let Some(found) = look(parent, &located.name, Vec::new())? {
            walk.children(&found, 0)?;
        }
    } else {
        walk.entry(parent, &located.name, name.to_vec(), None, 0)?;
    }
    walk.out.write_all(&writer::END).during("stream")
}
