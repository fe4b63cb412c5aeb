//! `start`: orders for the init that was born at `prepare`, limits, log; then `started` or `failed`.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use hbx_protocol::messages::{Failed, Started};
use hbx_protocol::plan::{CgroupPlan, LogPlan, NamespaceSource, Namespaces, NetSource, StdioPlan};
use hbx_protocol::timings::TimingTable;
use hbx_protocol::{Failure, Timings, frame, steps};
use serde::Deserialize;

use super::launch::make_pipes;
use super::oom::OomWatch;
use super::token::Token;
use super::workload::{Launch, Workload};
use super::{Newborn, Phase, Shim, user_namespace};
use crate::cgroup;
use crate::holder::{Birth, Holder};
use crate::log::Log;
use crate::sys::memory::trim_heap;
use crate::sys::{clone, epoll, fd, process};

/// What the shim itself needs of a plan; the container's child parses and checks the whole.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShimPlan {
    version: u32,
    exit_file: String,
    #[serde(default)]
    log: Option<LogPlan>,
    stdio: StdioPlan,
    namespaces: Namespaces,
    cgroup: CgroupPlan,
    root: Root,
}

#[derive(Deserialize)]
struct Root {
    /// It never runs again: nobody else will mount its upper directory.
    volatile: bool,
}

#[derive(Deserialize)]
struct Start {
    plan: ShimPlan,
}

/// What almost every container asks for; the init is born with it ahead of time.
pub const USUAL_FLAGS: u64 =
    (libc::CLONE_NEWPID | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC | libc::CLONE_NEWCGROUP) as u64;

fn flags_of(namespaces: &Namespaces) -> u64 {
    let pairs = [
        (&namespaces.pid, libc::CLONE_NEWPID),
        (&namespaces.uts, libc::CLONE_NEWUTS),
        (&namespaces.ipc, libc::CLONE_NEWIPC),
        (&namespaces.cgroup, libc::CLONE_NEWCGROUP),
    ];
    let new = pairs.iter().filter(|(source, _)| **source == NamespaceSource::New);
    new.fold(0, |flags, (_, flag)| flags | *flag as u64)
}

pub fn bear_init(holder: &Holder, flags: u64, pid_namespace: Option<&OwnedFd>) -> Result<Newborn, Failure> {
    let (ours, theirs) = fd::socket_pair(libc::SOCK_STREAM).map_err(|e| Failure::io(steps::CLONE, &e))?;
    let pid = holder.bear(Birth::Init, flags, &theirs, pid_namespace)?;
    Ok(Newborn {
        pid,
        report: ours,
        flags,
    })
}

impl Shim {
    pub fn start(&mut self, body: &[u8]) {
        self.phase = Phase::Starting;
        if let Err(failure) = self.try_start(body) {
            self.fail_start(&failure);
        }
    }

    fn try_start(&mut self, body: &[u8]) -> Result<(), Failure> {
        let mut timings = Timings::start();
        let Start { plan } = frame::parse(body).map_err(|failure| Failure {
            step: steps::PLAN.to_owned(),
            ..failure
        })?;
        if plan.version != 1 {
            let text = format!("plan version {} is not known here, 1 is", plan.version);
            return Err(Failure::new(steps::PLAN, 0).saying(text));
        }
        timings.mark("decode");
        let newborn = self.fitting_newborn(&plan.namespaces)?;
        let (theirs, ours) = make_pipes(&plan.stdio)?;
        let userns = plan.namespaces.user.as_ref().map(user_namespace::create).transpose()?;
        let launch = Launch {
            report: newborn.report,
            received: Vec::new(),
            ready: None,
            failure: None,
            timings,
            asked_by: None,
            attach: None,
        };
        self.workloads.push(Some(Workload {
            exec_id: String::new(),
            pid: newborn.pid,
            stdio: plan.stdio,
            launch: Some(launch),
            sources: ours.sources,
            sink: ours.sink,
            terminal: None,
            input_closed: false,
            exit_code: None,
        }));
        self.exit_file = plan.exit_file;
        self.namespaces = Some(plan.namespaces);
        let fds: Vec<_> = theirs.fds.iter().chain(&userns).map(AsFd::as_fd).collect();
        self.order(0, body, &fds)?;
        drop(fds);
        drop(theirs);
        self.mark("orders");
        // Done while the child builds its root; it waits for "go" before it becomes the program.
        self.holds_mounts = plan.root.volatile;
        self.limit(&plan.cgroup)?;
        self.log = plan.log.map(Log::open).transpose()?;
        self.mark("limits_log");
        let report = self.workloads[0]
            .as_ref()
            .and_then(|w| w.launch.as_ref())
            .map(|launch| &launch.report);
        report.map_or(Ok(()), |report| {
            fd::write_all(report, &[1])
                .and_then(|()| fd::set_nonblocking(report))
                .map_err(|e| Failure::io(steps::INIT_DIED, &e))
        })
    }

