//! One conversation with the name service: hello, the sockets, its word that it has them.

use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use hbx_protocol::hello::{self, Hello};
use hbx_protocol::messages::NamesPrepare;
use hbx_protocol::{Failure, descriptors, frame, steps};
use serde::Serialize;

/// A service that is stopped or lost must not stop us for good.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Sockets<'a> {
    t: &'static str,
    key: &'a str,
}

pub fn hand_over(names: &NamesPrepare, fds: [BorrowedFd; 3]) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::io(steps::DNS_SOCKETS, &e).at(&names.socket);
    let connection = UnixStream::connect(&names.socket).map_err(failed)?;
    connection.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    let mut request = frame::encode(&Hello::ours("prepare"));
    let key = &names.key;
    request.extend(frame::encode(&Sockets { t: "sockets", key }));
    descriptors::send(&connection, &request, &fds).map_err(failed)?;
    let gone = || {
        Failure::new(steps::DNS_SOCKETS, 0)
            .at(&names.socket)
            .saying("the name service closed the connection")
    };
    hello::check(&frame::read(&connection)?.ok_or_else(gone)?)?;
    let answer = frame::read(&connection)?.ok_or_else(gone)?;
    match frame::head(&answer)?.t {
        "ok" => Ok(()),
        _ => Err(frame::parse(&answer)?),
    }
}
