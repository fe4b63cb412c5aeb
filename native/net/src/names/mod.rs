//! The way from a namespace to the name service: two sockets of the namespace, opened here and served elsewhere, and a
//! redirect of 127.0.0.11:53 to them. Port 53 itself stays free for the container.

mod hand_over;
mod redirect;

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use hbx_protocol::messages::NamesPrepare;
use hbx_protocol::{Failure, frame, steps};
use serde::Deserialize;

pub const SERVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Job {
    #[serde(rename = "t")]
    _kind: String,
    pid: i32,
    names: NamesPrepare,
}

/// The `nameSockets` job: for a namespace that exists already. `body` is the frame's MessagePack map.
pub fn run(body: &[u8]) -> Result<(), Failure> {
    let job: Job = frame::parse(body)?;
    let process = pidfd(job.pid)?;
    // SAFETY: no pointers.
    if unsafe { libc::setns(process.as_raw_fd(), libc::CLONE_NEWNET) } < 0 {
        return Err(Failure::os(steps::DNS_SOCKETS).at(format!("process {}", job.pid)));
    }
    connect(&job.names, &process)
}

/// For the namespace that this process has just made and will live in.
pub fn prepare(names: &NamesPrepare) -> Result<(), Failure> {
    connect(names, &pidfd(std::process::id() as i32)?)
}

/// `process`: when it ends, the service lets go of the sockets.
fn connect(names: &NamesPrepare, process: &OwnedFd) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::io(steps::DNS_SOCKETS, &e).at(SERVER.to_string());
    let udp = UdpSocket::bind((SERVER, 0)).map_err(failed)?;
    let tcp = TcpListener::bind((SERVER, 0)).map_err(failed)?;
    let udp_port = udp.local_addr().map_err(failed)?.port();
    let tcp_port = tcp.local_addr().map_err(failed)?.port();
    hand_over::hand_over(names, [udp.as_fd(), tcp.as_fd(), process.as_fd()])?;
    redirect::redirect(udp_port, tcp_port)
}

fn pidfd(pid: i32) -> Result<OwnedFd, Failure> {
    // SAFETY: no pointers; the descriptor is checked before it is owned.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return Err(Failure::os(steps::DNS_SOCKETS).at(format!("process {pid}")));
    }
    // SAFETY: the kernel has just given us this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}
