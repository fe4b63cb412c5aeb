//! The plan is checked again on this side of the wire: the daemon made it, but this side is the privileged one.

use hbx_protocol::plan::{MountPlan, ProcessPlan, RunPlan};
use hbx_protocol::{Failure, steps};

const MAX_ITEMS: usize = 4096;
const MAX_ARGUMENT_BYTES: usize = 2 * 1024 * 1024;

fn refuse(path: &str, message: &str) -> Failure {
    Failure::new(steps::PLAN, libc::EINVAL).at(path).saying(message)
}

pub fn check(plan: &RunPlan) -> Result<(), Failure> {
    if plan.version != 1 {
        return Err(refuse("version", "only version 1 is known"));
    }
    if plan.id.is_empty() || plan.id.len() > 64 || !plan.id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(refuse("id", "1 to 64 letters and digits are expected"));
    }
    absolute(&plan.root.upper)?;
    absolute(&plan.root.work)?;
    if plan.root.lowers.is_empty() {
        return Err(refuse("root.lowers", "at least one layer is needed"));
    }
    let lists = [
        plan.root.lowers.len(),
        plan.root.data.len(),
        plan.mounts.len(),
        plan.devices.len(),
        plan.symlinks.len(),
        plan.masked_paths.len(),
        plan.readonly_paths.len(),
        plan.sysctls.len(),
    ];
    if lists.iter().any(|count| *count > MAX_ITEMS) {
        return Err(refuse("plan", "a list is longer than 4096 items"));
    }
    let layers = plan.root.lowers.iter().chain(&plan.root.data);
    layers.into_iter().try_for_each(|path| absolute(path))?;
    for mount in &plan.mounts {
        match mount {
            MountPlan::Bind(bind) => {
                absolute(&bind.source)?;
                guest(&bind.target)?;
            }
            MountPlan::Tmpfs(tmpfs) => guest(&tmpfs.target)?,
            MountPlan::Devpts(devpts) => guest(&devpts.target)?,
            MountPlan::Proc(kernel)
            | MountPlan::Sysfs(kernel)
            | MountPlan::Mqueue(kernel)
            | MountPlan::Cgroup(kernel) => guest(&kernel.target)?,
        }
    }
    plan.devices.iter().try_for_each(|device| guest(&device.path))?;
    plan.symlinks.iter().try_for_each(|(_, path)| guest(path))?;
    plan.masked_paths
        .iter()
        .chain(&plan.readonly_paths)
        .try_for_each(|path| guest(path))?;
    if plan.hostname.len() > 64 || plan.domainname.len() > 64 {
        return Err(refuse("hostname", "64 bytes at the most"));
    }
    check_process(&plan.process)
}

pub fn check_process(process: &ProcessPlan) -> Result<(), Failure> {
    if process.args.is_empty() {
        return Err(refuse("process.args", "a command is needed"));
    }
    guest(&process.cwd)?;
    let strings = process.args.iter().chain(&process.env);
    if strings.clone().any(|text| text.contains('\0')) {
        return Err(refuse("process", "an argument or variable contains NUL"));
    }
    if strings.map(String::len).sum::<usize>() > MAX_ARGUMENT_BYTES {
        return Err(Failure::new(steps::EXEC, libc::E2BIG).saying("arguments and environment are larger than 2 MiB"));
    }
    if let Some(seccomp) = &process.seccomp {
        let length = seccomp.program.len();
        if length == 0 || length % 8 != 0 || length / 8 > 4096 {
            return Err(refuse(
                "process.seccomp",
                "1 to 4096 instructions of 8 bytes are expected",
            ));
        }
    }
    let sets = &process.capabilities;
    let all = [
        &sets.bounding,
        &sets.effective,
        &sets.permitted,
        &sets.inheritable,
        &sets.ambient,
    ];
    if all.iter().any(|set| set.iter().any(|number| *number > 63)) {
        return Err(refuse("process.capabilities", "numbers from 0 to 63 are expected"));
    }
    Ok(())
}

fn absolute(path: &str) -> Result<(), Failure> {
    if path.starts_with('/') && !path.contains('\0') {
        Ok(())
    } else {
        Err(refuse(path, "an absolute host path is expected"))
    }
}

fn guest(path: &str) -> Result<(), Failure> {
    if path.starts_with('/') && !path.contains('\0') && !path.split('/').any(|part| part == "..") {
        Ok(())
    } else {
        Err(refuse(path, "an absolute path without .. is expected"))
    }
}
