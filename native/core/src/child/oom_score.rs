//! The holder protects itself from the out-of-memory killer; its children must not inherit that.

use std::os::fd::OwnedFd;

use hbx_protocol::{Failure, steps};

use crate::sys::fd;

const PATH: &str = "/proc/self/oom_score_adj";

pub fn read() -> i32 {
    std::fs::read_to_string(PATH)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

/// The process's own file, to be written when the plan is known.
pub fn open() -> Option<OwnedFd> {
    fd::open(PATH, libc::O_WRONLY, 0).ok()
}

/// A score that the plan asks for must be set; the usual one is restored where that is possible.
pub fn set(file: Option<&OwnedFd>, wanted: Option<i32>, usual: i32) -> Result<(), Failure> {
    let value = wanted.unwrap_or(usual).to_string();
    let result = match file {
        Some(file) => fd::write(file, value.as_bytes()),
        None => Err(std::io::Error::from_raw_os_error(libc::ENOENT)),
    };
    match (result, wanted) {
        (Err(e), Some(_)) => Err(Failure::io(steps::OOM_SCORE, &e).saying(value)),
        _ => Ok(()),
    }
}
