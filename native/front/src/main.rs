//! `hbx-front PROGRAM SCRIPT ARG…`: `hbx run` and `hbx exec` without a terminal, in a process that starts in half a
//! millisecond. It is one more client of the API and has no privileges of its own. What it does not know for certain it
//! leaves alone: it becomes `PROGRAM SCRIPT ARG…`, the whole command line (docs/adr/0006).

mod answer;
mod back;
mod body;
mod endpoint;
mod exec;
mod flags;
mod http;
mod input;
mod outcome;
mod output;
mod run;
mod signals;
mod sizes;
mod stream;

use std::os::unix::net::UnixStream;

use answer::Api;
use outcome::{Ended, Verdict};

/// One request, ready to be sent.
pub struct Request {
    pub path: String,
    pub body: String,
    pub stdin: bool,
    /// Hand our signals on to the container.
    pub signals: bool,
    pub verb: Verb,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    Run,
    Exec,
}

fn main() {
    let Some(back) = back::Back::from_arguments() else {
        eprintln!("usage: hbx-front PROGRAM SCRIPT ARG…");
        std::process::exit(125);
    };
    let Some((request, stream)) = begin(&back) else {
        back.take_over()
    };
    match follow(&request, stream) {
        Verdict::TakeBack => back.take_over(),
        Verdict::End(ended) => ended.exit(),
    }
}

/// `None`: this is for the whole command line. Nothing was changed.
fn begin(back: &back::Back) -> Option<(Request, UnixStream)> {
    let words = back.words()?;
    let socket = endpoint::socket_path()?;
    let request = match words.as_slice() {
        ["run", rest @ ..] | ["container", "run", rest @ ..] => run::request(rest)?,
        ["exec", rest @ ..] | ["container", "exec", rest @ ..] => exec::request(rest)?,
        _ => return None,
    };
    let stream = UnixStream::connect(socket).ok()?;
    Some((request, stream))
}

fn follow(request: &Request, stream: UnixStream) -> Verdict {
    let answer = match http::send(&stream, &request.path, &request.body) {
        Ok(answer) => answer,
        Err(why) => return Verdict::End(Ended::protocol(&why)),
    };
    if answer.status >= 400 {
        return answer::refused(request.verb, &Api::parse(answer.status, &answer.rest));
    }
    if !answer.switched() {
        return Verdict::End(Ended::protocol("the daemon did not switch to a raw stream"));
    }
    Verdict::End(stream::carry(request, &stream, &answer.rest))
}
