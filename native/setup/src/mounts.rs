//! Mounts below the new root, in the plan's order.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hbx_protocol::Failure;
use hbx_protocol::plan::{BindMount, DevptsMount, KernelMount, MountFlag, MountPlan, Propagation, TmpfsMount};

use crate::container::Context;
use crate::namespaces::propagation_flags;
use crate::sys::{self, FsContext, MountAttr};
use crate::{cgroup, fs};

const STEP: &str = "mount";

/// Bind sources are opened while host paths still mean the host; the copies are attached in their turn.
pub fn apply(plans: &[MountPlan], root: BorrowedFd, context: &Context) -> Result<(), Failure> {
    for plan in plans {
        match plan {
            MountPlan::Bind(bind) => apply_bind(bind, root)?,
            MountPlan::Tmpfs(tmpfs) => apply_tmpfs(tmpfs, root)?,
            MountPlan::Proc(kernel) => apply_kernel(c"proc", kernel, root)?,
            MountPlan::Sysfs(kernel) => apply_sysfs(kernel, root)?,
            MountPlan::Mqueue(kernel) => apply_kernel(c"mqueue", kernel, root)?,
            MountPlan::Cgroup(kernel) => cgroup::apply(kernel, root, context)?,
            MountPlan::Devpts(devpts) => apply_devpts(devpts, root)?,
        }
    }
    Ok(())
}

pub fn attributes(flags: &[MountFlag], readonly: bool) -> u64 {
    let mut bits = if readonly { sys::MOUNT_ATTR_RDONLY } else { 0 };
    for flag in flags {
        bits |= match flag {
            MountFlag::Nosuid => sys::MOUNT_ATTR_NOSUID,
            MountFlag::Nodev => sys::MOUNT_ATTR_NODEV,
            MountFlag::Noexec => sys::MOUNT_ATTR_NOEXEC,
            MountFlag::Relatime => 0,
            MountFlag::Noatime => sys::MOUNT_ATTR_NOATIME,
            MountFlag::Strictatime => sys::MOUNT_ATTR_STRICTATIME,
        };
    }
    bits
}

fn apply_bind(plan: &BindMount, root: BorrowedFd) -> Result<(), Failure> {
    let source_failing = |e: std::io::Error| Failure::io("mount_source", &e).at(&plan.source).saying(&plan.label);
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.target).saying(&plan.label);
    let source = sys::open_host(&plan.source, libc::O_PATH).map_err(source_failing)?;
    let target = if sys::is_directory(source.as_fd()).map_err(source_failing)? {
        fs::find_or_make_directory(root, &plan.target)
    } else {
        fs::find_or_make_file(root, &plan.target)
    }
    .map_err(failing)?;
    let mount = sys::clone_tree(source.as_fd(), plan.recursive).map_err(source_failing)?;
    let set = attributes(&plan.flags, plan.readonly);
    let clear = if set & sys::MOUNT_ATTR_ATIME != 0 {
        sys::MOUNT_ATTR_ATIME
    } else {
        0
    };
    let recursive_propagation = propagation_flags(plan.propagation) & libc::MS_REC != 0;
    if set != 0 {
        let attr = MountAttr {
            attr_set: set,
            attr_clr: clear,
            ..MountAttr::default()
        };
        sys::set_mount_attr(mount.as_fd(), &attr, plan.recursive).map_err(failing)?;
    }
    sys::attach(mount.as_fd(), target.as_fd()).map_err(failing)?;
    if !matches!(plan.propagation, Propagation::Rprivate) {
        let kind = propagation_flags(plan.propagation) & !libc::MS_REC;
        let attr = MountAttr {
            propagation: kind as u64,
            ..MountAttr::default()
        };
        sys::set_mount_attr(mount.as_fd(), &attr, recursive_propagation).map_err(failing)?;
    }
    Ok(())
}

