//! `nameService`: a connection's process becomes the name service of the home. It outlives the daemon, as shims do.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use hbx_dns::{Options, listen};
use hbx_protocol::messages::Done;
use hbx_protocol::{Failure, frame};
use serde::Deserialize;

use crate::sys::{memory, process, signal};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NameService {
    #[serde(rename = "t")]
    _kind: String,
    /// Where it listens for the daemon and for namespaces being prepared.
    socket: PathBuf,
    /// The file that names the host's resolvers.
    resolv_conf: PathBuf,
}

pub fn become_name_service(connection: UnixStream, body: &[u8]) -> Result<(), Failure> {
    let NameService {
        socket, resolv_conf, ..
    } = frame::parse(body)?;
    process::new_session();
    process::set_name(c"hbx-dns");
    for signo in [libc::SIGHUP, libc::SIGPIPE, libc::SIGINT] {
        signal::ignore(signo);
    }
    let listening = listen(Options { socket, resolv_conf })?;
    // It lives on when its first user, who may be gone already, does not hear of it.
    let _ = frame::write(&connection, &Done::new());
    drop(connection);
    memory::trim_heap();
    listening.serve();
    Ok(())
}
