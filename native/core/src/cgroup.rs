//! The container's cgroups: made at `prepare`, swept and removed when the shim ends.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use hbx_protocol::Failure;
use hbx_protocol::messages::PrepareCgroup;
use hbx_protocol::plan::CgroupWrite;
use hbx_protocol::steps;

use crate::sys::{fd, process};

/// How long processes that were sent SIGKILL may take to be gone before their cgroup is left to the daemon's sweep.
const SWEEP_TIMEOUT: Duration = Duration::from_secs(2);

pub struct Cgroup {
    /// v1 directories; the holder sits in each.
    pub dirs: Vec<String>,
    pub v2_dir: Option<String>,
}

impl Cgroup {
    /// Makes the directories and applies the writes; on failure nothing is left.
    pub fn create(plan: &PrepareCgroup) -> Result<Self, Failure> {
        let mut made = Self {
            dirs: Vec::with_capacity(plan.dirs.len()),
            v2_dir: None,
        };
        let result = (|| {
            for dir in &plan.dirs {
                make_dir(dir)?;
                made.dirs.push(dir.clone());
            }
            if let Some(dir) = &plan.v2_dir {
                make_dir(dir)?;
                made.v2_dir = Some(dir.clone());
            }
            apply(&plan.writes)
        })();
        match result {
            Ok(()) => Ok(made),
            Err(failure) => {
                made.remove();
                Err(failure)
            }
        }
    }

    /// Moves the caller into the v1 directories.
    pub fn attach_self(&self) -> Result<(), Failure> {
        for dir in &self.dirs {
            let path = format!("{dir}/cgroup.procs");
            fd::write_file(&path, b"0").map_err(|e| Failure::io(steps::CGROUP_ATTACH, &e).at(path))?;
        }
        Ok(())
    }

    /// The v2 directory, for cloning into it.
    pub fn open_v2(&self) -> Result<Option<OwnedFd>, Failure> {
        let Some(dir) = &self.v2_dir else { return Ok(None) };
        fd::open(dir, libc::O_PATH | libc::O_DIRECTORY, 0)
            .map(Some)
            .map_err(|e| Failure::io(steps::CGROUP_ATTACH, &e).at(dir))
    }

    /// The processes inside, but for `except`.
    pub fn processes(&self, except: i32) -> Vec<i32> {
        let Some(dir) = self.v2_dir.as_ref().or(self.dirs.first()) else {
            return Vec::new();
        };
        let text = fs::read_to_string(format!("{dir}/cgroup.procs")).unwrap_or_default();
        text.lines()
            .filter_map(|line| line.parse().ok())
            .filter(|&pid| pid > 0 && pid != except)
            .collect()
    }

    pub fn signal_all(&self, signo: i32, except: i32) -> io::Result<()> {
        let mut result = Ok(());
        for pid in self.processes(except) {
            match process::kill(pid, signo) {
                Err(e) if e.raw_os_error() != Some(libc::ESRCH) => result = Err(e),
                _ => {}
            }
        }
        result
    }

    /// Kills what is inside, again and again until nothing is left: a process may fork faster than we read.
    pub fn sweep(&self, except: i32) {
        let deadline = Instant::now() + SWEEP_TIMEOUT;
        while !self.processes(except).is_empty() && Instant::now() < deadline {
            let _ = self.signal_all(libc::SIGKILL, except);
            std::thread::sleep(Duration::from_micros(300));
        }
    }

    /// Removes the directories. What is busy stays for the daemon's sweep.
    pub fn remove(&self) {
        for dir in self.dirs.iter().chain(&self.v2_dir) {
            let _ = fs::remove_dir(dir);
        }
    }
}

/// Makes the directory, and its parents where they are missing.
fn make_dir(dir: &str) -> Result<(), Failure> {
    let result = match fs::create_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => fs::create_dir_all(dir),
        other => other,
    };
    result.map_err(|e| Failure::io(steps::CGROUP_CREATE, &e).at(dir))
}

pub fn apply(writes: &[CgroupWrite]) -> Result<(), Failure> {
    for write in writes {
        match fd::write_file(&write.path, write.value.as_bytes()) {
            Err(e) if !write.optional => {
                return Err(Failure::io(steps::CGROUP_WRITE, &e)
                    .at(&write.path)
                    .saying(write.value.clone()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Loads an eBPF device program and attaches it to a v2 cgroup.
pub fn attach_device_program(cgroup: &impl AsFd, instructions: &[u8]) -> Result<(), Failure> {
    crate::sys::bpf::attach_device_program(cgroup, instructions).map_err(|e| Failure::io(steps::DEVICE_PROGRAM, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary(name: &str) -> String {
        let dir = format!(
            "{}/hbx-cgroup-{}-{name}",
            std::env::temp_dir().display(),
            std::process::id()
        );
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn create_leaves_nothing_when_a_write_fails() {
        let base = temporary("fail");
        let plan = PrepareCgroup {
            dirs: vec![format!("{base}/a/b"), format!("{base}/c")],
            writes: vec![CgroupWrite {
                path: format!("{base}/missing"),
                value: "1".into(),
                optional: false,
            }],
            v2_dir: None,
        };
        let Err(failure) = Cgroup::create(&plan) else {
            panic!("the write cannot succeed")
        };
        assert_eq!(
            (failure.step.as_str(), failure.errno),
            (steps::CGROUP_WRITE, libc::ENOENT)
        );
        assert!(!fs::exists(format!("{base}/a/b")).unwrap() && !fs::exists(format!("{base}/c")).unwrap());
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn apply_passes_over_optional_writes_that_fail() {
        let base = temporary("optional");
        let write = |optional| {
            [CgroupWrite {
                path: format!("{base}/x"),
                value: "1".into(),
                optional,
            }]
        };
        assert_eq!(apply(&write(true)), Ok(()));
        assert_eq!(apply(&write(false)).unwrap_err().path, Some(format!("{base}/x")));
        fs::remove_dir_all(base).unwrap();
    }
}
