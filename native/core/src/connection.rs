//! A connection to the zygote, in a process of its own: hello, then the frame that says what it becomes.

use std::io::Write;
use std::os::unix::net::UnixStream;

use hbx_protocol::hello::{self, Hello};
use hbx_protocol::messages::{Done, Failed};
use hbx_protocol::{Failure, frame, steps};

use crate::{mounts, name_service, probe, spare};

pub fn serve(connection: UnixStream) {
    let _ = frame::write(&connection, &Hello::ours("zygote"));
    let ours = match connection.try_clone() {
        Ok(ours) => ours,
        Err(_) => return,
    };
    if let Err(failure) = converse(connection) {
        let _ = frame::write(&ours, &Failed::new(None, &failure));
    }
}

fn converse(connection: UnixStream) -> Result<(), Failure> {
    let Some(body) = frame::read(&connection)? else {
        return Ok(());
    };
    hello::check(&body)?;
    let Some(body) = frame::read(&connection)? else {
        return Ok(());
    };
    let head = frame::head(&body)?;
    match head.t {
        "prepare" => spare::become_spare(connection, &frame::parse(&body)?),
        "holdMounts" => mounts::hold(&connection),
        "network" => hbx_net::run(&body).map(|()| answer_done(&connection)),
        "nameService" => name_service::become_name_service(connection, &body),
        "nameSockets" => hbx_net::names::run(&body).map(|()| answer_done(&connection)),
        "watchNetwork" => hbx_net::watch(&body, &connection),
        "reach" => hbx_net::reach::run(&body).map(|answer| drop((&connection).write_all(&answer))),
        "probe" => probe::run(&body, &connection),
        job if hbx_storage::handles(job) => {
            hbx_storage::run(job, &body, &connection);
            Ok(())
        }
        other => {
            Err(Failure::new(steps::PROTOCOL, 0).saying(format!("a frame of type {other:.40} is not expected here")))
        }
    }
}

fn answer_done(connection: &UnixStream) {
    let _ = frame::write(connection, &Done::new());
}
