//! Requests and answers, as a client writes and reads them.

use std::collections::BTreeMap;

use hbx_protocol::plan::*;
use serde::{Deserialize, Serialize};

/// Any answer or event of the core.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Answer {
    pub t: String,
    pub seq: Option<u32>,
    pub version: Option<u32>,
    pub pid: i32,
    pub shim_pid: i32,
    pub holder_pid: i32,
    pub step: String,
    pub errno: i32,
    pub path: Option<String>,
    pub message: Option<String>,
    pub phase: String,
    pub exit: Option<Exit>,
    pub exit_code: Option<i32>,
    pub exec_id: Option<String>,
    pub oom_killed: bool,
    pub timings: BTreeMap<String, u32>,
    pub execs: Vec<ExecState>,
    pub ok: bool,
    pub detail: String,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Exit {
    pub code: i32,
    pub signal: Option<i32>,
    pub oom_killed: bool,
    pub finished_at_ns: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecState {
    pub exec_id: String,
    pub running: bool,
    pub exit_code: Option<i32>,
}

/// Any request to the core; what is absent is left out.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    pub t: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<RunPlan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signo: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cols: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessPlan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdio: Option<StdioPlan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attach: Option<Streams>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mux: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writes: Option<Vec<CgroupWrite>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct Streams {
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    pub mux: bool,
}

pub const ALL_STREAMS: Streams = Streams {
    stdin: true,
    stdout: true,
    stderr: true,
    mux: false,
};

pub fn request(t: &'static str) -> Request {
    Request {
        t,
        ..Request::default()
    }
}

pub fn attach(streams: Streams) -> Request {
    let Streams {
        stdin,
        stdout,
        stderr,
        mux,
    } = streams;
    Request {
        stdin: Some(stdin),
        stdout: Some(stdout),
        stderr: Some(stderr),
        mux: Some(mux),
        ..request("attach")
    }
}
