//! The job `putTar`: an archive unpacked below a guest directory.
use super::resolve::{canonical, guest};
use super::root::{Access, RootRef};
use crate::conn::Job;
use crate::failure::{During, Failure, Outcome};
use crate::host;
use crate::jobs::Entries;
use crate::stream::pipeline::{Limits, Pipeline};
use crate::sys;
use crate::tar::reader::Archive;
use crate::unpack::extract::{Extractor, Owner, Rules};
use crate::unpack::name::clean;
use serde::Deserialize;
use std::os::fd::AsFd;

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutTar {
    #[serde(rename = "t")]
    _t: String,
    pub root: RootRef,
    pub path: String,
    pub no_overwrite_dir_non_dir: Option<bool>,
    /// Everything gets `owner`, the container's configured user. Without one the archive's ids stay, as in Docker.
    pub copy_uid_gid: Option<bool>,
    pub owner: Option<Ids>,
    pub readonly_paths: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Ids {
    pub uid: u32,
    pub gid: u32,
}

pub fn run(request: &PutTar, job: &Job) -> Outcome<Entries> {
    let root = request.root.open(Access::Write)?;
    let base = canonical(root.as_fd(), request.path.as_bytes(), true)?;
    sys::openat2(root.as_fd(), &base, libc::O_PATH | libc::O_DIRECTORY, sys::IN_ROOT)
        .during_at("destination", request.path.as_bytes())?;
    if let Some(path) = readonly(request, &base)? {
        return Err(Failure::new("destination", libc::EROFS)
            .at(&path)
            .saying("is mounted read-only"));
    }
    let rules = Rules {
        overlay: None,
        owner: request
            .owner
            .as_ref()
            .filter(|_| request.copy_uid_gid == Some(true))
            .map_or(Owner::Archive, |ids| Owner::Fixed(ids.uid, ids.gid)),
        flat: false,
        keep_kind: request.no_overwrite_dir_non_dir == Some(true),
        root_attributes: false,
        max_entries: u64::MAX,
        skip_devices: host::in_user_namespace(),
    };
    let limits = Limits {
        max_bytes: u64::MAX,
        max_ratio: u64::MAX,
    };
    let mut archive = Archive::new(Pipeline::start(job.stream()?, limits));
    let mut extractor = Extractor::new(root, base, rules);
    let extracted = extractor.run(&mut archive, &|| job.cancelled());
    job.check()?;
    extracted?;
    Ok(Entries::done(extractor.counts.entries))
}

/// The read-only path that `base` lies on: the nearest of all read-only and mounted paths above it decides.
fn readonly(request: &PutTar, base: &[u8]) -> Outcome<Option<Vec<u8>>> {
    let mut nearest: Option<(Vec<u8>, bool)> = None;
    let volumes = request.root.mounts.iter().flatten().map(|v| (&v.target, v.readonly));
    for (path, closed) in volumes.chain(request.readonly_paths.iter().map(|p| (p, true))) {
        let path = clean(path.as_bytes())?;
        let above = path.is_empty()
            || base == path
            || base
                .strip_prefix(path.as_slice())
                .is_some_and(|rest| rest.starts_with(b"/"));
        if above && nearest.as_ref().is_none_or(|(best, _)| path.len() >= best.len()) {
            nearest = Some((path, closed));
        }
    }
    Ok(nearest.filter(|(_, closed)| *closed).map(|(path, _)| guest(&path)))
}
