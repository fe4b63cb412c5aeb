//! A user namespace made ahead: a short-lived child holds it while its maps are written.

use std::os::fd::OwnedFd;

use hbx_protocol::plan::{IdMap, UserNamespace};
use hbx_protocol::{Failure, steps};

use crate::sys::{clone, fd, process};

pub fn create(plan: &UserNamespace) -> Result<OwnedFd, Failure> {
    let failed = |e: std::io::Error| Failure::io(steps::USER_NAMESPACE, &e);
    let (ours, theirs) = fd::socket_pair(libc::SOCK_STREAM).map_err(failed)?;
    let Some(pid) = clone::clone3(libc::CLONE_NEWUSER as u64, None).map_err(failed)? else {
        drop(ours);
        let _ = fd::read(&theirs, &mut [0]); // until the parent is done, or dead
        clone::exit_now(0);
    };
    drop(theirs);
    let namespace = (|| {
        for (file, map) in [("uid_map", &plan.uid_map), ("gid_map", &plan.gid_map)] {
            let path = format!("/proc/{pid}/{file}");
            fd::write_file(&path, map_text(map).as_bytes()).map_err(|e| failed(e).saying(file))?;
        }
        fd::open(&format!("/proc/{pid}/ns/user"), libc::O_RDONLY, 0).map_err(failed)
    })();
    drop(ours);
    let _ = process::kill(pid, libc::SIGKILL);
    clone::wait_for(pid);
    namespace
}

fn map_text(map: &[IdMap]) -> String {
    map.iter()
        .map(|m| format!("{} {} {}\n", m.container_id, m.host_id, m.size))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn map_text_is_what_the_kernel_reads() {
        let map = [
            IdMap {
                container_id: 0,
                host_id: 100_000,
                size: 65_536,
            },
            IdMap {
                container_id: 65_536,
                host_id: 5,
                size: 1,
            },
        ];
        assert_eq!(map_text(&map), "0 100000 65536\n65536 5 1\n");
    }
}
