//! Probes that mount: in a mount namespace of their own, on a tmpfs.

use std::ffi::{CStr, CString};
use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use hbx_protocol::plan::{IdMap, UserNamespace};

use super::{Outcome, because};
use crate::shim::user_namespace;
use crate::sys::{check, process};

/// A directory that every host has and that the probe can cover.
const STAGE: &str = "/proc";

fn mount(kind: &str, target: &str, flags: u64, data: &str) -> Result<(), String> {
    let text = |s: &str| CString::new(s).map_err(|e| e.to_string());
    let (kind_c, target_c, data_c) = (text(kind)?, text(target)?, text(data)?);
    // SAFETY: C strings that outlive the call.
    let result = unsafe {
        libc::mount(
            kind_c.as_ptr(),
            target_c.as_ptr(),
            kind_c.as_ptr(),
            flags,
            data_c.as_ptr().cast(),
        )
    };
    check(i64::from(result))
        .map(|_| ())
        .map_err(because(&format!("mount {kind} {data}")))
}

/// An empty tmpfs with directories, invisible to the host.
fn stage(dirs: &[&str]) -> Result<(), String> {
    process::unshare(libc::CLONE_NEWNS).map_err(because("new mount namespace"))?;
    mount("none", "/", libc::MS_REC | libc::MS_PRIVATE, "")?;
    mount("tmpfs", STAGE, 0, "")?;
    for dir in dirs {
        fs::create_dir(format!("{STAGE}/{dir}")).map_err(because("mkdir"))?;
    }
    Ok(())
}

pub fn overlay(volatile: bool) -> Outcome {
    stage(&["l", "u", "w", "m"])?;
    let more = if volatile { ",volatile" } else { "" };
    let data = format!("lowerdir={STAGE}/l,upperdir={STAGE}/u,workdir={STAGE}/w{more}");
    mount("overlay", &format!("{STAGE}/m"), 0, &data).map(|()| "mounted".to_owned())
}

pub fn overlay_data_only() -> Outcome {
    stage(&["l", "d", "m"])?;
    let data = format!("lowerdir={STAGE}/l::{STAGE}/d,metacopy=on");
    mount("overlay", &format!("{STAGE}/m"), 0, &data).map(|()| "mounted".to_owned())
}

/// Whether the kernel has the file system, perhaps as a module that it loads now.
pub fn known(name: &CStr) -> Outcome {
    // SAFETY: a C string; the descriptor returned is ours.
    let fd = check(unsafe { libc::syscall(libc::SYS_fsopen, name.as_ptr(), 1) }).map_err(because("fsopen"))?;
    drop(unsafe { OwnedFd::from_raw_fd(fd as i32) });
    Ok("known to the kernel".to_owned())
}

pub fn idmapped_mount() -> Outcome {
    let map = vec![IdMap {
        container_id: 0,
        host_id: 100_000,
        size: 65_536,
    }];
    let namespace = user_namespace::create(&UserNamespace {
        uid_map: map.clone(),
        gid_map: map,
    })
    .map_err(|failure| failure.to_string())?;
    stage(&["m"])?;
    let path = CString::new(format!("{STAGE}/m")).map_err(|e| e.to_string())?;
    // SAFETY: a C string; the descriptor returned is ours.
    let tree = unsafe {
        let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC;
        let fd = check(libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags));
        OwnedFd::from_raw_fd(fd.map_err(because("open_tree"))? as i32)
    };
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_IDMAP,
        attr_clr: 0,
        propagation: 0,
        userns_fd: namespace.as_raw_fd() as u64,
    };
    let (fd, size) = (tree.as_raw_fd(), size_of::<libc::mount_attr>());
    // SAFETY: `attributes` and the empty path outlive the call.
    let result = unsafe {
        let at = &raw const attributes;
        libc::syscall(libc::SYS_mount_setattr, fd, c"".as_ptr(), libc::AT_EMPTY_PATH, at, size)
    };
    check(result)
        .map(|_| "works on tmpfs".to_owned())
        .map_err(because("mount_setattr"))
}
