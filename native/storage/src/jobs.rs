//! Frames to functions: one job a connection.
use crate::conn::Job;
use crate::failure::{During, Failure, Outcome};
use crate::remove::Removal;
use crate::{chunk, diff, digest_file, guest, host, pack, store, sys, tar_files, unpack, usage};
use hbx_protocol::{frame, messages::Failed};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

pub fn handles(t: &str) -> bool {
    JOBS.contains(&t)
}

const JOBS: [&str; 23] = [
    "unpack",
    "digestFile",
    "layerTar",
    "treeTar",
    "putTar",
    "statPath",
    "diff",
    "copyUp",
    "usage",
    "removeTree",
    "layerIngest",
    "tarCat",
    "imageCompose",
    "treeDiff",
    "storeVerify",
    "storeUsage",
    "objectsCollect",
    "tarFiles",
    "chunkPut",
    "chunkCat",
    "chunkCollect",
    "chunkList",
    "chunkCopy",
];

/// Does the job `t` of the frame `body` and answers on `conn`, which hello has passed already.
pub fn run(t: &str, body: &[u8], conn: &UnixStream) {
    host::raise_open_files();
    let Ok(mut job) = Job::new(conn) else { return };
    let answer = dispatch(t, body, &job);
    if let Err(failure) = answer
        && !job.cancelled()
    {
        let _ = job.send(&Failed::new(None, &(&failure).into()));
        job.linger();
    }
}

fn dispatch(t: &str, body: &[u8], job: &Job) -> Outcome<()> {
    match t {
        "unpack" => job.send(&unpack::run(&parse(body)?, job)?),
        "digestFile" => job.send(&digest_file::run(&parse(body)?, job)?),
        "layerTar" => job.send(&pack::layer::run(&parse(body)?, job)?),
        "treeTar" => job.send(&guest::tree_tar(&parse(body)?, job)?),
        "putTar" => job.send(&guest::put_tar(&parse(body)?, job)?),
        "statPath" => job.send(&guest::stat_path(&parse(body)?)?),
        "diff" => diff::run(&parse(body)?, job),
        "copyUp" => job.send(&guest::copy_up(&parse(body)?, job)?),
        "usage" => job.send(&usage::run(&parse(body)?, job)?),
        "removeTree" => job.send(&remove_tree(&parse(body)?, job)?),
        "layerIngest" => job.send(&store::ingest::run(&parse(body)?, job)?),
        "tarCat" => job.send(&store::tar_cat::run(&parse(body)?, job)?),
        "imageCompose" => job.send(&store::compose::run(&parse(body)?, job)?),
        "treeDiff" => job.send(&store::tree_diff::run(&parse(body)?, job)?),
        "storeVerify" => job.send(&store::verify::run(&parse(body)?, job)?),
        "storeUsage" => job.send(&store::usage::run(&parse(body)?, job)?),
        "objectsCollect" => job.send(&store::collect::run(&parse(body)?, job)?),
        "tarFiles" => job.send(&tar_files::run(&parse(body)?, job)?),
        "chunkPut" => job.send(&chunk::put::run(&parse(body)?, job)?),
        "chunkCat" => job.send(&chunk::read::run(&parse(body)?, job)?),
        "chunkCollect" => job.send(&chunk::collect::run(&parse(body)?, job)?),
        "chunkList" => job.send(&chunk::list::run(&parse(body)?, job)?),
        "chunkCopy" => job.send(&chunk::copy::run(&parse(body)?, job)?),
        _ => Err(Failure::new("protocol", 0).saying(format!("{t} is no job"))),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Outcome<T> {
    frame::parse(body).map_err(|f| Failure::new("protocol", 0).saying(f.message.unwrap_or_default()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RemoveTree {
    #[serde(rename = "t")]
    _t: String,
    path: String,
    keep_root: Option<bool>,
}

#[derive(Serialize, Debug)]
pub struct Entries {
    t: &'static str,
    entries: u64,
}

impl Entries {
    pub fn done(entries: u64) -> Self {
        Entries { t: "done", entries }
    }
}

fn remove_tree(request: &RemoveTree, job: &Job) -> Outcome<Entries> {
    let cancelled = || job.cancelled();
    let mut removal = Removal::new(&cancelled);
    let path = request.path.as_bytes();
    let (above, name) = unpack::name::split(path);
    if !path.starts_with(b"/") || matches!(name, b"" | b"." | b"..") {
        return Err(Failure::new("protocol", libc::EINVAL)
            .at(path)
            .saying("expected an absolute path that ends in a name"));
    }
    let above = if above.is_empty() { b"/" } else { above };
    let parent = match sys::open(above, libc::O_RDONLY | libc::O_DIRECTORY, 0) {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => return Ok(Entries::done(0)),
        other => other.during_at("remove", path)?,
    };
    if request.keep_root == Some(true) {
        let dir = sys::openat(parent.as_fd(), name, libc::O_RDONLY | libc::O_DIRECTORY, 0).during_at("remove", path)?;
        removal.children(dir.as_fd()).map_err(|f| f.at(path))?;
    } else {
        removal.entry(parent.as_fd(), name)?;
    }
    Ok(Entries::done(removal.entries))
}
