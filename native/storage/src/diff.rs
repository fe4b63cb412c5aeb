//! The job `diff`: what an overlay's upper directory changes, in Docker's kinds and order.
use crate::conn::Job;
use crate::failure::{During, Outcome};
use crate::list::names;
use crate::sys::{self, Fd};
use crate::unpack::name::join;
use crate::xattr;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::os::fd::{AsFd, OwnedFd};

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Diff {
    #[serde(rename = "t")]
    _t: String,
    pub upper: String,
    /// Topmost first.
    pub lowers: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Modified = 0,
    Added = 1,
    Deleted = 2,
}

#[derive(Serialize)]
struct Change {
    t: &'static str,
    path: String,
    kind: u8,
}

/// What the lower layers together have under a name.
enum Below {
    Nothing,
    File(Box<libc::stat>),
    Directory(Box<libc::stat>, Vec<OwnedFd>),
}

pub fn run(request: &Diff, job: &Job) -> Outcome<()> {
    let open = |path: &String| {
        sys::open(path.as_bytes(), libc::O_RDONLY | libc::O_DIRECTORY, 0).during_at("read", path.as_bytes())
    };
    let upper = open(&request.upper)?;
    let lowers = request.lowers.iter().map(open).collect::<Outcome<Vec<_>>>()?;
    let mut changes = Vec::new();
    level(upper.as_fd(), &lowers, b"", false, &mut changes, job)?;
    for (path, kind) in changes {
        job.send(&Change {
            t: "change",
            path: String::from_utf8_lossy(&path).into_owned(),
            kind: kind as u8,
        })?;
    }
    job.send(&hbx_protocol::messages::Done::new())
}

fn level(
    dir: Fd,
    lowers: &[OwnedFd],
    path: &[u8],
    opaque: bool,
    changes: &mut Vec<(Vec<u8>, Kind)>,
    job: &Job,
) -> Outcome<()> {
    job.check()?;
    let mut here = names(dir).during_at("read", path)?;
    here.sort();
    let mut all: BTreeSet<Vec<u8>> = here.iter().map(|(name, _)| name.to_vec()).collect();
    if opaque {
        // An opaque directory takes away whatever the layers below have in it.
        for lower in lowers {
            let below = names(reread(lower)?.as_fd()).during_at("read", path)?;
            all.extend(below.iter().map(|(name, _)| name.to_vec()));
        }
    }
    for name in all {
        let at = [b"/", join(path, &name).as_slice()].concat();
        let at_join = join(path, &name);
        let below = below(lowers, &name)?;
        match sys::fstatat(dir, &name) {
            Err(_) if matches!(below, Below::Nothing) => {}
            Err(_) => changes.push((at, Kind::Deleted)),
            Ok(st) if is_whiteout(&st) && matches!(below, Below::Nothing) => {}
            Ok(st) if is_whiteout(&st) => changes.push((at, Kind::Deleted)),
            Ok(st) => entry(dir, &name, &at_join, &st, below, changes, job)?,
        }
    }
    Ok(())
}

fn entry(
    dir: Fd,
    name: &[u8],
    path: &[u8],
    st: &libc::stat,
    below: Below,
    changes: &mut Vec<(Vec<u8>, Kind)>,
    job: &Job,
) -> Outcome<()> {
    let at = [b"/", path].concat();
    let is_directory = st.st_mode & libc::S_IFMT == libc::S_IFDIR;
    let place = changes.len();
    let (kind, lowers) = match below {
        Below::Nothing => (Some(Kind::Added), Vec::new()),
        Below::File(old) => (
            (is_directory || differs(st, &old, false)).then_some(Kind::Modified),
            Vec::new(),
        ),
        Below::Directory(old, _) if !is_directory => (differs(st, &old, false).then_some(Kind::Modified), Vec::new()),
        Below::Directory(old, fds) => (differs(st, &old, true).then_some(Kind::Modified), fds),
    };
    if is_directory {
        let fd = sys::openat(dir, name, libc::O_RDONLY | libc::O_DIRECTORY, 0).during_at("read", path)?;
        let opaque = is_opaque(fd.as_fd());
        level(fd.as_fd(), &lowers, path, opaque, changes, job)?;
    }
    // A directory counts as modified when anything in it is.
    if let Some(kind) = kind.or((changes.len() > place).then_some(Kind::Modified)) {
        changes.insert(place, (at, kind));
    }
    Ok(())
}

fn reread(dir: &OwnedFd) -> Outcome<OwnedFd> {
    sys::openat(dir.as_fd(), b".", libc::O_RDONLY | libc::O_DIRECTORY, 0).during("read")
}

fn below(lowers: &[OwnedFd], name: &[u8]) -> Outcome<Below> {
    let mut found: Option<(Box<libc::stat>, Vec<OwnedFd>)> = None;
    for lower in lowers {
        let Ok(st) = sys::fstatat(lower.as_fd(), name) else {
            continue;
        };
        if is_whiteout(&st) {
            break;
        }
        if st.st_mode & libc::S_IFMT != libc::S_IFDIR {
            if found.is_none() {
                return Ok(Below::File(Box::new(st)));
            }
            break;
        }
        let fd = sys::openat(lower.as_fd(), name, libc::O_RDONLY | libc::O_DIRECTORY, 0).during_at("read", name)?;
        let opaque = is_opaque(fd.as_fd());
        found.get_or_insert_with(|| (Box::new(st), Vec::new())).1.push(fd);
        if opaque {
            break;
        }
    }
    Ok(found.map_or(Below::Nothing, |(st, fds)| Below::Directory(st, fds)))
}

fn is_whiteout(st: &libc::stat) -> bool {
    st.st_mode & libc::S_IFMT == libc::S_IFCHR && st.st_rdev == 0
}

fn is_opaque(dir: Fd) -> bool {
    [&b"trusted.overlay.opaque"[..], b"user.overlay.opaque"]
        .iter()
        .any(|key| matches!(xattr::get(dir, key), Ok(Some(v)) if v == b"y"))
}

fn differs(new: &libc::stat, old: &libc::stat, directories: bool) -> bool {
    let same = (new.st_mode, new.st_uid, new.st_gid, new.st_rdev) == (old.st_mode, old.st_uid, old.st_gid, old.st_rdev);
    let content = (new.st_size, new.st_mtime, new.st_mtime_nsec) == (old.st_size, old.st_mtime, old.st_mtime_nsec);
    !(same && (directories || content))
}
