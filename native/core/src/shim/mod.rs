//! The shim: one process per container, parent of its init and its execs. It owns their standard streams, the log, the
//! exit status and the control socket, and lives exactly as long as the container.

mod client;
mod control;
mod exec;
mod exit;
mod input;
mod launch;
mod oom;
mod output;
pub mod start;
mod token;
pub mod user_namespace;
mod workload;

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use hbx_protocol::control::Exit;
use hbx_protocol::plan::Namespaces;

use crate::cgroup::Cgroup;
use crate::holder::Holder;
use crate::log::Log;
use crate::sys::epoll::{BATCH, Epoll, Ready};
use crate::sys::memory::{Buffer, trim_heap};
use client::Client;
use oom::OomWatch;
use token::Token;
use workload::Workload;

/// How long a client that does not read may hold the container's output back, unless `prepare` says otherwise.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Without traffic for so long, the stream buffer's memory is given back.
const IDLE: Duration = Duration::from_millis(500);

/// Payload of one read; the header of a log record fits before it.
const PIECE: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Spare,
    Starting,
    Running,
    Exited,
}

/// An init that was born and waits for its orders.
pub struct Newborn {
    pub pid: i32,
    pub report: OwnedFd,
    pub flags: u64,
}

pub struct Shim {
    phase: Phase,
    epoll: Epoll,
    signals: OwnedFd,
    listener: Option<UnixListener>,
    control_socket: String,
    cgroup: Cgroup,
    holder: Holder,
    host_network: bool,
    stall_timeout: Duration,
    newborn: Option<Newborn>,
    /// The client that sent `prepare`.
    starter: Option<usize>,
    clients: Vec<Option<Client>>,
    /// Number 0 is the init, made at `start`.
    workloads: Vec<Option<Workload>>,
    /// Execs that have ended, the latest at the end: (id, pid, exit code).
    ended_execs: Vec<(String, i32, i32)>,
    namespaces: Option<Namespaces>,
    /// The mount namespace of a container that is gone with its end, unless somebody ends it. Its mounts are then taken down by us, once everybody knows
    /// of the end, and not by the container's last process before it ends.
    mounts: Option<OwnedFd>,
    holds_mounts: bool,
    exit_file: String,
    log: Option<Log>,
    oom: Option<OomWatch>,
    oom_killed: bool,
    start_time_ns: u64,
    exit: Option<Exit>,
    buffer: Buffer,
    last_traffic: Instant,
}

/// What a spare consists of.
pub struct Parts {
    pub epoll: Epoll,
    pub signals: OwnedFd,
    pub listener: UnixListener,
    pub control_socket: String,
    pub cgroup: Cgroup,
    pub holder: Holder,
    pub newborn: Newborn,
    pub host_network: bool,
    pub stall_timeout: Duration,
    pub starter: OwnedFd,
}

impl Shim {
    pub fn new(parts: Parts) -> Self {
        let mut shim = Self {
            phase: Phase::Spare,
            epoll: parts.epoll,
            signals: parts.signals,
            listener: Some(parts.listener),
            control_socket: parts.control_socket,
            cgroup: parts.cgroup,
            holder: parts.holder,
            host_network: parts.host_network,
            stall_timeout: parts.stall_timeout,
            newborn: Some(parts.newborn),
            starter: Some(0),
            clients: Vec::new(),
            workloads: Vec::new(),
            ended_execs: Vec::new(),
            namespaces: None,
            mounts: None,
            holds_mounts: false,
            exit_file: String::new(),
            log: None,
            oom: None,
            oom_killed: false,
            start_time_ns: 0,
            exit: None,
            buffer: Buffer::new(crate::log::HEADER_BYTES + PIECE + crate::log::END.len()),
            last_traffic: Instant::now(),
        };
        let mut starter = Client::new(parts.starter);
        starter.greeted = true;
        starter.subscribed = true;
        shim.clients.push(Some(starter));
        shim.watch_client(0);
        shim
    }

    pub fn run(mut self) -> ! {
        let mut ready = [Ready { token: 0, events: 0 }; BATCH];
        if let Some(listener) = &self.listener {
            let _ = self.epoll.add(listener, crate::sys::epoll::IN, Token::Listener.pack());
        }
        let _ = self
            .epoll
            .add(&self.signals, crate::sys::epoll::IN, Token::Signals.pack());
        trim_heap();
        loop {
            let n = self.epoll.wait(self.timeout_ms(), &mut ready);
            for event in &ready[..n] {
                self.dispatch(*event);
            }
            self.drop_stalled();
            if n == 0 && self.buffer.touched() && self.last_traffic.elapsed() >= IDLE {
                self.buffer.release();
                trim_heap();
            }
            if self.phase == Phase::Exited && self.clients.iter().flatten().all(|client| !client.behind()) {
                crate::sys::clone::exit_now(0);
            }
        }
    }

    fn dispatch(&mut self, event: Ready) {
        match Token::unpack(event.token) {
            Token::Listener => self.accept(),
            Token::Signals => self.reap(),
            Token::Oom => self.notice_oom(),
            Token::Client(i) => self.serve_client(i, event.events),
            Token::Source(w, s) => self.pump(w, s),
            Token::Sink(w) => self.sink_is_writable(w),
            Token::Report(w) => self.read_report(w),
            Token::Output(i) => self.output_is_writable(i, event.events),
        }
    }

    fn timeout_ms(&self) -> i32 {
        let stalled = self
            .clients
            .iter()
            .flatten()
            .filter_map(|client| client.stalled_since)
            .min();
        let stall = stalled.map(|since| self.stall_timeout.saturating_sub(since.elapsed()));
        let idle = self
            .buffer
            .touched()
            .then(|| IDLE.saturating_sub(self.last_traffic.elapsed()));
        match stall.into_iter().chain(idle).min() {
            Some(wait) => i32::try_from(wait.as_millis()).unwrap_or(i32::MAX).saturating_add(1),
            None => -1,
        }
    }

    fn drop_stalled(&mut self) {
        for i in 0..self.clients.len() {
            let since = self.clients[i].as_ref().and_then(|client| client.stalled_since);
            if since.is_some_and(|since| since.elapsed() >= self.stall_timeout) {
                self.drop_client(i);
            }
        }
    }

    /// Removes what exists outside this process. Connections stay open: their end tells that all is clean.
    fn clean_up(&mut self) {
        self.listener = None;
        let _ = fs::remove_file(&self.control_socket);
        self.cgroup.sweep(self.holder.pid);
        self.holder.end();
        self.cgroup.remove();
    }
}
