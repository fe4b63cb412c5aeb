//! What the container sees of its cgroups: its own part only, since it has a cgroup namespace.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hbx_protocol::plan::{KernelMount, TmpfsMount};
use hbx_protocol::{Failure, steps};

use crate::container::Context;
use crate::mounts::attributes;
use crate::prepared::{Kind, Prepared};
use crate::sys::{self, FsContext, MountAttr};
use crate::{fs, mounts};

const STEP: &str = steps::MOUNT_CGROUP;

/// A mounted v1 hierarchy: its controllers, comma-separated, and a detached mount.
pub struct Hierarchy {
    pub names: String,
    pub mount: OwnedFd,
}

pub fn apply(plan: &KernelMount, root: BorrowedFd, context: &Context, prepared: &mut Prepared) -> Result<(), Failure> {
    if context.v2_cgroup {
        unified(plan, root, prepared)
    } else {
        controllers(plan, root, prepared)
    }
}

/// Every v1 hierarchy of this process, mounted with its own cgroup as the root.
pub fn hierarchies(bits: u64) -> std::io::Result<Vec<Hierarchy>> {
    let own = std::fs::read_to_string("/proc/self/cgroup")?;
    let mut found = Vec::new();
    for names in own
        .lines()
        .filter_map(|line| line.split(':').nth(1))
        .filter(|names| !names.is_empty())
    {
        match mount_hierarchy(names, bits) {
            // A hierarchy that belongs to another user namespace is not for us to show.
            Err(e) if e.raw_os_error() == Some(libc::EPERM) && sys::in_user_namespace() => {}
            other => found.push(Hierarchy {
                names: names.to_owned(),
                mount: other?,
            }),
        }
    }
    Ok(found)
}

fn unified(plan: &KernelMount, root: BorrowedFd, prepared: &mut Prepared) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.target);
    let target = fs::find_or_make_plain_directory(root, &plan.target).map_err(failing)?;
    let bits = attributes(&plan.flags, plan.readonly);
    let mount = match prepared.take(Kind::Cgroup2, bits) {
        Some(mount) => Ok(mount),
        None => FsContext::open(c"cgroup2").and_then(|context| context.mount(bits)),
    };
    let mount = match mount {
        // A user namespace that does not own the cgroup namespace sees the host's, read-only.
        Err(e) if e.raw_os_error() == Some(libc::EPERM) => {
            let host = sys::open_host("/sys/fs/cgroup", libc::O_PATH).map_err(failing)?;
            let tree = sys::clone_tree(host.as_fd(), true).map_err(failing)?;
            let attr = MountAttr {
                attr_set: sys::MOUNT_ATTR_RDONLY,
                ..MountAttr::default()
            };
            sys::set_mount_attr(tree.as_fd(), &attr, true).map_err(failing)?;
            tree
        }
        other => other.map_err(failing)?,
    };
    sys::attach(mount.as_fd(), target.as_fd()).map_err(failing)
}

/// One mount a hierarchy below a tmpfs, and links for controllers that share one, as every v1 host has them.
fn controllers(plan: &KernelMount, root: BorrowedFd, prepared: &mut Prepared) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&plan.target);
    let base = TmpfsMount {
        target: plan.target.clone(),
        data: "mode=755,size=64k".to_owned(),
        readonly: false,
        flags: plan.flags.clone(),
        copy_up: false,
        label: "cgroup".to_owned(),
    };
    mounts::apply_tmpfs(&base, root)?;
    let directory = fs::open(root, &plan.target, libc::O_RDONLY | libc::O_DIRECTORY).map_err(failing)?;
    let bits = attributes(&plan.flags, plan.readonly);
    let hierarchies = match prepared.take_hierarchies(bits) {
        Some(ready) => ready,
        None => hierarchies(bits).map_err(failing)?,
    };
    for Hierarchy { names, mount } in &hierarchies {
        let folder = names.strip_prefix("name=").unwrap_or(names);
        let name = CString::new(folder).map_err(|_| Failure::new(STEP, libc::EINVAL))?;
        sys::mkdir(directory.as_fd(), &name, 0o755).map_err(failing)?;
        let place = fs::find(directory.as_fd(), folder).map_err(failing)?;
        sys::attach(mount.as_fd(), place.as_fd()).map_err(failing)?;
        if folder.contains(',') {
            for alias in folder.split(',') {
                let alias = CString::new(alias).map_err(|_| Failure::new(STEP, libc::EINVAL))?;
                sys::symlink(&name, directory.as_fd(), &alias).map_err(failing)?;
            }
        }
    }
    if plan.readonly {
        let top = fs::find(root, &plan.target).map_err(failing)?;
        let attr = MountAttr {
            attr_set: sys::MOUNT_ATTR_RDONLY,
            ..MountAttr::default()
        };
        sys::set_mount_attr(top.as_fd(), &attr, false).map_err(failing)?;
    }
    Ok(())
}

fn mount_hierarchy(names: &str, bits: u64) -> std::io::Result<OwnedFd> {
    let text = |value: &str| CString::new(value).map_err(|_| std::io::Error::from_raw_os_error(libc::EINVAL));
    let context = FsContext::open(c"cgroup")?;
    if let Some(name) = names.strip_prefix("name=") {
        context.flag(c"none")?;
        context.string(c"name", &text(name)?)?;
    } else {
        for controller in names.split(',') {
            context.flag(&text(controller)?)?;
        }
    }
    context.mount(bits)
}
