//! From a child that still sees the host to one that stands in its own root filesystem.

use std::os::fd::{AsFd, BorrowedFd};

use hbx_protocol::plan::RunPlan;
use hbx_protocol::{Failure, Timings, steps};

use crate::prepared::Prepared;
use crate::{devices, hide, mounts, namespaces, root, sys, sysctl, validate};

/// What the core made ahead.
pub struct Context<'a> {
    /// A user namespace with the plan's maps, for idmapped mounts.
    pub userns: Option<BorrowedFd<'a>>,
    pub v2_cgroup: bool,
}

/// Builds the container around this process. Runs with every capability; returns in `/` of the new root.
pub fn build(plan: &RunPlan, context: &Context, prepared: Prepared, timings: &mut Timings) -> Result<(), Failure> {
    validate::check(plan)?;
    // While we are inside with our own program, nobody may look into this process.
    sys::prctl(libc::PR_SET_DUMPABLE, 0).map_err(|e| Failure::io(steps::DUMPABLE, &e))?;
    // SAFETY: umask cannot fail and touches nothing but this process's own mask.
    unsafe { libc::umask(0) };
    namespaces::leave_mounts()?;
    let own_mounts = namespaces::own_mounts()?;
    let sources = mounts::open_sources(&plan.mounts)?;
    namespaces::cut_mounts()?;
    timings.mark("mount_namespace");
    namespaces::join(plan)?;
    namespaces::shift_time(plan)?;
    namespaces::set_names(plan)?;
    timings.mark("namespaces");
    let root = root::assemble(&plan.root, context)?;
    timings.mark("root");
    mounts::apply(
        &plan.mounts,
        sources,
        root.as_fd(),
        context,
        &mut prepared.fitting(plan),
    )?;
    timings.mark("mounts");
    devices::make(&plan.devices, &plan.symlinks, root.as_fd())?;
    timings.mark("devices");
    sysctl::apply(&plan.sysctls, &plan.namespaces, root.as_fd())?;
    hide::make_readonly(&plan.readonly_paths, root.as_fd())?;
    hide::mask(&plan.masked_paths, root.as_fd())?;
    timings.mark("hide");
    root::enter(&root, &plan.root)?;
    root::prove(&root, own_mounts.as_fd())?;
    // SAFETY: as above.
    unsafe { libc::umask(0o022) };
    timings.mark("pivot_root");
    Ok(())
}
