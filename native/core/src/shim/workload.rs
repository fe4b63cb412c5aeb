//! A process that the shim started: the container's init (always number 0) or an exec.

use std::os::fd::OwnedFd;

use hbx_protocol::plan::StdioPlan;
use hbx_protocol::{Failure, Timings};

/// One end of output.
pub struct Source {
    pub fd: OwnedFd,
    /// 1: standard output, 2: standard error.
    pub stream: u8,
    /// Whether epoll watches it.
    pub armed: bool,
    /// Whether its pipe was grown for bulk output.
    pub grown: bool,
}

impl Source {
    pub fn new(fd: OwnedFd, stream: u8) -> Self {
        Self {
            fd,
            stream,
            armed: false,
            grown: false,
        }
    }
}

/// Standard input of a workload.
pub struct Sink {
    pub fd: OwnedFd,
    /// Waiting to become writable; epoll watches it.
    pub blocked: bool,
}

/// The time between birth and exec.
pub struct Launch {
    pub report: OwnedFd,
    pub received: Vec<u8>,
    /// The child's timings, once it is about to exec.
    pub ready: Option<Vec<u8>>,
    pub failure: Option<Failure>,
    pub timings: Timings,
    /// Who asked for it: client number and `seq`.
    pub asked_by: Option<(usize, Option<u32>)>,
    pub attach: Option<hbx_protocol::control::AttachOptions>,
}

pub struct Workload {
    /// Empty for the init.
    pub exec_id: String,
    pub pid: i32,
    pub stdio: StdioPlan,
    pub launch: Option<Launch>,
    pub sources: [Option<Source>; 2],
    pub sink: Option<Sink>,
    /// The terminal's slave, held so that its master does not fail while no process has it open.
    pub terminal: Option<OwnedFd>,
    /// The first attached client's input has ended, or its standard input was closed.
    pub input_closed: bool,
    pub exit_code: Option<i32>,
}

impl Workload {
    pub fn running(&self) -> bool {
        self.launch.is_none() && self.exit_code.is_none()
    }
}
