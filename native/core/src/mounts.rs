//! `holdMounts`: a process that keeps mounted images open for as long as the daemon keeps its connection. They are attached
//! nowhere: others reach them as `/proc/PID/fd/N`, and they are gone with this process whatever ends it.

use std::collections::HashMap;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use hbx_protocol::messages::{Done, Failed};
use hbx_protocol::{Failure, frame, steps};
use hbx_setup::image;
use serde::{Deserialize, Serialize};

use crate::sys::process;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    t: String,
    seq: Option<u32>,
    path: Option<String>,
    fd: Option<RawFd>,
}

#[derive(Serialize)]
struct Mounted {
    t: &'static str,
    pid: u32,
    fd: RawFd,
}

pub fn hold(connection: &UnixStream) -> Result<(), Failure> {
    process::set_name(c"hbx-mounts");
    hbx_storage::host::raise_open_files();
    let mut held: HashMap<RawFd, OwnedFd> = HashMap::new();
    send(connection, &Done::new())?;
    while let Some(body) = frame::read(connection)? {
        let request: Request = frame::parse(&body)?;
        match answer(&request, &mut held) {
            Ok(Some(fd)) => send(
                connection,
                &Mounted {
                    t: "done",
                    pid: std::process::id(),
                    fd,
                },
            )?,
            Ok(None) => send(connection, &Done::new())?,
            Err(failure) => send(connection, &Failed::new(request.seq, &failure))?,
        }
    }
    Ok(())
}

fn answer(request: &Request, held: &mut HashMap<RawFd, OwnedFd>) -> Result<Option<RawFd>, Failure> {
    match (request.t.as_str(), &request.path, request.fd) {
        ("mountImage", Some(path), None) => {
            let mount = image::mount(path)?;
            let fd = mount.as_raw_fd();
            held.insert(fd, mount);
            Ok(Some(fd))
        }
        ("unmountImage", None, Some(fd)) => {
            held.remove(&fd);
            Ok(None)
        }
        (other, ..) => {
            Err(Failure::new(steps::PROTOCOL, 0).saying(format!("a request of type {other:.40} is not expected here")))
        }
    }
}

fn send(connection: &UnixStream, value: &impl Serialize) -> Result<(), Failure> {
    frame::write(connection, value).map_err(|e| Failure::io(steps::PROTOCOL, &e))
}
