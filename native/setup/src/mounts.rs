//! Mounts below the new root, in the plan's order.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hbx_protocol::plan::{BindMount, DevptsMount, KernelMount, MountFlag, MountPlan, Propagation, TmpfsMount};
use hbx_protocol::{Failure, steps};

use crate::container::Context;
use crate::namespaces::propagation_flags;
use crate::prepared::{Kind, Prepared, USUAL_DEVPTS};
use crate::sys::{self, FsContext, MountAttr};
use crate::{cgroup, fs};

const STEP: &str = steps::MOUNT;

/// Copies of the bind sources, by the plans' order. Taken while the mounts here are still peers of the host's, so that a
/// bind that is to share or follow the host's later mounts can.
pub fn open_sources(plans: &[MountPlan]) -> Result<Vec<OwnedFd>, Failure> {
    let binds = plans.iter().filter_map(|plan| match plan {
        MountPlan::Bind(bind) => Some(bind),
        _ => None,
    });
    binds.map(open_source).collect()
}

pub fn apply(
    plans: &[MountPlan],
    sources: Vec<OwnedFd>,
    root: BorrowedFd,
    context: &Context,
    prepared: &mut Prepared,
) -> Result<(), Failure> {
    let mut sources = sources.into_iter();
    for plan in plans {
        match plan {
            MountPlan::Bind(bind) => match sources.next() {
                Some(source) => attach_bind(bind, &source, root)?,
                None => return Err(Failure::new(steps::MOUNT_SOURCE, libc::EBADF).at(&bind.source)),
            },
            MountPlan::Tmpfs(tmpfs) => apply_tmpfs(tmpfs, root)?,
            MountPlan::Proc(kernel) => apply_kernel(c"proc", kernel, root, prepared.take(Kind::Proc, bits(kernel)))?,
            MountPlan::Sysfs(kernel) => apply_sysfs(kernel, root, prepared.take(Kind::Sysfs, bits(kernel)))?,
            MountPlan::Mqueue(kernel) => {
                apply_kernel(c"mqueue", kernel, root, prepared.take(Kind::Mqueue, bits(kernel)))?
            }
            MountPlan::Cgroup(kernel) => cgroup::apply(kernel, root, context, prepared)?,
            MountPlan::Devpts(devpts) => apply_devpts(devpts, root, prepared)?,
        }
    }
    Ok(())
}

fn bits(plan: &KernelMount) -> u64 {
    attributes(&plan.flags, plan.readonly)
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

fn open_source(plan: &BindMount) -> Result<OwnedFd, Failure> {
    let failing = |e: std::io::Error| {
        Failure::io(steps::MOUNT_SOURCE, &e)
            .at(&plan.source)
            .saying(&plan.label)
    };
    let Some(namespace) = &plan.namespace else {
        let source = sys::open_host(&plan.source, libc::O_PATH).map_err(failing)?;
        return sys::clone_tree(source.as_fd(), plan.recursive).map_err(failing);
    };
    // The kernel copies mounts of the caller's own namespace only.
    let entering = |e: std::io::Error| Failure::io(steps::NAMESPACE_JOIN, &e).at(namespace);
    let own = sys::open_host("/proc/self/ns/mnt", libc::O_RDONLY).map_err(entering)?;
    let other = sys::open_host(namespace, libc::O_RDONLY).map_err(entering)?;
    sys::setns(other.as_fd(), libc::CLONE_NEWNS).map_err(entering)?;
    let copy =
        sys::open_host(&plan.source, libc::O_PATH).and_then(|source| sys::clone_tree(source.as_fd(), plan.recursive));
    sys::setns(own.as_fd(), libc::CLONE_NEWNS).map_err(entering)?;
    copy.map_err(failing)
}

/// A bind outside of the plan's list, from a host path that can still be named.
pub fn bind(plan: &BindMount, root: BorrowedFd) -> Result<(), Failure> {
    attach_bind(plan, &open_source(plan)?, root)
}

/// A mount over a file of procfs would feed the container's programs (and ours) lies about processes. These are the
/// statistics that lxcfs and its like replace.
fn refuse_procfs(target: &OwnedFd, path: &str) -> std::io::Result<()> {
    const STATISTICS: &[&str] = &[
        "/proc/cpuinfo",
        "/proc/diskstats",
        "/proc/loadavg",
        "/proc/meminfo",
        "/proc/slabinfo",
        "/proc/stat",
        "/proc/swaps",
        "/proc/uptime",
    ];
    if sys::file_system(target.as_fd())? == libc::PROC_SUPER_MAGIC && !STATISTICS.contains(&path) {
        return Err(std::io::Error::from_raw_os_error(libc::EPERM));
    }
    Ok(())
}

fn attach_bind(plan: &BindMount, mount: &OwnedFd, root: BorrowedFd) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.target).saying(&plan.label);
    let folder = sys::is_directory(mount.as_fd()).map_err(failing)?;
    let target = if folder {
        fs::find_or_make_directory(root, &plan.target)
    } else {
        fs::find_or_make_file(root, &plan.target)
    }
    .map_err(failing)?;
    if sys::is_directory(target.as_fd()).map_err(failing)? != folder {
        let (errno, kinds) = if folder {
            (libc::ENOTDIR, "the source is a directory, the target is none")
        } else {
            (libc::EISDIR, "the target is a directory, the source is none")
        };
        let text = format!("{}: {kinds}", plan.label);
        return Err(Failure::new(STEP, errno).at(&plan.target).saying(text));
    }
    refuse_procfs(&target, &plan.target).map_err(failing)?;
    let set = attributes(&plan.flags, plan.readonly);
    // The flags and the propagation are in force before anybody can see the mount. The propagation is set on all
    // mounts of a recursive bind, since a nested one left alone would still be a peer of the host's.
    let attr = MountAttr {
        attr_set: set,
        attr_clr: if set & sys::MOUNT_ATTR_ATIME != 0 {
            sys::MOUNT_ATTR_ATIME
        } else {
            0
        },
        propagation: (propagation_flags(plan.propagation) & !libc::MS_REC) as u64,
        ..MountAttr::default()
    };
    sys::set_mount_attr(mount.as_fd(), &attr, plan.recursive).map_err(failing)?;
    sys::attach(mount.as_fd(), target.as_fd()).map_err(failing)
}

