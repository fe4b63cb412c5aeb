//! Kernel parameters of the container's own namespaces, written while /proc/sys is still writable.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::fd::BorrowedFd;

use hbx_protocol::plan::{NamespaceSource, Namespaces, NetSource};
use hbx_protocol::{Failure, steps};

use crate::fs;

const STEP: &str = steps::SYSCTL;

/// The namespace that a parameter belongs to. The other ones would change the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Net,
    Ipc,
    Uts,
}

/// `path` is relative to /proc/sys.
pub fn owner(path: &str) -> Option<Owner> {
    const IPC: &[&str] = &["kernel/sem", "kernel/shm_rmid_forced", "kernel/auto_msgmni"];
    const IPC_PREFIXES: &[&str] = &["kernel/shm", "kernel/msg", "fs/mqueue/"];
    match path {
        "kernel/hostname" | "kernel/domainname" => Some(Owner::Uts),
        _ if path.starts_with("net/") => Some(Owner::Net),
        _ if IPC.contains(&path) || IPC_PREFIXES.iter().any(|prefix| path.starts_with(prefix)) => Some(Owner::Ipc),
        _ => None,
    }
}

/// As sysctl(8): the first separator decides which one it is, so that `a/b.c` and `a.b/c` both work.
fn path_of(name: &str) -> String {
    match name.find(['.', '/']) {
        Some(at) if name.as_bytes().get(at) == Some(&b'.') => name
            .chars()
            .map(|c| match c {
                '.' => '/',
                '/' => '.',
                other => other,
            })
            .collect(),
        _ => name.to_owned(),
    }
}

pub fn apply(sysctls: &BTreeMap<String, String>, namespaces: &Namespaces, root: BorrowedFd) -> Result<(), Failure> {
    for (name, value) in sysctls {
        let failing = fs::failing(STEP, name);
        let refuse = |message: &str| Failure::new(STEP, libc::EPERM).at(name).saying(message);
        let path = path_of(name);
        let Some(owner) = owner(&path).filter(|_| !path.split('/').any(|part| matches!(part, "" | "." | ".."))) else {
            return Err(refuse("it is not a parameter of a namespace"));
        };
        let shared = match owner {
            Owner::Net => namespaces.net == NetSource::Host,
            Owner::Ipc => namespaces.ipc == NamespaceSource::Host,
            Owner::Uts => namespaces.uts == NamespaceSource::Host,
        };
        if shared {
            return Err(refuse("the container uses the host's namespace for it"));
        }
        let fd = fs::open_proc(root, &format!("/proc/sys/{path}"), libc::O_WRONLY).map_err(&failing)?;
        std::fs::File::from(fd).write_all(value.as_bytes()).map_err(&failing)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Owner, owner, path_of};

    #[test]
    fn only_namespaced_parameters_are_taken() {
        for (name, expected) in [
            ("net.ipv4.ip_forward", Owner::Net),
            ("kernel.shmmax", Owner::Ipc),
            ("kernel.msgmnb", Owner::Ipc),
            ("fs.mqueue.msg_max", Owner::Ipc),
            ("kernel.sem", Owner::Ipc),
            ("kernel.domainname", Owner::Uts),
        ] {
            assert_eq!(owner(&path_of(name)), Some(expected), "{name}");
        }
        for name in [
            "kernel.core_pattern",
            "vm.swappiness",
            "kernel.modprobe",
            "fs.file-max",
            "kernel.semaphore",
            "net",
        ] {
            assert_eq!(owner(&path_of(name)), None, "{name}");
        }
    }

    #[test]
    fn the_first_separator_decides() {
        assert_eq!(
            path_of("net.ipv4.conf.eth0/100.forwarding"),
            "net/ipv4/conf/eth0.100/forwarding"
        );
        assert_eq!(
            path_of("net/ipv4/conf/eth0.100/forwarding"),
            "net/ipv4/conf/eth0.100/forwarding"
        );
    }
}