fn apply_tmpfs(plan: &TmpfsMount, root: BorrowedFd) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.target).saying(&plan.label);
    let target = fs::find_or_make_directory(root, &plan.target).map_err(failing)?;
    let source = plan
        .copy_up
        .then(|| fs::open(root, &plan.target, libc::O_RDONLY | libc::O_DIRECTORY))
        .transpose()
        .map_err(failing)?;
    let context = FsContext::open(c"tmpfs").map_err(failing)?;
    configure(&context, &plan.data).map_err(|e| match context.complaint() {
        Some(text) => failing(e).saying(format!("{}: {text}", plan.label)),
        None => failing(e),
    })?;
    let late_readonly = plan.readonly && plan.copy_up;
    let mount = context
        .mount(attributes(&plan.flags, plan.readonly && !late_readonly))
        .map_err(failing)?;
    sys::attach(mount.as_fd(), target.as_fd()).map_err(failing)?;
    if let Some(source) = source {
        crate::copy::copy_directory(&source, &mount).map_err(failing)?;
    }
    if late_readonly {
        let attr = MountAttr {
            attr_set: sys::MOUNT_ATTR_RDONLY,
            ..MountAttr::default()
        };
        sys::set_mount_attr(mount.as_fd(), &attr, false).map_err(failing)?;
    }
    Ok(())
}

fn apply_devpts(plan: &DevptsMount, root: BorrowedFd) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.target);
    let target = fs::find_or_make_directory(root, &plan.target).map_err(failing)?;
    let context = FsContext::open(c"devpts").map_err(failing)?;
    configure(&context, &plan.data).map_err(failing)?;
    let mount = match context.mount(attributes(&plan.flags, false)) {
        // Group 5 is not mapped in a user namespace with one id: the terminal belongs to its user then.
        Err(e) if e.raw_os_error() == Some(libc::EINVAL) && plan.data.contains("gid=") => {
            let context = FsContext::open(c"devpts").map_err(failing)?;
            let without: Vec<&str> = plan.data.split(',').filter(|part| !part.starts_with("gid=")).collect();
            configure(&context, &without.join(",")).map_err(failing)?;
            context.mount(attributes(&plan.flags, false)).map_err(failing)?
        }
        other => other.map_err(failing)?,
    };
    sys::attach(mount.as_fd(), target.as_fd()).map_err(failing)
}

fn apply_kernel(kind: &CStr, plan: &KernelMount, root: BorrowedFd) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.target);
    let target = fs::find_or_make_directory(root, &plan.target).map_err(failing)?;
    let mount = mount_kernel(kind, plan).map_err(failing)?;
    sys::attach(mount.as_fd(), target.as_fd()).map_err(failing)
}

fn mount_kernel(kind: &CStr, plan: &KernelMount) -> std::io::Result<OwnedFd> {
    FsContext::open(kind)?.mount(attributes(&plan.flags, plan.readonly))
}

/// A user namespace that does not own the network namespace may not mount sysfs: it gets the host's, read-only.
fn apply_sysfs(plan: &KernelMount, root: BorrowedFd) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.target);
    match mount_kernel(c"sysfs", plan) {
        Ok(mount) => {
            let target = fs::find_or_make_directory(root, &plan.target).map_err(failing)?;
            sys::attach(mount.as_fd(), target.as_fd()).map_err(failing)
        }
        Err(e) if e.raw_os_error() == Some(libc::EPERM) => apply_bind(
            &BindMount {
                source: "/sys".to_owned(),
                target: plan.target.clone(),
                readonly: true,
                recursive: true,
                propagation: Propagation::Rprivate,
                flags: plan.flags.clone(),
                label: "sysfs".to_owned(),
            },
            root,
        ),
        Err(e) => Err(failing(e)),
    }
}

/// Hands `key=value,flag,…` to the file system, one by one.
fn configure(context: &FsContext, data: &str) -> std::io::Result<()> {
    let text = |value: &str| CString::new(value).map_err(|_| std::io::Error::from_raw_os_error(libc::EINVAL));
    for part in data.split(',').filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some((key, value)) => context.string(&*text(key)?, &*text(value)?)?,
            None => context.flag(&*text(part)?)?,
        }
    }
    Ok(())
}
