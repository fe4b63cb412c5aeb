//! The control socket: the daemon fills the tables, and whoever prepares a namespace hands its sockets over.

use std::collections::VecDeque;
use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;

use hbx_protocol::hello::{self, Hello};
use hbx_protocol::messages::Failed;
use hbx_protocol::{Failure, descriptors, frame, steps};
use serde::{Deserialize, Serialize};

use crate::asker::Sockets;
use crate::server::Server;
use crate::slab::Place;
use crate::sys;
use crate::tables::{Asker, Member, Tables};

pub struct Control {
    pub stream: UnixStream,
    input: Vec<u8>,
    descriptors: VecDeque<OwnedFd>,
    greeted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TakeSockets {
    #[serde(rename = "t")]
    _kind: String,
    #[serde(rename = "seq", default)]
    _seq: Option<u32>,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Join {
    network: String,
    member: Member,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leave {
    network: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(rename = "t")]
    _kind: String,
    #[serde(rename = "seq", default)]
    _seq: Option<u32>,
    /// Everything that was said before is forgotten first.
    #[serde(default)]
    fresh: bool,
    #[serde(default)]
    leave: Vec<Leave>,
    #[serde(default)]
    join: Vec<Join>,
    #[serde(default)]
    askers: Vec<Asker>,
}

#[derive(Serialize)]
struct Okay {
    t: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct State<'a> {
    t: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u32>,
    pid: u32,
    /// Whose sockets are here.
    keys: Vec<&'a str>,
    resolvers: Vec<String>,
    queries: u64,
    forwarded: u64,
    cached: u64,
    failed: u64,
    in_flight: usize,
    cache_entries: usize,
}

impl Control {
    pub fn new(mut stream: UnixStream) -> Self {
        let _ = stream.write_all(&frame::encode(&Hello::ours("dns")));
        Self {
            stream,
            input: Vec::new(),
            descriptors: VecDeque::new(),
            greeted: false,
        }
    }

    fn answer<T: Serialize>(&mut self, value: &T) -> Option<()> {
        self.stream.write_all(&frame::encode(value)).ok()
    }

    /// The next whole frame; None when more has to come.
    fn next_frame(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(&prefix) = self.input.first_chunk() else {
            return Ok(None);
        };
        let length = frame::body_length(prefix)?;
        if self.input.len() < 4 + length {
            return Ok(None);
        }
        let body = self.input[4..4 + length].to_vec();
        self.input.drain(..4 + length);
        Ok(Some(body))
    }
}

impl Server {
    pub fn serve_control(&mut self, place: Place) {
        if self.read_control(place).is_none() {
            self.controls.remove(place);
        }
    }

    /// None: the connection is over.
    fn read_control(&mut self, place: Place) -> Option<()> {
        let control = self.controls.get_mut(place)?;
        let mut piece = [0; 16 * 1024];
        match descriptors::receive(&control.stream, &mut piece) {
            Ok((0, _)) => return None,
            Ok((n, fds)) => {
                control.input.extend_from_slice(&piece[..n]);
                control.descriptors.extend(fds);
                if control.descriptors.len() > descriptors::MOST {
                    return None;
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return Some(()),
            Err(_) => return None,
        }
        loop {
            let control = self.controls.get_mut(place)?;
            let body = match control.next_frame() {
                Ok(Some(body)) => body,
                Ok(None) => return Some(()),
                Err(failure) => {
                    control.answer(&Failed::new(None, &failure));
                    return None;
                }
            };
            if !control.greeted {
                if let Err(failure) = hello::check(&body) {
                    control.answer(&Failed::new(None, &failure));
                    return None;
                }
                control.greeted = true;
                continue;
            }
            self.obey(place, &body)?;
        }
    }

    fn obey(&mut self, place: Place, body: &[u8]) -> Option<()> {
        let (kind, seq) = match frame::head(body) {
            Ok(head) => (head.t, head.seq),
            Err(failure) => {
                self.controls.get_mut(place)?.answer(&Failed::new(None, &failure));
                return None;
            }
        };
        let result =
            match kind {
                "sockets" => frame::parse(body).and_then(|request| self.obey_sockets(place, request)),
                "names" => frame::parse(body).and_then(|request| self.change(request)),
                "state" => return self.tell_state(place, seq),
                other => Err(Failure::new(steps::PROTOCOL, 0)
                    .saying(format!("a frame of type {other:.40} is not expected here"))),
            };
        let control = self.controls.get_mut(place)?;
        match result {
            Ok(()) => control.answer(&Okay { t: "ok", seq }),
            Err(failure) => control.answer(&Failed::new(seq, &failure)),
        }
    }

    fn obey_sockets(&mut self, place: Place, request: TakeSockets) -> Result<(), Failure> {
        let wrong = |message: &str| Failure::new(steps::DNS_SOCKETS, 0).at(&request.key).saying(message);
        let control = self
            .controls
            .get_mut(place)
            .ok_or_else(|| wrong("the connection is gone"))?;
        let mut descriptors = control.descriptors.drain(..);
        let (Some(udp), Some(tcp), Some(process)) = (descriptors.next(), descriptors.next(), descriptors.next()) else {
            return Err(wrong("expected three descriptors: UDP, TCP, process"));
        };
        let inet = |fd: &OwnedFd, kind| sys::socket_kind(fd).is_ok_and(|found| found == (libc::AF_INET, kind));
        if !inet(&udp, libc::SOCK_DGRAM) || !inet(&tcp, libc::SOCK_STREAM) {
            return Err(wrong("expected an IPv4 UDP socket and an IPv4 TCP socket"));
        }
        let (udp, tcp) = (UdpSocket::from(udp), TcpListener::from(tcp));
        let failed = |e: std::io::Error| Failure::io(steps::DNS_SOCKETS, &e);
        udp.set_nonblocking(true).map_err(failed)?;
        tcp.set_nonblocking(true).map_err(failed)?;
        drop(descriptors);
        self.was_needed = true;
        let key = request.key;
        self.take_sockets(Sockets {
            key,
            udp,
            tcp,
            process,
            asker: None,
            flights: 0,
            streams: 0,
        })
        .map_err(failed)
    }

    /// All of it or nothing.
    fn change(&mut self, change: Change) -> Result<(), Failure> {
        self.was_needed = true;
        let mut trial = Tables::default();
        for Join { network, member } in &change.join {
            trial.put(network, member)?;
        }
        if change.fresh {
            self.tables = trial;
            self.askers.clear();
        } else {
            for Leave { network, key } in &change.leave {
                self.tables.remove(network, key);
            }
            for Join { network, member } in &change.join {
                self.tables.put(network, member)?;
            }
        }
        for asker in change.askers {
            self.askers.insert(asker.key.clone(), Rc::new(asker));
        }
        for place in self.sockets.places() {
            if let Some(sockets) = self.sockets.get_mut(place) {
                sockets.asker = self.askers.get(&sockets.key).cloned();
            }
        }
        Ok(())
    }

    fn tell_state(&mut self, place: Place, seq: Option<u32>) -> Option<()> {
        let state = State {
            t: "state",
            seq,
            pid: std::process::id(),
            keys: self.sockets.values().map(|sockets| sockets.key.as_str()).collect(),
            resolvers: self.resolvers.list().iter().map(ToString::to_string).collect(),
            queries: self.counters.queries,
            forwarded: self.counters.forwarded,
            cached: self.counters.cached,
            failed: self.counters.failed,
            in_flight: self.flights.len(),
            cache_entries: self.cache.len(),
        };
        self.controls.get_mut(place)?.answer(&state)
    }
}
