//! The root filesystem: an overlay over the image's layers, attached where nobody looks, then pivoted into.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use hbx_protocol::plan::{Propagation, RootPlan};
use hbx_protocol::{Failure, steps};

use crate::container::Context;
use crate::namespaces::propagation_flags;
use crate::overlay;
use crate::sys::{self, MountAttr};

const STEP: &str = steps::ROOT;

/// Mounts the overlay and attaches it over its own upper directory, which nobody needs by path in this namespace.
pub fn assemble(plan: &RootPlan, context: &Context) -> Result<OwnedFd, Failure> {
    let root = overlay::mount(plan, context)?;
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.upper);
    let place = sys::open_host(&plan.upper, libc::O_PATH | libc::O_DIRECTORY).map_err(failing)?;
    sys::attach(root.as_fd(), place.as_fd()).map_err(failing)?;
    Ok(root)
}

/// The last steps: the container's own propagation, the pivot, and read-only where asked.
pub fn enter(root: &OwnedFd, plan: &RootPlan) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(steps::PIVOT_ROOT, &e);
    sys::pivot_into(root.as_fd()).map_err(failing)?;
    if !matches!(plan.propagation, Propagation::Rprivate) {
        sys::set_propagation(propagation_flags(plan.propagation)).map_err(failing)?;
    }
    if plan.readonly {
        let attr = MountAttr {
            attr_set: sys::MOUNT_ATTR_RDONLY,
            ..MountAttr::default()
        };
        sys::set_mount_attr(root.as_fd(), &attr, false).map_err(|e| Failure::io(steps::READONLY_ROOT, &e))?;
    }
    Ok(())
}

/// Who enters this mount namespace later (an exec) lands on its root mount, wherever this process's `/` is. They must be
/// the same: under a daemon in a chroot the pivot moves only the chroot, and an exec would stand in the host's files.
pub fn prove(root: &OwnedFd, own_mounts: BorrowedFd) -> Result<(), Failure> {
    const STEP: &str = steps::PIVOT_ROOT;
    let failing = |e: std::io::Error| Failure::io(STEP, &e);
    sys::setns(own_mounts, libc::CLONE_NEWNS).map_err(failing)?;
    let here = std::fs::metadata("/").map_err(failing)?;
    let wanted = std::fs::File::from(root.try_clone().map_err(failing)?)
        .metadata()
        .map_err(failing)?;
    if (here.dev(), here.ino()) == (wanted.dev(), wanted.ino()) {
        return Ok(());
    }
    Err(Failure::new(STEP, libc::EINVAL).saying(
        "the daemon runs in a chroot, whose root is not that of its mount namespace; start it after pivot_root or outside",
    ))
}
