//! Namespaces that are not made by the clone itself: the mount namespace, joins, the clock, names.

use std::os::fd::{AsFd, OwnedFd};

use hbx_protocol::plan::{NamespaceSource, NetSource, Propagation, RunPlan};
use hbx_protocol::{Failure, steps};

use crate::sys;

const MOUNT_NAMESPACE: &str = steps::MOUNT_NAMESPACE;

/// Leaves the host's mount namespace for a copy. Its mounts are still peers of the host's.
pub fn leave_mounts() -> Result<(), Failure> {
    sys::unshare(libc::CLONE_NEWNS).map_err(|e| Failure::io(MOUNT_NAMESPACE, &e))
}

/// From here on nothing we do to the mounts of this namespace reaches back.
pub fn cut_mounts() -> Result<(), Failure> {
    sys::set_propagation(libc::MS_PRIVATE | libc::MS_REC).map_err(|e| Failure::io(MOUNT_NAMESPACE, &e))
}

pub fn propagation_flags(propagation: Propagation) -> libc::c_ulong {
    match propagation {
        Propagation::Private => libc::MS_PRIVATE,
        Propagation::Rprivate => libc::MS_PRIVATE | libc::MS_REC,
        Propagation::Shared => libc::MS_SHARED,
        Propagation::Rshared => libc::MS_SHARED | libc::MS_REC,
        Propagation::Slave => libc::MS_SLAVE,
        Propagation::Rslave => libc::MS_SLAVE | libc::MS_REC,
    }
}

/// Enters the namespaces of other processes. The pid namespace was chosen by the clone already.
pub fn join(plan: &RunPlan) -> Result<(), Failure> {
    let wanted = [
        (&plan.namespaces.uts, libc::CLONE_NEWUTS),
        (&plan.namespaces.ipc, libc::CLONE_NEWIPC),
        (&plan.namespaces.cgroup, libc::CLONE_NEWCGROUP),
    ];
    for (source, kind) in wanted {
        if let NamespaceSource::Join { path } = source {
            enter(path, kind)?;
        }
    }
    if let NetSource::Join { path } = &plan.namespaces.net {
        enter(path, libc::CLONE_NEWNET)?;
    }
    Ok(())
}

fn enter(path: &str, kind: i32) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(steps::NAMESPACE_JOIN, &e).at(path);
    let fd = sys::open_host(path, libc::O_RDONLY).map_err(failing)?;
    sys::setns(fd.as_fd(), kind).map_err(failing)
}

/// Shifts the clocks: the offsets must be written before anybody enters the new time namespace.
pub fn shift_time(plan: &RunPlan) -> Result<(), Failure> {
    const STEP: &str = steps::TIME_NAMESPACE;
    let Some(offsets) = &plan.namespaces.time else {
        return Ok(());
    };
    let failing = |e: std::io::Error| Failure::io(STEP, &e);
    sys::unshare(libc::CLONE_NEWTIME).map_err(failing)?;
    let text = format!(
        "monotonic {} 0\nboottime {} 0\n",
        offsets.monotonic_offset_sec, offsets.boottime_offset_sec
    );
    std::fs::write("/proc/self/timens_offsets", text).map_err(failing)?;
    let fd = sys::open_host("/proc/self/ns/time_for_children", libc::O_RDONLY).map_err(failing)?;
    sys::setns(fd.as_fd(), libc::CLONE_NEWTIME).map_err(failing)
}

pub fn set_names(plan: &RunPlan) -> Result<(), Failure> {
    if !matches!(plan.namespaces.uts, NamespaceSource::New) {
        return Ok(());
    }
    if !plan.hostname.is_empty() {
        sys::set_hostname(&plan.hostname).map_err(|e| Failure::io(steps::HOSTNAME, &e))?;
    }
    if !plan.domainname.is_empty() {
        sys::set_domainname(&plan.domainname).map_err(|e| Failure::io(steps::DOMAINNAME, &e))?;
    }
    Ok(())
}

/// This process's mount namespace, to come back to its root later.
pub fn own_mounts() -> Result<OwnedFd, Failure> {
    sys::open_host("/proc/self/ns/mnt", libc::O_RDONLY).map_err(|e| Failure::io(MOUNT_NAMESPACE, &e))
}
