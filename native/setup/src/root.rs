//! The root filesystem: an overlay over the image's layers, attached where nobody looks, then pivoted into.

use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};

use hbx_protocol::Failure;
use hbx_protocol::plan::{Propagation, RootPlan};

use crate::container::Context;
use crate::namespaces::propagation_flags;
use crate::sys::{self, FsContext, MountAttr};

const STEP: &str = "root";

/// Mounts the overlay and attaches it over its own upper directory, which nobody needs by path in this namespace.
pub fn assemble(plan: &RootPlan, context: &Context) -> Result<OwnedFd, Failure> {
    let root = mount_overlay(plan, context)?;
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.upper);
    let place = sys::open_host(&plan.upper, libc::O_PATH | libc::O_DIRECTORY).map_err(failing)?;
    let place = if matches!(plan.propagation, Propagation::Shared | Propagation::Rshared) {
        // pivot_root refuses a root whose parent mount is shared.
        let parent = sys::clone_tree(place.as_fd(), false).map_err(failing)?;
        sys::attach(parent.as_fd(), place.as_fd()).map_err(failing)?;
        let private = MountAttr {
            propagation: libc::MS_PRIVATE as u64,
            ..MountAttr::default()
        };
        sys::set_mount_attr(parent.as_fd(), &private, false).map_err(failing)?;
        parent
    } else {
        place
    };
    sys::attach(root.as_fd(), place.as_fd()).map_err(failing)?;
    Ok(root)
}

fn mount_overlay(plan: &RootPlan, context: &Context) -> Result<OwnedFd, Failure> {
    let idmapped = if plan.idmap {
        idmap_lowers(plan, context)?
    } else {
        Vec::new()
    };
    let fs = FsContext::open(c"overlay").map_err(|e| Failure::io(STEP, &e).saying("overlayfs is not available"))?;
    let failing = |e: std::io::Error| {
        let failure = Failure::io(STEP, &e);
        match fs.complaint() {
            Some(text) => failure.saying(text),
            None => failure,
        }
    };
    let text = |value: &str| CString::new(value).map_err(|_| Failure::new(STEP, libc::EINVAL));
    for (index, lower) in plan.lowers.iter().enumerate() {
        let path = match idmapped.get(index) {
            Some(fd) => format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(fd)),
            None => lower.clone(),
        };
        fs.string(c"lowerdir+", &*text(&path)?)
            .map_err(|e| failing(e).at(lower))?;
    }
    fs.string(c"upperdir", &*text(&plan.upper)?)
        .map_err(|e| failing(e).at(&plan.upper))?;
    fs.string(c"workdir", &*text(&plan.work)?)
        .map_err(|e| failing(e).at(&plan.work))?;
    if plan.volatile {
        fs.flag(c"volatile").map_err(&failing)?;
    }
    if sys::in_user_namespace() {
        fs.flag(c"userxattr").map_err(&failing)?;
    }
    fs.string(c"source", c"overlay").map_err(&failing)?;
    fs.mount(0).map_err(failing)
}

fn idmap_lowers(plan: &RootPlan, context: &Context) -> Result<Vec<OwnedFd>, Failure> {
    let Some(userns) = context.userns else {
        return Err(Failure::new(STEP, libc::EINVAL).saying("idmapped layers need a user namespace"));
    };
    let mut mounts = Vec::with_capacity(plan.lowers.len());
    for lower in &plan.lowers {
        let failing = |e: std::io::Error| Failure::io("idmap", &e).at(lower);
        let place = sys::open_host(lower, libc::O_PATH | libc::O_DIRECTORY).map_err(failing)?;
        let mount = sys::clone_tree(place.as_fd(), false).map_err(failing)?;
        let attr = MountAttr {
            attr_set: sys::MOUNT_ATTR_IDMAP,
            userns_fd: std::os::fd::AsRawFd::as_raw_fd(&userns) as u64,
            ..MountAttr::default()
        };
        sys::set_mount_attr(mount.as_fd(), &attr, false).map_err(failing)?;
        mounts.push(mount);
    }
    Ok(mounts)
}

/// The last steps: the container's own propagation, the pivot, and read-only where asked.
pub fn enter(root: &OwnedFd, plan: &RootPlan) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io("pivot_root", &e);
    sys::pivot_into(root.as_fd()).map_err(failing)?;
    if !matches!(plan.propagation, Propagation::Rprivate) {
        sys::set_propagation(propagation_flags(plan.propagation)).map_err(failing)?;
    }
    if plan.readonly {
        let attr = MountAttr {
            attr_set: sys::MOUNT_ATTR_RDONLY,
            ..MountAttr::default()
        };
        sys::set_mount_attr(root.as_fd(), &attr, false).map_err(|e| Failure::io("readonly_root", &e))?;
    }
    Ok(())
}
