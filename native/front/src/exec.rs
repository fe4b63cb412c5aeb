//! `hbx exec` as a request, as src/containers/commands/exec.ts makes it.

use serde_json::json;

use crate::flags::{Flag, Kind, parse};
use crate::{Request, Verb, body};

const FLAGS: &[Flag] = &[
    ("env", Some('e'), Kind::List),
    ("interactive", Some('i'), Kind::Bool),
    ("privileged", None, Kind::Bool),
    ("user", Some('u'), Kind::Text),
    ("workdir", Some('w'), Kind::Text),
];

pub fn request(words: &[&str]) -> Option<Request> {
    let flags = parse(FLAGS, words)?;
    let [container, command @ ..] = flags.rest.as_slice() else {
        return None;
    };
    if command.is_empty() {
        return None;
    }
    let stdin = flags.truth("interactive");
    let body = json!({
        "AttachStdin": stdin,
        "AttachStdout": true,
        "AttachStderr": true,
        "DetachKeys": "",
        "Tty": false,
        "Env": body::environment(&flags.list("env"))?,
        "Cmd": command,
        "Privileged": flags.truth("privileged"),
        "User": flags.text("user").unwrap_or(""),
        "WorkingDir": flags.text("workdir").unwrap_or(""),
    });
    Some(Request {
        path: format!("/hbx/v1/containers/{}/exec", body::encode(container)),
        body: body.to_string(),
        stdin,
        signals: false,
        verb: Verb::Exec,
    })
}
