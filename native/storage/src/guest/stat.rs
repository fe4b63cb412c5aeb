//! The job `statPath`: what Docker's archive endpoints say about a path.
use super::resolve::{base, canonical, guest, locate};
use super::root::{Access, RootRef};
use crate::failure::{During, Outcome};
use crate::sys;
use serde::{Deserialize, Serialize};
use std::os::fd::AsFd;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct StatPath {
    #[serde(rename = "t")]
    _t: String,
    pub root: RootRef,
    pub path: String,
}

#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Stat {
    t: &'static str,
    pub name: String,
    pub size_bytes: u64,
    pub mode: u32,
    pub mtime_ns: i64,
    pub link_target: String,
    pub uid: u32,
    pub gid: u32,
}

pub fn run(request: &StatPath) -> Outcome<Stat> {
    let root = request.root.open(Access::Read)?;
    let path = request.path.as_bytes();
    let located = locate(root.as_fd(), path, false)?;
    let st = sys::fstatat(located.parent.as_fd(), &located.name).during_at("resolve", path)?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let link_target = match st.st_mode & libc::S_IFMT {
        libc::S_IFLNK => text(guest(&canonical(root.as_fd(), &located.path, true)?)),
        _ => String::new(),
    };
    Ok(Stat {
        t: "done",
        name: text(base(path).to_vec()),
        size_bytes: st.st_size as u64,
        mode: go_mode(st.st_mode),
        mtime_ns: st
            .st_mtime
            .saturating_mul(1_000_000_000)
            .saturating_add(st.st_mtime_nsec),
        link_target,
        uid: st.st_uid,
        gid: st.st_gid,
    })
}

/// The bits of Go's os.FileMode, which Docker's header carries.
fn go_mode(mode: u32) -> u32 {
    let kind = match mode & libc::S_IFMT {
        libc::S_IFDIR => 1 << 31,
        libc::S_IFLNK => 1 << 27,
        libc::S_IFBLK => 1 << 26,
        libc::S_IFCHR => 1 << 26 | 1 << 21,
        libc::S_IFIFO => 1 << 25,
        libc::S_IFSOCK => 1 << 24,
        _ => 0,
    };
    let special = [(libc::S_ISUID, 23), (libc::S_ISGID, 22), (libc::S_ISVTX, 20)];
    special
        .iter()
        .filter(|(bit, _)| mode & bit != 0)
        .fold(kind | mode & 0o777, |all, (_, place)| all | 1 << place)
}

#[cfg(test)]
mod tests {
    #[test]
    fn go_mode_has_gos_bits() {
        assert_eq!(super::go_mode(libc::S_IFDIR | 0o1777), 1 << 31 | 1 << 20 | 0o777);
        assert_eq!(super::go_mode(libc::S_IFREG | 0o6755), 1 << 23 | 1 << 22 | 0o755);
        assert_eq!(super::go_mode(libc::S_IFCHR | 0o666), 1 << 26 | 1 << 21 | 0o666);
    }
}
