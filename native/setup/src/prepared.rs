//! Mounts made ahead, while nobody waits: each kernel file system that every container has takes 30 to 60 µs to make and
//! 5 µs to attach. They belong to the namespaces of the process that made them, so a plan that joins others' gets fresh ones.

use std::os::fd::{AsFd, OwnedFd};

use hbx_protocol::plan::{NamespaceSource, NetSource, RunPlan};

use crate::sys::{self, FsContext, MountAttr};
use crate::{cgroup, mounts};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Proc,
    Sysfs,
    Mqueue,
    Cgroup2,
    /// The usual terminals; other options need another instance.
    Devpts,
}

/// The options with which the daemon plans /dev/pts.
pub const USUAL_DEVPTS: &str = "newinstance,ptmxmode=0666,mode=0620,gid=5";

#[derive(Default)]
pub struct Prepared {
    mounts: Vec<(Kind, OwnedFd)>,
    hierarchies: Vec<cgroup::Hierarchy>,
}

impl Prepared {
    /// Called by the future init in its own namespaces. What can't be made now is made, or fails, at the start.
    pub fn make(v2_cgroup: bool) -> Self {
        let simple = |name| FsContext::open(name).and_then(|context| context.mount(0)).ok();
        let devpts = || {
            let context = FsContext::open(c"devpts").ok()?;
            mounts::configure(&context, USUAL_DEVPTS).ok()?;
            context.mount(0).ok()
        };
        let made = [
            (Kind::Proc, simple(c"proc")),
            (Kind::Sysfs, simple(c"sysfs")),
            (Kind::Mqueue, simple(c"mqueue")),
            (Kind::Cgroup2, if v2_cgroup { simple(c"cgroup2") } else { None }),
            (Kind::Devpts, devpts()),
        ];
        Self {
            mounts: made
                .into_iter()
                .filter_map(|(kind, mount)| Some((kind, mount?)))
                .collect(),
            hierarchies: if v2_cgroup {
                Vec::new()
            } else {
                cgroup::hierarchies(0).unwrap_or_default()
            },
        }
    }

    /// Keeps what fits the namespaces that the plan asks for.
    #[must_use]
    pub fn fitting(mut self, plan: &RunPlan) -> Self {
        let new = |source: &NamespaceSource| matches!(source, NamespaceSource::New);
        let spaces = &plan.namespaces;
        self.mounts.retain(|(kind, _)| match kind {
            Kind::Proc => new(&spaces.pid),
            Kind::Sysfs => matches!(spaces.net, NetSource::Prepared),
            Kind::Mqueue => new(&spaces.ipc),
            Kind::Cgroup2 => new(&spaces.cgroup),
            Kind::Devpts => true,
        });
        if !new(&spaces.cgroup) {
            self.hierarchies.clear();
        }
        self
    }

    /// The mount of this kind with the given MOUNT_ATTR_* bits, once.
    pub fn take(&mut self, kind: Kind, attributes: u64) -> Option<OwnedFd> {
        let at = self.mounts.iter().position(|(known, _)| *known == kind)?;
        let (_, mount) = self.mounts.swap_remove(at);
        set(&mount, attributes).ok()?;
        Some(mount)
    }

    pub fn take_hierarchies(&mut self, attributes: u64) -> Option<Vec<cgroup::Hierarchy>> {
        if self.hierarchies.is_empty() {
            return None;
        }
        let all = std::mem::take(&mut self.hierarchies);
        all.iter()
            .try_for_each(|hierarchy| set(&hierarchy.mount, attributes))
            .ok()?;
        Some(all)
    }
}

fn set(mount: &OwnedFd, attributes: u64) -> std::io::Result<()> {
    if attributes == 0 {
        return Ok(());
    }
    let attr_clr = if attributes & sys::MOUNT_ATTR_ATIME != 0 {
        sys::MOUNT_ATTR_ATIME
    } else {
        0
    };
    sys::set_mount_attr(
        mount.as_fd(),
        &MountAttr {
            attr_set: attributes,
            attr_clr,
            ..MountAttr::default()
        },
        false,
    )
}
