//! From birth to exec: the orders to a newborn process and what it reports.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hbx_protocol::plan::StdioPlan;
use hbx_protocol::{Failure, frame, steps};

use super::Shim;
use super::token::Token;
use super::workload::{Sink, Source, Workload};
use crate::child::report::{self, TAG_FAILED, TAG_READY, TAG_TERMINAL};
use crate::sys::{epoll, fd, message, terminal};

/// The container's ends of its standard streams.
pub struct ChildPipes {
    pub fds: Vec<OwnedFd>,
}

pub struct OurEnds {
    pub sources: [Option<Source>; 2],
    pub sink: Option<Sink>,
}

/// Pipes for output and, if it is kept open, input. A terminal's master comes from the child instead.
pub fn make_pipes(stdio: &StdioPlan) -> Result<(ChildPipes, OurEnds), Failure> {
    let mut ours = OurEnds {
        sources: [None, None],
        sink: None,
    };
    let mut theirs = ChildPipes {
        fds: Vec::with_capacity(3),
    };
    if stdio.tty {
        return Ok((theirs, ours));
    }
    let failed = |e: std::io::Error| Failure::io(steps::STDIO, &e);
    for (i, source) in ours.sources.iter_mut().enumerate() {
        let (read, write) = fd::pipe().map_err(failed)?;
        fd::set_nonblocking(&read).map_err(failed)?;
        *source = Some(Source::new(read, i as u8 + 1));
        theirs.fds.push(write);
    }
    if stdio.open_stdin {
        let (read, write) = fd::pipe().map_err(failed)?;
        fd::set_nonblocking(&write).map_err(failed)?;
        ours.sink = Some(Sink {
            fd: write,
            blocked: false,
        });
        theirs.fds.push(read);
    }
    Ok((theirs, ours))
}

impl Shim {
    /// Gives a newborn its orders and watches for its report.
    pub fn order(&mut self, w: usize, body: &[u8], fds: &[BorrowedFd]) -> Result<(), Failure> {
        let Some(launch) = self.workloads[w].as_mut().and_then(|workload| workload.launch.as_mut()) else {
            return Ok(());
        };
        report::send_orders(&launch.report, body, fds).map_err(|e| Failure::io(steps::INIT_DIED, &e))?;
        self.epoll
            .add(&launch.report, epoll::IN, Token::Report(w).pack())
            .map_err(|e| Failure::io(steps::PROTOCOL, &e))
    }

    /// Reads what a process reports before its exec; the end of the line is the exec, or the failure told before.
    pub fn read_report(&mut self, w: usize) {
        loop {
            let Some(workload) = self.workloads.get_mut(w).and_then(Option::as_mut) else {
                return;
            };
            let Some(launch) = &mut workload.launch else { return };
            let mut bytes = [0; 2048];
            let (n, fds) = match message::receive(&launch.report, &mut bytes) {
                Ok(received) => received,
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => (0, Vec::new()),
            };
            if n == 0 {
                return self.launched(w);
            }
            launch.received.extend_from_slice(&bytes[..n]);
            workload.take_records(fds);
            if w == 0 && self.holds_mounts && self.mounts.is_none() {
                self.hold_mounts();
            }
        }
    }

    /// As soon as the init has told that its root is built.
    fn hold_mounts(&mut self) {
        let init = self.workloads[0].as_ref();
        let built = init.filter(|w| w.launch.as_ref().is_some_and(|launch| launch.ready.is_some()));
        let path = built.map(|init| format!("/proc/{}/ns/mnt", init.pid));
        // Where it cannot be had, the container takes its mounts down itself.
        self.mounts = path.and_then(|path| fd::open(&path, libc::O_RDONLY, 0).ok());
    }

    pub fn launched(&mut self, w: usize) {
        let Some(workload) = self.workloads[w].as_mut() else {
            return;
        };
        let Some(mut launch) = workload.launch.take() else {
            return;
        };
        self.epoll.remove(&launch.report);
        launch.timings.mark("exec");
        let failure = launch.failure.take();
        let failure = failure.or_else(|| {
            launch
                .ready
                .is_none()
                .then(|| Failure::new(steps::INIT_DIED, libc::ESRCH))
        });
        if w == 0 {
            return match failure {
                Some(failure) => self.fail_start(&failure),
                None => self.started(launch),
            };
        }
        self.exec_launched(w, launch, failure);
    }
}

impl Workload {
    fn take_records(&mut self, mut fds: Vec<OwnedFd>) {
        let Some(launch) = &mut self.launch else { return };
        let received = std::mem::take(&mut launch.received);
        let mut rest = &received[..];
        while let Some((tag, body, length)) = report::next_record(rest) {
            match tag {
                TAG_READY => {
                    launch.ready = Some(body.to_vec());
                    launch.timings.mark("setup");
                }
                TAG_FAILED => launch.failure = Some(frame::parse(body).unwrap_or_else(|failure| failure)),
                TAG_TERMINAL => {
                    if let Some(master) = fds.pop() {
                        let result = take_terminal(&master);
                        match result {
                            Ok((slave, input)) => {
                                self.terminal = Some(slave);
                                self.sink = Some(Sink {
                                    fd: input,
                                    blocked: false,
                                });
                                self.sources[0] = Some(Source::new(master, 1));
                            }
                            Err(e) => launch.failure = Some(Failure::io(steps::TTY, &e)),
                        }
                    }
                }
                _ => launch.failure = Some(Failure::new(steps::PROTOCOL, 0)),
            }
            rest = &rest[length..];
        }
        launch.received = rest.to_vec();
    }
}

/// The slave, to be held, and a second descriptor of the master for input.
fn take_terminal(master: &OwnedFd) -> std::io::Result<(OwnedFd, OwnedFd)> {
    fd::set_nonblocking(master)?;
    Ok((terminal::open_peer(master)?, master.as_fd().try_clone_to_owned()?))
}
