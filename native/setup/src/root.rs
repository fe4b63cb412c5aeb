//! The root filesystem: an overlay over the image's layers, attached where nobody looks, then pivoted into.

use std::os::fd::{AsFd, OwnedFd};

use hbx_protocol::Failure;
use hbx_protocol::plan::{Propagation, RootPlan};

use crate::container::Context;
use crate::namespaces::propagation_flags;
use crate::overlay;
use crate::sys::{self, MountAttr};

const STEP: &str = "root";

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