pub fn apply_tmpfs(plan: &TmpfsMount, root: BorrowedFd) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.target).saying(&plan.label);
    let target = fs::find_or_make_directory(root, &plan.target).map_err(failing)?;
    refuse_procfs(&target, &plan.target).map_err(failing)?;
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
    if let Some(source) = source {
        crate::copy::copy_directory(&source, &mount).map_err(failing)?;
    }
    sys::attach(mount.as_fd(), target.as_fd()).map_err(failing)?;
    if late_readonly {
        let attr = MountAttr {
            attr_set: sys::MOUNT_ATTR_RDONLY,
            ..MountAttr::default()
        };
        sys::set_mount_attr(mount.as_fd(), &attr, false).map_err(failing)?;
    }
    Ok(())
}

fn apply_devpts(plan: &DevptsMount, root: BorrowedFd, prepared: &mut Prepared) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.target);
    let target = fs::find_or_make_plain_directory(root, &plan.target).map_err(failing)?;
    if plan.data == USUAL_DEVPTS
        && let Some(mount) = prepared.take(Kind::Devpts, attributes(&plan.flags, false))
    {
        return sys::attach(mount.as_fd(), target.as_fd()).map_err(failing);
    }
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

fn apply_kernel(kind: &CStr, plan: &KernelMount, root: BorrowedFd, ready: Option<OwnedFd>) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.target);
    let target = fs::find_or_make_plain_directory(root, &plan.target).map_err(failing)?;
    let mount = match ready {
        Some(mount) => mount,
        None => mount_kernel(kind, plan).map_err(failing)?,
    };
    sys::attach(mount.as_fd(), target.as_fd()).map_err(failing)
}

fn mount_kernel(kind: &CStr, plan: &KernelMount) -> std::io::Result<OwnedFd> {
    FsContext::open(kind)?.mount(attributes(&plan.flags, plan.readonly))
}

/// A user namespace that does not own the network namespace may not mount sysfs: it gets the host's, read-only.
fn apply_sysfs(plan: &KernelMount, root: BorrowedFd, ready: Option<OwnedFd>) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.target);
    match ready.map_or_else(|| mount_kernel(c"sysfs", plan), Ok) {
        Ok(mount) => {
            let target = fs::find_or_make_plain_directory(root, &plan.target).map_err(failing)?;
            sys::attach(mount.as_fd(), target.as_fd()).map_err(failing)
        }
        Err(e) if e.raw_os_error() == Some(libc::EPERM) => bind(
            &BindMount {
                source: "/sys".to_owned(),
                namespace: None,
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
pub fn configure(context: &FsContext, data: &str) -> std::io::Result<()> {
    let text = |value: &str| CString::new(value).map_err(|_| std::io::Error::from_raw_os_error(libc::EINVAL));
    for part in data.split(',').filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some((key, value)) => context.string(&text(key)?, &text(value)?)?,
            None => context.flag(&text(part)?)?,
        }
    }
    Ok(())
}
