//! The holder: a small process that sits in the container's cgroups and network namespace from `prepare` to the end.
//! Container processes are born by cloning from it, already inside, as children of the shim (CLONE_PARENT). It also
//! outlives a shim that is killed, just long enough to kill what the shim left.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use hbx_protocol::messages::{NamesPrepare, NetPrepare};
use hbx_protocol::{Failure, frame, steps};

use crate::cgroup::Cgroup;
use crate::child;
use crate::sys::{clone, fd, message, process, signal};

/// The shim's end.
pub struct Holder {
    pub pid: i32,
    socket: OwnedFd,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Birth {
    Init = 1,
    Exec = 2,
}

/// What the holder is asked: which clone flags, what the child becomes, whether a pid namespace comes as second descriptor.
const REQUEST_BYTES: usize = 10;

impl Holder {
    /// Forks the holder and waits until it is in its cgroups and network.
    pub fn create(cgroup: &Cgroup, net: &NetPrepare, names: Option<&NamesPrepare>) -> Result<Self, Failure> {
        let failed = |e: io::Error| Failure::io(steps::HOLDER, &e);
        let (ours, theirs) = fd::socket_pair(libc::SOCK_SEQPACKET).map_err(failed)?;
        let Some(pid) = clone::fork().map_err(failed)? else {
            drop(ours);
            run(theirs, cgroup, net, names);
        };
        drop(theirs);
        let holder = Self { pid, socket: ours };
        let result = holder.step().and_then(|()| {
            hbx_net::prepare_host(net, pid)?;
            fd::write(&holder.socket, &[1]).map_err(failed)?;
            holder.step()?;
            hbx_net::settle_host(net)
        });
        match result {
            Ok(()) => Ok(holder),
            Err(failure) => {
                holder.end();
                Err(failure)
            }
        }
    }

    /// Waits for the holder's word that it has got one step further.
    fn step(&self) -> Result<(), Failure> {
        let mut answer = [0; 4096];
        match fd::read(&self.socket, &mut answer) {
            Ok(1) => Ok(()),
            Ok(n) => Err(frame::parse(&answer[..n]).unwrap_or_else(|_| Failure::new(steps::HOLDER, libc::ESRCH))),
            Err(e) => Err(Failure::io(steps::HOLDER, &e)),
        }
    }

    /// Has a process born with the namespace `flags`; `report` is its line to us, `pid_namespace` what it is born into.
    pub fn bear(
        &self,
        birth: Birth,
        flags: u64,
        report: &impl AsFd,
        pid_namespace: Option<&OwnedFd>,
    ) -> Result<i32, Failure> {
        let mut request = [0; REQUEST_BYTES];
        request[..8].copy_from_slice(&flags.to_ne_bytes());
        request[8] = birth as u8;
        request[9] = u8::from(pid_namespace.is_some());
        let mut fds = vec![report.as_fd()];
        fds.extend(pid_namespace.map(AsFd::as_fd));
        message::send(&self.socket, &request, &fds).map_err(|e| Failure::io(steps::HOLDER, &e))?;
        let mut answer = [0; 4];
        match fd::read(&self.socket, &mut answer) {
            Ok(4) => {}
            Ok(_) => return Err(Failure::new(steps::HOLDER, libc::ESRCH).saying("the holder is gone")),
            Err(e) => return Err(Failure::io(steps::HOLDER, &e)),
        }
        match i32::from_ne_bytes(answer) {
            pid if pid > 0 => Ok(pid),
            errno => Err(Failure::new(steps::CLONE, -errno)),
        }
    }

    /// Ends the holder and waits for it.
    pub fn end(&self) {
        let _ = process::kill(self.pid, libc::SIGKILL);
        clone::wait_for(self.pid);
    }
}

fn run(socket: OwnedFd, cgroup: &Cgroup, net: &NetPrepare, names: Option<&NamesPrepare>) -> ! {
    process::set_name(c"hbx-holder");
    fd::close_others(&mut [socket.as_raw_fd()]);
    signal::reset_all();
    let v2 = match enter(&socket, cgroup, net, names) {
        Ok(v2) => v2,
        Err(failure) => {
            let _ = fd::write(&socket, &frame::encode(&failure)[4..]);
            clone::exit_now(1);
        }
    };
    let usual_oom_score = child::oom_score::read();
    // Best effort: without the privilege the holder is merely as likely a victim as anyone of its size.
    let _ = fd::write_file("/proc/self/oom_score_adj", b"-1000");
    crate::sys::memory::trim_heap();
    if fd::write(&socket, &[0]).is_err() {
        clone::exit_now(1);
    }
    let init = serve(&socket, v2.as_ref(), usual_oom_score);
    // The shim is gone. Its container dies by its parent-death signal, unless a set-id program has cleared that. Where
    // there is no cgroup, init's end is that of its pid namespace.
    if let Some(init) = init {
        let _ = process::kill_by_fd(&init, libc::SIGKILL);
    }
    cgroup.sweep(std::process::id() as i32);
    clone::exit_now(0);
}

fn enter(
    socket: &OwnedFd,
    cgroup: &Cgroup,
    net: &NetPrepare,
    names: Option<&NamesPrepare>,
) -> Result<Option<OwnedFd>, Failure> {
    let v2 = cgroup.open_v2()?;
    cgroup.attach_self()?;
    if *net != NetPrepare::Host {
        process::unshare(libc::CLONE_NEWNET).map_err(|e| Failure::io(steps::NET_NAMESPACE, &e))?;
        hbx_net::prepare_defaults(net)?;
    }
    // The shim does the host's side in between.
    let failed = |e: io::Error| Failure::io(steps::HOLDER, &e);
    fd::write(socket, &[1]).map_err(failed)?;
    if fd::read(socket, &mut [0]).map_err(failed)? == 0 {
        clone::exit_now(1);
    }
    hbx_net::prepare_guest(net)?;
    if let Some(names) = names {
        hbx_net::names::prepare(names)?;
    }
    Ok(v2)
}

/// Answers births until the shim is gone; returns the init that was born last.
fn serve(socket: &OwnedFd, v2: Option<&OwnedFd>, oom_score: i32) -> Option<OwnedFd> {
    let mut init = None;
    loop {
        let mut request = [0; REQUEST_BYTES];
        let (n, mut fds) = match message::receive(socket, &mut request) {
            Ok(received) => received,
            Err(_) => return init,
        };
        if n != REQUEST_BYTES || fds.is_empty() {
            return init;
        }
        let flags = u64::from_ne_bytes(request[..8].try_into().expect("eight bytes"));
        let report = fds.remove(0);
        // On v2 the clone would root the new namespace at our own cgroup; the child makes it once it is inside of its.
        let late = if v2.is_some() {
            flags & libc::CLONE_NEWCGROUP as u64
        } else {
            0
        };
        let result = (|| {
            if let Some(namespace) = fds.first() {
                process::join(namespace, libc::CLONE_NEWPID)?;
            }
            clone::clone3((flags & !late) | libc::CLONE_PARENT as u64, v2.map(AsFd::as_fd))
        })();
        let answer = match result {
            Ok(None) if request[8] == Birth::Init as u8 => child::init::run(report, v2.is_some(), late, oom_score),
            Ok(None) => child::exec::run(report, oom_score),
            Ok(Some(pid)) => {
                if request[8] == Birth::Init as u8 {
                    init = process::pidfd(pid).ok();
                }
                pid
            }
            Err(e) => -e.raw_os_error().unwrap_or(libc::EINVAL),
        };
        if fd::write(socket, &answer.to_ne_bytes()).is_err() {
            return init;
        }
    }
}
