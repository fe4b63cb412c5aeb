//! Kernel parameters of the container's own namespaces, written while /proc/sys is still writable.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::fd::BorrowedFd;

use hbx_protocol::Failure;

use crate::fs;

const STEP: &str = "sysctl";

/// Parameters that belong to a namespace; every other one would change the host.
pub fn is_namespaced(name: &str) -> bool {
    const EXACT: &[&str] = &[
        "kernel.sem",
        "kernel.hostname",
        "kernel.domainname",
        "kernel.shm_rmid_forced",
    ];
    const PREFIXES: &[&str] = &["kernel.shm", "kernel.msg", "fs.mqueue.", "net."];
    EXACT.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

pub fn apply(sysctls: &BTreeMap<String, String>, root: BorrowedFd) -> Result<(), Failure> {
    for (name, value) in sysctls {
        let failing = fs::failing(STEP, name);
        // As sysctl(8): the first separator decides which one it is, so that a/b.c and a.b/c both work.
        let path = match name.find(['.', '/']) {
            Some(at) if name.as_bytes().get(at) == Some(&b'.') => name
                .chars()
                .map(|c| match c {
                    '.' => '/',
                    '/' => '.',
                    other => other,
                })
                .collect(),
            _ => name.clone(),
        };
        if !is_namespaced(&path.replace('/', ".")) || path.split('/').any(|part| part == ".." || part.is_empty()) {
            return Err(Failure::new(STEP, libc::EPERM)
                .at(name)
                .saying("it is not a parameter of a namespace"));
        }
        let fd = fs::open(root, &format!("proc/sys/{path}"), libc::O_WRONLY | libc::O_NOFOLLOW).map_err(&failing)?;
        std::fs::File::from(fd).write_all(value.as_bytes()).map_err(&failing)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_namespaced;

    #[test]
    fn only_namespaced_parameters_are_taken() {
        for name in [
            "net.ipv4.ip_forward",
            "kernel.shmmax",
            "kernel.msgmnb",
            "fs.mqueue.msg_max",
            "kernel.sem",
        ] {
            assert!(is_namespaced(name), "{name}");
        }
        for name in [
            "kernel.core_pattern",
            "vm.swappiness",
            "kernel.modprobe",
            "fs.file-max",
            "kernel.semaphore",
        ] {
            assert!(!is_namespaced(name), "{name}");
        }
    }
}
