//! `exec`: another process in the running container.

use std::os::fd::AsFd;

use hbx_protocol::control::{Event, Exec, ExecStarted};
use hbx_protocol::messages::Failed;
use hbx_protocol::plan::NamespaceSource;
use hbx_protocol::{Failure, Timings, steps};

use super::Shim;
use super::launch::make_pipes;
use super::workload::{Launch, Workload};
use crate::holder::Birth;
use crate::sys::{clone, fd, process};

/// How many ended execs `state` still tells of.
const MAX_ENDED: usize = 64;

impl Shim {
    pub fn exec(&mut self, i: usize, seq: Option<u32>, exec: Exec, body: &[u8]) -> Result<(), Failure> {
        let init = self.find(None)?;
        let init_pid = self.workloads[init].as_ref().map_or(0, |workload| workload.pid);
        let known = self.workloads.iter().flatten().map(|w| &w.exec_id);
        if exec.exec_id.is_empty()
            || known
                .chain(self.ended_execs.iter().map(|(id, ..)| id))
                .any(|id| *id == exec.exec_id)
        {
            return Err(Failure::new(steps::EXEC_EXISTS, libc::EEXIST).saying(exec.exec_id));
        }
        let timings = Timings::start();
        let failed = |e: std::io::Error| Failure::io(steps::CLONE, &e);
        let pidfd = process::pidfd(init_pid).map_err(failed)?;
        let namespaces = self.namespaces.as_ref();
        let shares_host_pids = namespaces.is_some_and(|n| n.pid == NamespaceSource::Host);
        let own_users = namespaces.is_some_and(|n| n.user.is_some());
        let (theirs, ours) = make_pipes(&exec.stdio)?;
        let (report, child_report) = fd::socket_pair(libc::SOCK_STREAM).map_err(failed)?;
        let pid = self
            .holder
            .bear(Birth::Exec, 0, &child_report, (!shares_host_pids).then_some(&pidfd))?;
        drop(child_report);
        let w = self.free_place();
        self.workloads[w] = Some(Workload {
            exec_id: exec.exec_id,
            pid,
            stdio: exec.stdio,
            launch: Some(Launch {
                report,
                received: Vec::new(),
                ready: None,
                failure: None,
                timings,
                asked_by: Some((i, seq)),
                attach: exec.attach,
            }),
            sources: ours.sources,
            sink: ours.sink,
            terminal: None,
            input_closed: false,
            exit_code: None,
        });
        let orders = [&[u8::from(own_users)], body].concat();
        let fds: Vec<_> = std::iter::once(&pidfd).chain(&theirs.fds).map(AsFd::as_fd).collect();
        if let Err(failure) = self.order(w, &orders, &fds) {
            self.discard(w);
            return Err(failure);
        }
        if let Some(launch) = self.workloads[w].as_ref().and_then(|workload| workload.launch.as_ref()) {
            let _ = fd::set_nonblocking(&launch.report);
        }
        Ok(())
    }

    fn free_place(&mut self) -> usize {
        match self.workloads.iter().skip(1).position(Option::is_none) {
            Some(free) => free + 1,
            None => {
                self.workloads.push(None);
                self.workloads.len() - 1
            }
        }
    }

    fn discard(&mut self, w: usize) {
        if let Some(workload) = self.workloads[w].take().filter(|workload| workload.exit_code.is_none()) {
            let _ = process::kill(workload.pid, libc::SIGKILL);
            clone::wait_for(workload.pid);
        }
    }

    pub fn exec_launched(&mut self, w: usize, launch: Launch, failure: Option<Failure>) {
        let (i, seq) = launch.asked_by.unwrap_or((usize::MAX, None));
        if let Some(failure) = failure {
            self.discard(w);
            return self.send(i, &Failed::new(seq, &failure));
        }
        let pid = self.workloads[w].as_ref().map_or(0, |workload| workload.pid);
        self.send(
            i,
            &ExecStarted {
                t: "execStarted",
                seq,
                pid,
            },
        );
        if let (Some(options), Some(Some(_))) = (launch.attach, self.clients.get(i)) {
            self.attach(i, w, options);
        }
        self.arm_sources(w);
        if i < self.clients.len() {
            self.take_frames(i);
        }
    }

    /// Output was delivered to the pipe's end, or to what still holds it open: tell the end, close the streams.
    pub fn exec_ended(&mut self, w: usize, code: i32) {
        let Some(workload) = self.workloads[w].as_mut() else {
            return;
        };
        workload.exit_code = Some(code);
        let ended = (workload.exec_id.clone(), workload.pid, code);
        self.drain(w);
        self.close_streams(w);
        if let Some(workload) = self.workloads[w].as_mut() {
            workload.sink = None;
            workload.terminal = None;
        }
        self.drain(w); // a terminal reports its end only now
        self.announce(&Event::ExecExited {
            exec_id: &ended.0,
            exit_code: code,
        });
        if self.ended_execs.len() == MAX_ENDED {
            self.ended_execs.remove(0);
        }
        self.ended_execs.push(ended);
    }
}
