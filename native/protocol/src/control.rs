//! Frames of a shim's control connections.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::frame;
use crate::plan::{CgroupWrite, ProcessPlan, StdioPlan};
use crate::steps;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signal {
    pub signo: i32,
    #[serde(default)]
    pub exec_id: Option<String>,
    #[serde(default)]
    pub all: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resize {
    pub rows: u16,
    pub cols: u16,
    #[serde(default)]
    pub exec_id: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub struct AttachOptions {
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    pub mux: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attach {
    #[serde(default)]
    pub exec_id: Option<String>,
    #[serde(flatten)]
    pub options: AttachOptions,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exec {
    pub exec_id: String,
    pub process: ProcessPlan,
    pub stdio: StdioPlan,
    #[serde(default)]
    pub attach: Option<AttachOptions>,
}

#[derive(Debug, Deserialize)]
pub struct Update {
    pub writes: Vec<CgroupWrite>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloseStdin {
    #[serde(default)]
    pub exec_id: Option<String>,
}

#[derive(Debug)]
pub enum Request {
    State,
    Signal(Signal),
    Resize(Resize),
    Exec(Box<Exec>),
    Attach(Attach),
    Update(Update),
    CloseStdin(CloseStdin),
    Subscribe,
}

impl Request {
    /// `t` is the frame's type, as [`frame::head`] saw it.
    pub fn parse(t: &str, body: &[u8]) -> Result<Self, Failure> {
        Ok(match t {
            "state" => Self::State,
            "signal" => Self::Signal(frame::parse(body)?),
            "resize" => Self::Resize(frame::parse(body)?),
            "exec" => Self::Exec(Box::new(frame::parse(body)?)),
            "attach" => Self::Attach(frame::parse(body)?),
            "update" => Self::Update(frame::parse(body)?),
            "closeStdin" => Self::CloseStdin(frame::parse(body)?),
            "subscribe" => Self::Subscribe,
            other => {
                return Err(Failure::new(steps::PROTOCOL, 0)
                    .saying(format!("a frame of type {other:.40} is not expected here")));
            }
        })
    }
}

/// An answer that says no more than its name: `ok`, `attached`.
#[derive(Debug, Serialize)]
pub struct Answer {
    pub t: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
}

#[derive(Debug, Serialize)]
pub struct ExecStarted {
    pub t: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    pub pid: i32,
}

/// How the container's init ended. The exit file holds the same as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exit {
    /// 128+n for a signal.
    pub code: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    pub oom_killed: bool,
    pub finished_at_ns: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Exit {
    /// The exit file's text. Written by hand: the fields are numbers, flags and one optional ASCII sentence of ours.
    pub fn to_json(&self) -> String {
        let mut text = format!("{{\"code\":{}", self.code);
        if let Some(signal) = self.signal {
            text.push_str(&format!(",\"signal\":{signal}"));
        }
        text.push_str(&format!(
            ",\"oomKilled\":{},\"finishedAtNs\":{}",
            self.oom_killed, self.finished_at_ns
        ));
        if let Some(error) = &self.error {
            text.push_str(&format!(",\"error\":\"{}\"", error.replace(['"', '\\', '\n'], " ")));
        }
        text.push_str("}\n");
        text
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecState<'a> {
    pub exec_id: &'a str,
    pub pid: i32,
    pub running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct State<'a> {
    pub t: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    pub phase: &'static str,
    pub pid: i32,
    pub start_time_ns: u64,
    pub execs: Vec<ExecState<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<&'a Exit>,
    pub oom_killed: bool,
}

#[derive(Debug, Serialize)]
#[serde(tag = "t", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event<'a> {
    Exited { exit: &'a Exit },
    ExecExited { exec_id: &'a str, exit_code: i32 },
    Oom {},
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct AttachFrame {
        t: &'static str,
        seq: u32,
        exec_id: Option<&'static str>,
        stdin: bool,
        stdout: bool,
        stderr: bool,
        mux: bool,
    }

    #[test]
    fn parse_reads_an_attach_frame() {
        let bytes = frame::encode(&AttachFrame {
            t: "attach",
            seq: 1,
            exec_id: None,
            stdin: true,
            stdout: true,
            stderr: false,
            mux: true,
        });
        match Request::parse("attach", &bytes[4..]) {
            Ok(Request::Attach(attach)) => {
                assert!(
                    attach.exec_id.is_none() && attach.options.stdin && attach.options.mux && !attach.options.stderr
                );
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn parse_refuses_an_unknown_type() {
        assert_eq!(Request::parse("reboot", &[0x80]).unwrap_err().step, steps::PROTOCOL);
    }

    #[test]
    fn events_are_tagged_by_t() {
        let bytes = frame::encode(&Event::ExecExited {
            exec_id: "e1",
            exit_code: 3,
        });
        assert_eq!(frame::head(&bytes[4..]).unwrap().t, "execExited");
        assert!(bytes.windows(8).any(|w| w == b"exitCode"));
    }

    #[test]
    fn exit_as_json_names_what_is_there() {
        let exit = Exit {
            code: 137,
            signal: Some(9),
            oom_killed: true,
            finished_at_ns: 5,
            error: None,
        };
        assert_eq!(
            exit.to_json(),
            "{\"code\":137,\"signal\":9,\"oomKilled\":true,\"finishedAtNs\":5}\n"
        );
    }
}
