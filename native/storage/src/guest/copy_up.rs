//! The job `copyUp`: what the image has at a volume's place goes into the new volume.
use super::resolve::locate;
use super::root::{Access, RootRef};
use super::tree::Verbatim;
use crate::conn::Job;
use crate::failure::{During, Failure, Outcome};
use crate::host;
use crate::jobs::Entries;
use crate::pack::walk::Walk;
use crate::remove::Removal;
use crate::sys;
use crate::tar::reader::Archive;
use crate::tar::writer;
use crate::unpack::extract::{Extractor, Owner, Rules};
use serde::Deserialize;
use std::io::{BufReader, BufWriter, PipeReader, Write};
use std::os::fd::{AsFd, OwnedFd};

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct CopyUp {
    #[serde(rename = "t")]
    _t: String,
    pub root: RootRef,
    pub path: String,
    pub dest: String,
}

pub fn run(request: &CopyUp, job: &Job) -> Outcome<Entries> {
    // Before the layers are mounted, which may cover it.
    let dest = sys::open(request.dest.as_bytes(), libc::O_RDONLY | libc::O_DIRECTORY, 0)
        .during_at("dest", request.dest.as_bytes())?;
    let root = request.root.open(Access::Read)?;
    let path = request.path.as_bytes();
    let located = match locate(root.as_fd(), path, true) {
        Err(f) if f.errno == libc::ENOENT => return Ok(Entries::done(0)),
        other => other?,
    };
    match sys::fstatat(located.parent.as_fd(), &located.name) {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => return Ok(Entries::done(0)),
        Ok(st) if st.st_mode & libc::S_IFMT != libc::S_IFDIR => {
            return Err(Failure::new("resolve", libc::ENOTDIR).at(path));
        }
        other => other.during_at("resolve", path)?,
    };
    let (reader, pipe) = std::io::pipe().during("copy")?;
    let target = dest.try_clone().during("copy")?;
    let cancelled = || job.cancelled();
    let copied = std::thread::scope(|scope| {
        let unpacking = scope.spawn(|| unpack(reader, target, &cancelled));
        let mut walk = Walk::new(BufWriter::with_capacity(256 << 10, pipe), &Verbatim, &cancelled);
        let walked = walk.entry(located.parent.as_fd(), &located.name, b".".to_vec(), None, 0);
        let written = walked
            .and_then(|()| walk.out.write_all(&writer::END).during("copy"))
            .and_then(|()| walk.out.flush().during("copy"));
        drop(walk);
        let unpacked = unpacking.join().map_err(|_| Failure::new("copy", libc::EIO))?;
        // When unpacking fails, writing fails too (EPIPE), and the former is the reason.
        match (unpacked, written) {
            (Ok(entries), Ok(())) => Ok(entries),
            (Err(f), Err(w)) if w.errno == libc::EPIPE || w.errno == 0 => Err(f),
            (_, Err(f)) | (Err(f), _) => Err(f),
        }
    });
    if copied.is_err() {
        let _ = Removal::new(&|| false).children(dest.as_fd());
    }
    copied.map(Entries::done)
}

fn unpack(reader: PipeReader, dest: OwnedFd, cancelled: &dyn Fn() -> bool) -> Outcome<u64> {
    let rules = Rules {
        overlay: None,
        owner: Owner::Archive,
        flat: false,
        keep_kind: false,
        root_attributes: true,
        max_entries: u64::MAX,
        skip_devices: host::in_user_namespace(),
    };
    let mut extractor = Extractor::new(dest, Vec::new(), rules);
    extractor.run(
        &mut Archive::new(BufReader::with_capacity(256 << 10, reader)),
        cancelled,
    )?;
    Ok(extractor.counts.entries)
}
