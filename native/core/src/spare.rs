//! `prepare`: a connection's process becomes a spare, that is a shim with everything a container needs but a plan.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use hbx_protocol::messages::{NetPrepare, Prepare, Prepared};
use hbx_protocol::{Failure, frame, steps};

use crate::cgroup::Cgroup;
use crate::holder::Holder;
use crate::shim::{Parts, STALL_TIMEOUT, Shim, start};
use crate::sys::epoll::Epoll;
use crate::sys::{process, signal};

/// Longest path of a Unix socket, its final zero included.
const MAX_SOCKET_PATH: usize = 108;

pub fn become_spare(connection: UnixStream, prepare: &Prepare) -> Result<(), Failure> {
    process::new_session();
    process::set_name(c"hbx-shim");
    for signo in [libc::SIGHUP, libc::SIGPIPE, libc::SIGTERM, libc::SIGINT] {
        signal::ignore(signo);
    }
    signal::set_mask(&[libc::SIGCHLD]);
    let cgroup = Cgroup::create(&prepare.cgroup)?;
    match prepare_parts(&cgroup, prepare) {
        Ok((holder, newborn, listener)) => {
            let failed = |e: std::io::Error| Failure::io(steps::HOLDER, &e);
            let answer = Prepared::new(std::process::id() as i32, holder.pid);
            frame::write(&connection, &answer).map_err(failed)?;
            connection.set_nonblocking(true).map_err(failed)?;
            let shim = Shim::new(Parts {
                epoll: Epoll::new().map_err(failed)?,
                signals: signal::descriptor(&[libc::SIGCHLD]).map_err(failed)?,
                listener,
                control_socket: prepare.control_socket.clone(),
                cgroup,
                holder,
                newborn,
                host_network: prepare.net == NetPrepare::Host,
                stall_timeout: prepare
                    .stall_timeout_ms
                    .map_or(STALL_TIMEOUT, |ms| Duration::from_millis(ms.into())),
                starter: OwnedFd::from(connection),
            });
            shim.run()
        }
        Err(failure) => {
            cgroup.sweep(0);
            cgroup.remove();
            Err(failure)
        }
    }
}

fn prepare_parts(cgroup: &Cgroup, prepare: &Prepare) -> Result<(Holder, crate::shim::Newborn, UnixListener), Failure> {
    let holder = Holder::create(cgroup, &prepare.net, prepare.names.as_ref())?;
    let rest = (|| {
        let newborn = start::bear_init(&holder, start::USUAL_FLAGS, None)?;
        let listener = bind(&prepare.control_socket)?;
        Ok((newborn, listener))
    })();
    match rest {
        Ok((newborn, listener)) => Ok((holder, newborn, listener)),
        Err(failure) => {
            holder.end();
            Err(failure)
        }
    }
}

fn bind(path: &str) -> Result<UnixListener, Failure> {
    let failed = |e: std::io::Error| Failure::io(steps::CONTROL_SOCKET, &e).at(path);
    if path.len() >= MAX_SOCKET_PATH {
        return Err(Failure::new(steps::CONTROL_SOCKET, libc::ENAMETOOLONG).at(path));
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}
