//! The container's init: born at `prepare`, told what to become at `start`.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use hbx_protocol::plan::RunPlan;
use hbx_protocol::{Failure, Timings, frame, steps};
use hbx_setup::prepared::Prepared;
use serde::Deserialize;

use super::report::Report;
use super::{oom_score, reaper, stdio};
use crate::sys::{fd, process};

#[derive(Deserialize)]
struct Start {
    plan: RunPlan,
}

/// `late`: namespaces that could not be made by the birth itself.
pub fn run(report: OwnedFd, v2_cgroup: bool, late: u64, usual_oom_score: i32) -> ! {
    let _ = process::die_with_parent();
    process::set_name(c"hbx-init");
    fd::close_others(&mut [report.as_raw_fd()]);
    process::new_session();
    let report = Report(report);
    let score = oom_score::open();
    if late != 0
        && let Err(e) = process::unshare(late as i32)
    {
        report.fail(&Failure::io(steps::CLONE, &e).saying("cgroup namespace"));
    }
    let failure = match become_container(&report, score, v2_cgroup, usual_oom_score) {
        Ok(never) => match never {},
        Err(failure) => failure,
    };
    report.fail(&failure)
}

enum Never {}

fn become_container(
    report: &Report,
    score: Option<OwnedFd>,
    v2_cgroup: bool,
    usual_oom_score: i32,
) -> Result<Never, Failure> {
    let prepared = Prepared::make(v2_cgroup);
    let (body, mut fds) = report.wait()?;
    let mut timings = Timings::start();
    let Start { plan } = frame::parse(&body).map_err(|failure| Failure {
        step: steps::PLAN.to_owned(),
        ..failure
    })?;
    drop(body);
    timings.mark("parse_plan");
    oom_score::set(score.as_ref(), plan.process.oom_score_adj, usual_oom_score)?;
    drop(score);
    let userns = if plan.namespaces.user.is_some() {
        fds.pop()
    } else {
        None
    };

    let context = hbx_setup::container::Context {
        userns: userns.as_ref().map(AsFd::as_fd),
        v2_cgroup,
    };
    hbx_setup::container::build(&plan, &context, prepared, &mut timings)?;
    stdio::wire(&plan.stdio, &fds, report, true)?;
    drop(fds);
    timings.mark("stdio");
    report.wait_for_go()?;
    timings.mark("wait_limits");

    let context = hbx_setup::process::Context {
        userns: userns.as_ref().map(AsFd::as_fd),
        die_with_parent: true,
    };
    let ready = hbx_setup::process::apply(&plan.process, &context, &mut timings)?;
    if plan.init {
        reaper::split(report, plan.stdio.tty)?;
    }
    report.send_ready(&timings);
    Err(ready.exec())
}
