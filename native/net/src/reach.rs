//! The `reach` job: whether a port answers, tried from inside a network namespace.

use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

use hbx_protocol::{Failure, frame, steps};
use serde::{Deserialize, Serialize};

use crate::op::PortProtocol;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Job {
    #[serde(rename = "t")]
    _kind: String,
    /// Whose namespace; without one, the daemon's.
    #[serde(default)]
    pid: Option<i32>,
    protocol: PortProtocol,
    address: String,
    port: u16,
    /// What is sent by UDP.
    #[serde(default, with = "serde_bytes")]
    payload: Vec<u8>,
    timeout_ms: u32,
}

#[derive(Serialize)]
struct Reached {
    t: &'static str,
    /// 0: it answered.
    errno: i32,
    #[serde(with = "serde_bytes")]
    reply: Vec<u8>,
}

/// `body` is the frame's MessagePack map; the frame that answers it.
pub fn run(body: &[u8]) -> Result<Vec<u8>, Failure> {
    let job: Job = frame::parse(body)?;
    let address: IpAddr = crate::address::parse_ip(&job.address)?;
    if let Some(pid) = job.pid {
        let path = format!("/proc/{pid}/ns/net");
        let failed = |e: io::Error| Failure::io(steps::NET_NAMESPACE, &e).at(&path);
        let namespace = File::open(&path).map_err(failed)?;
        // SAFETY: no pointers; this process is the job's own.
        if unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) } < 0 {
            return Err(failed(io::Error::last_os_error()));
        }
    }
    let to = SocketAddr::new(address, job.port);
    let patience = Duration::from_millis(u64::from(job.timeout_ms.clamp(1, 30_000)));
    let result = match job.protocol {
        PortProtocol::Tcp => TcpStream::connect_timeout(&to, patience).map(|_| Vec::new()),
        _ => ask(to, &job.payload, patience),
    };
    let (errno, reply) = match result {
        Ok(reply) => (0, reply),
        Err(e) => (errno_of(&e), Vec::new()),
    };
    Ok(frame::encode(&Reached {
        t: "done",
        errno,
        reply,
    }))
}

fn ask(to: SocketAddr, payload: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
    let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any)?;
    socket.set_read_timeout(Some(patience))?;
    socket.connect(to)?;
    socket.send(payload)?;
    let mut bytes = vec![0; 65536];
    let n = socket.recv(&mut bytes)?;
    bytes.truncate(n);
    Ok(bytes)
}

fn errno_of(error: &io::Error) -> i32 {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => libc::ETIMEDOUT,
        _ => error.raw_os_error().unwrap_or(libc::EIO),
    }
}