    fn mark(&mut self, step: &'static str) {
        if let Some(launch) = self.workloads[0].as_mut().and_then(|workload| workload.launch.as_mut()) {
            launch.timings.mark(step);
        }
    }

    /// The init that was born ahead, or another one where the plan asks for other namespaces.
    fn fitting_newborn(&mut self, namespaces: &Namespaces) -> Result<Newborn, Failure> {
        let flags = flags_of(namespaces);
        if namespaces.net == NetSource::Host && !self.host_network {
            let text = "the plan wants the host's network, the spare was prepared with another";
            return Err(Failure::new(steps::PLAN, 0).saying(text));
        }
        let pid_namespace = match &namespaces.pid {
            NamespaceSource::Join { path } => {
                Some(fd::open(path, libc::O_RDONLY, 0).map_err(|e| Failure::io(steps::NAMESPACE_JOIN, &e).at(path))?)
            }
            _ => None,
        };
        let newborn = self
            .newborn
            .take()
            .ok_or_else(|| Failure::new(steps::INIT_DIED, libc::ESRCH))?;
        if newborn.flags == flags && pid_namespace.is_none() {
            return Ok(newborn);
        }
        let _ = process::kill(newborn.pid, libc::SIGKILL);
        clone::wait_for(newborn.pid);
        bear_init(&self.holder, flags, pid_namespace.as_ref())
    }

    fn limit(&mut self, plan: &CgroupPlan) -> Result<(), Failure> {
        cgroup::apply(&plan.writes)?;
        if let Some(program) = &plan.device_program {
            let dir = self.cgroup.v2_dir.as_deref();
            let dir = dir.ok_or_else(|| Failure::new(steps::DEVICE_PROGRAM, 0).saying("there is no v2 cgroup"))?;
            let cgroup = fd::open(dir, libc::O_RDONLY | libc::O_DIRECTORY, 0)
                .map_err(|e| Failure::io(steps::DEVICE_PROGRAM, &e).at(dir))?;
            cgroup::attach_device_program(&cgroup, program)?;
        }
        self.oom = match (&plan.oom_watch_dir, &self.cgroup.v2_dir) {
            (Some(dir), _) => Some(OomWatch::v1(dir).map_err(|e| Failure::io(steps::OOM_WATCH, &e).at(dir))?),
            // Without the memory controller there are no memory.events.
            (None, Some(dir)) => OomWatch::v2(dir).ok(),
            (None, None) => None,
        };
        if let Some(oom) = &self.oom {
            let _ = self.epoll.add(&oom.fd, epoll::IN, Token::Oom.pack());
        }
        Ok(())
    }

    pub fn notice_oom(&mut self) {
        if self.oom.as_mut().is_some_and(OomWatch::take) {
            self.oom_killed = true;
            self.announce(&hbx_protocol::control::Event::Oom {});
        }
    }

    pub fn started(&mut self, launch: Launch) {
        self.phase = Phase::Running;
        self.start_time_ns = process::now_ns();
        let mut steps: TimingTable = launch
            .ready
            .as_deref()
            .and_then(|body| frame::parse(body).ok())
            .unwrap_or_default();
        for (step, us) in launch.timings.steps() {
            steps.0.insert(format!("shim.{step}"), *us);
        }
        let pid = self.workloads[0].as_ref().map_or(0, |workload| workload.pid);
        if let Some(starter) = self.starter {
            self.send(starter, &Started::new(pid, self.start_time_ns, steps));
        }
        self.arm_sources(0);
        self.forward_all_input(0);
        self.last_traffic = Instant::now();
        trim_heap();
    }

    /// Answers `failed`, removes everything and ends.
    pub fn fail_start(&mut self, failure: &Failure) -> ! {
        if let Some(starter) = self.starter {
            self.send(starter, &Failed::new(None, failure));
        }
        self.abandon();
    }

    /// Ends a shim that has no container.
    pub fn abandon(&mut self) -> ! {
        let pids = self.newborn.iter().map(|newborn| newborn.pid);
        let pids: Vec<_> = pids
            .chain(
                self.workloads
                    .iter()
                    .flatten()
                    .filter(|w| w.exit_code.is_none())
                    .map(|w| w.pid),
            )
            .collect();
        for pid in pids {
            let _ = process::kill(pid, libc::SIGKILL);
            clone::wait_for(pid);
        }
        if let Some(log) = self.log.take() {
            log.remove_if_empty();
        }
        self.clean_up();
        let _ = fs::remove_file(&self.exit_file);
        clone::exit_now(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_asks_only_for_new_namespaces() {
        let all = Namespaces {
            pid: NamespaceSource::New,
            uts: NamespaceSource::New,
            ipc: NamespaceSource::New,
            cgroup: NamespaceSource::New,
            net: NetSource::Prepared,
            user: None,
            time: None,
        };
        assert_eq!(flags_of(&all), USUAL_FLAGS);
        let shared = Namespaces {
            pid: NamespaceSource::Host,
            ..all
        };
        assert_eq!(flags_of(&shared), USUAL_FLAGS & !(libc::CLONE_NEWPID as u64));
    }
}
