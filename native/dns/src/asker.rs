//! A container's sockets, and what is done with what it asks.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Instant;

use crate::forward::Client;
use crate::server::{Server, kind};
use crate::slab::{Place, pack};
use crate::sys;
use crate::tables::Asker;
use crate::wire::query::{Query, Refused};
use crate::wire::{MAX_MESSAGE, answer};

pub struct Sockets {
    pub key: String,
    pub udp: UdpSocket,
    pub tcp: TcpListener,
    /// A pidfd: readable when the process whose namespace this is has ended.
    pub process: OwnedFd,
    pub asker: Option<Rc<Asker>>,
    pub flights: usize,
    pub streams: usize,
}

/// What became of a question.
#[derive(PartialEq, Eq)]
pub enum Outcome {
    /// The answer is in `output`.
    Answered,
    /// It comes later.
    Asked,
    /// None is due.
    Ignored,
}

impl Server {
    /// Takes a container's sockets; those that it had before are closed.
    pub fn take_sockets(&mut self, sockets: Sockets) -> std::io::Result<()> {
        if let Some(&old) = self.by_key.get(&sockets.key) {
            self.close_sockets(old);
        }
        let key = sockets.key.clone();
        let place = self.sockets.insert(sockets);
        let Some(sockets) = self.sockets.get_mut(place) else {
            return Ok(());
        };
        sockets.asker = self.askers.get(&key).cloned();
        let watched = self
            .epoll
            .add(&sockets.udp, sys::IN, pack(kind::UDP, place))
            .and_then(|()| self.epoll.add(&sockets.tcp, sys::IN, pack(kind::TCP, place)))
            .and_then(|()| self.epoll.add(&sockets.process, sys::IN, pack(kind::ENDED, place)));
        if watched.is_err() {
            self.sockets.remove(place);
        } else {
            self.by_key.insert(key, place);
        }
        watched
    }

    fn close_sockets(&mut self, place: Place) {
        if let Some(sockets) = self.sockets.remove(place) {
            self.by_key.remove(&sockets.key);
            self.drop_streams_of(place);
            self.drop_flights_of(place);
        }
    }

    /// The container has ended: its names end with it, whether a daemon is there to say so or not.
    pub fn drop_sockets(&mut self, place: Place) {
        if let Some(sockets) = self.sockets.get(place) {
            let key = sockets.key.clone();
            self.tables.forget(&key);
            self.askers.remove(&key);
            self.close_sockets(place);
        }
    }

    pub fn serve_datagrams(&mut self, place: Place) {
        let mut datagrams = std::mem::take(&mut self.datagrams);
        if let Some(Ok(count)) = self.sockets.get(place).map(|sockets| datagrams.receive(&sockets.udp)) {
            for i in 0..count {
                let client = Client::Datagram(datagrams.sender(i));
                if self.serve_question(place, datagrams.message(i), &client) == Outcome::Answered {
                    datagrams.answer(i, &self.output);
                }
            }
            if let Some(sockets) = self.sockets.get(place) {
                datagrams.flush(&sockets.udp);
            }
        }
        self.datagrams = datagrams;
    }

    /// Sends `output`. A client that is gone or does not read misses it, as with any datagram.
    pub fn reply_datagram(&self, place: Place, to: SocketAddr) {
        if let Some(sockets) = self.sockets.get(place) {
            let _ = sockets.udp.send_to(&self.output, to);
        }
    }

    pub fn serve_question(&mut self, place: Place, message: &[u8], client: &Client) -> Outcome {
        self.counters.queries += 1;
        let query = match Query::parse(message) {
            Ok(query) => query,
            Err(Refused::Silently) => return Outcome::Ignored,
            Err(Refused::With(rcode)) => {
                answer::refuse(&mut self.output, message, rcode);
                return Outcome::Answered;
            }
        };
        let Some(sockets) = self.sockets.get(place) else {
            return Outcome::Ignored;
        };
        let limit = match client {
            Client::Datagram(_) => query.udp_limit(),
            Client::Stream(_) => MAX_MESSAGE,
        };
        let asker = sockets.asker.clone();
        let networks = asker.as_ref().map_or(&[][..], |asker| &asker.networks);
        if self.tables.answer(networks, message, &query, limit, &mut self.output) {
            return Outcome::Answered;
        }
        match asker {
            Some(asker) if asker.forward => self.forward(place, &asker, message, query, client, Instant::now()),
            _ => {
                self.tables.refuse_unknown(message, &query, limit, &mut self.output);
                Outcome::Answered
            }
        }
    }
}
