//! Frames to functions: one job a connection.
use crate::conn::Job;
use crate::failure::{During, Failure, Outcome};
use crate::remove::Removal;
use crate::{host, pack, sys, unpack};
use hbx_protocol::{frame, messages::Failed};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

pub fn handles(t: &str) -> bool {
    matches!(t, "unpack" | "removeTree" | "layerTar")
}

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
        "layerTar" => job.send(&pack::layer::run(&parse(body)?, job)?),
        "removeTree" => job.send(&remove_tree(&parse(body)?, job)?),
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

#[derive(Serialize)]
struct Entries {
    t: &'static str,
    entries: u64,
}

fn remove_tree(request: &RemoveTree, job: &Job) -> Outcome<Entries> {
    let cancelled = || job.cancelled();
    let mut removal = Removal::new(&cancelled);
    let path = request.path.as_bytes();
    let (above, name) = unpack::name::split(path);
    if !path.starts_with(b"/") || matches!(name, b"" | b"." | b"..") {
        return Err(Failure::new("protocol", libc::EINVAL).at(path).saying("expected an absolute path that ends in a name"));
    }
    let above = if above.is_empty() { b"/" } else { above };
    let parent = match sys::open(above, libc::O_RDONLY | libc::O_DIRECTORY, 0) {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => return Ok(Entries { t: "done", entries: 0 }),
        other => other.during_at("remove", path)?,
    };
    if request.keep_root == Some(true) {
        let dir = sys::openat(parent.as_fd(), name, libc::O_RDONLY | libc::O_DIRECTORY, 0).during_at("remove", path)?;
        removal.children(dir.as_fd()).map_err(|f| f.at(path))?;
    } else {
        removal.entry(parent.as_fd(), name)?;
    }
    Ok(Entries { t: "done", entries: removal.entries })
}
