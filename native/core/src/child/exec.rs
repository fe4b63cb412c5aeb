//! A process that joins a running container.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use hbx_protocol::plan::{ProcessPlan, StdioPlan};
use hbx_protocol::{Failure, Timings, frame, steps};
use serde::Deserialize;

use super::report::Report;
use super::{oom_score, stdio};
use crate::sys::{fd, process, signal};

#[derive(Deserialize)]
struct Exec {
    process: ProcessPlan,
    stdio: StdioPlan,
}

const NAMESPACES: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWPID;
const CLONE_NEWTIME: i32 = 0x80;

pub fn run(report: OwnedFd, usual_oom_score: i32) -> ! {
    fd::close_others(&mut [report.as_raw_fd()]);
    process::new_session();
    let report = Report(report);
    let failure = match become_process(&report, usual_oom_score) {
        Ok(failure) | Err(failure) => failure,
    };
    report.fail(&failure)
}

/// The descriptors are: the init's pidfd, a second one when it has a user namespace of its own, then standard output,
/// error and input.
fn become_process(report: &Report, usual_oom_score: i32) -> Result<Failure, Failure> {
    let (body, mut fds) = report.wait()?;
    let mut timings = Timings::start();
    let own_user_namespace = body.first() == Some(&1);
    let Exec { process, stdio } = frame::parse(&body[1..])?;
    drop(body);
    timings.mark("parse_plan");
    oom_score::set(oom_score::open().as_ref(), process.oom_score_adj, usual_oom_score)?;

    if fds.is_empty() {
        return Err(Failure::new(steps::NAMESPACE_JOIN, libc::EBADF));
    }
    let init = fds.remove(0);
    let joined = |e: std::io::Error| Failure::io(steps::NAMESPACE_JOIN, &e);
    process::join(&init, NAMESPACES | CLONE_NEWTIME)
        .or_else(|_| process::join(&init, NAMESPACES))
        .map_err(joined)?;
    timings.mark("join");
    stdio::wire(&stdio, &fds, report, false)?;
    drop(fds);
    timings.mark("stdio");

    let userns = own_user_namespace.then(|| init.as_fd());
    let context = hbx_setup::process::Context {
        userns,
        die_with_parent: false,
    };
    let ready = hbx_setup::process::apply(&process, &context, &mut timings)?;
    report.send_ready(&timings);
    signal::set_mask(&[]);
    Ok(ready.exec())
}
