//! Questions that a resolver has to answer: each on a socket of its own, with a random number and the kernel's random
//! port, from one resolver to the next.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use crate::asker::Outcome;
use crate::resolv_conf::parse_server;
use crate::server::{Server, kind};
use crate::slab::{Place, pack};
use crate::sys;
use crate::tables::Asker;
use crate::wire::query::Query;
use crate::wire::{MAX_MESSAGE, Rcode, answer, reply};

const MOST: usize = 1024;
const MOST_OF_ONE: usize = 256;
/// Rounds through the resolvers, and how long each may take in them.
const PATIENCE: [Duration; 2] = [Duration::from_millis(1500), Duration::from_millis(2500)];
/// Clients ask again after 5 s: by then they should have an answer.
const WHOLE: Duration = Duration::from_millis(4500);
/// A resolver that did not answer is asked last for so long.
const PENALTY: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub enum Client {
    Datagram(SocketAddr),
    Stream(Place),
}

enum Link {
    Datagram(UdpSocket),
    Stream {
        socket: TcpStream,
        unsent: Vec<u8>,
        received: Vec<u8>,
    },
}

pub struct Flight {
    asker: Place,
    client: Client,
    client_id: [u8; 2],
    query: Query,
    /// As it is sent, with our number.
    sent: Vec<u8>,
    cache_key: Vec<u8>,
    from_container: bool,
    servers: Vec<SocketAddr>,
    attempt: usize,
    link: Option<Link>,
    begun: Instant,
    deadline: Instant,
    /// A failure that one resolver told; handed on when none knows better.
    failure: Option<Vec<u8>>,
}

/// Which resolvers did not answer lately.
#[derive(Default)]
pub struct Health(HashMap<SocketAddr, Instant>);

impl Health {
    /// Those that answer come first; otherwise the order is as it was.
    fn order(&mut self, servers: &mut [SocketAddr], now: Instant) {
        self.0.retain(|_, until| *until > now);
        servers.sort_by_key(|server| self.0.contains_key(server));
    }

    fn punish(&mut self, server: SocketAddr, now: Instant) {
        self.0.insert(server, now + PENALTY);
    }
}

impl Server {
    pub fn forward(
        &mut self,
        place: Place,
        asker: &Asker,
        message: &[u8],
        query: Query,
        client: &Client,
        now: Instant,
    ) -> Outcome {
        let from_container = !asker.upstreams.is_empty();
        if !from_container && self.resolvers.refresh(now) {
            self.cache.clear();
        }
        let cache_key = cache_key(if from_container { &asker.key } else { "" }, message, &query);
        if self.cache.load(&cache_key, now, &mut self.output) {
            self.counters.cached += 1;
            self.output[..2].copy_from_slice(&message[..2]);
            // The case of letters is the client's own.
            let end = query.question_end;
            self.output[12..end].copy_from_slice(&message[12..end]);
            self.fit(&query, client);
            return Outcome::Answered;
        }
        let mut servers: Vec<SocketAddr> = if from_container {
            asker.upstreams.iter().filter_map(|text| parse_server(text)).collect()
        } else {
            self.resolvers.list().to_vec()
        };
        let busy = self.sockets.get(place).is_none_or(|s| s.flights >= MOST_OF_ONE) || self.flights.len() >= MOST;
        if busy || servers.is_empty() {
            self.fail(message, &query);
            return Outcome::Answered;
        }
        self.health.order(&mut servers, now);
        let mut sent = query.forwarded(message);
        sys::random(&mut sent[..2]);
        let flight = Flight {
            asker: place,
            client: client.clone(),
            client_id: [message[0], message[1]],
            query,
            sent,
            cache_key,
            from_container,
            servers,
            attempt: 0,
            link: None,
            begun: now,
            deadline: now,
            failure: None,
        };
        self.counters.forwarded += 1;
        if let Some(sockets) = self.sockets.get_mut(place) {
            sockets.flights += 1;
        }
        let flight = self.flights.insert(flight);
        self.launch(flight, now);
        Outcome::Asked
    }

    fn fail(&mut self, message: &[u8], query: &Query) {
        self.counters.failed += 1;
        answer::begin(&mut self.output, message, query, MAX_MESSAGE, 0).finish(Rcode::ServerFailure);
    }

    fn fit(&mut self, query: &Query, client: &Client) {
        if matches!(client, Client::Datagram(_)) {
            reply::fit(&mut self.output, query.question_end, query.udp_limit());
        }
    }

    /// Asks the next resolver that can be asked; without one the client is told.
    fn launch(&mut self, place: Place, now: Instant) {
        while let Some(flight) = self.flights.get_mut(place) {
            let round = flight.attempt / flight.servers.len();
            let left = WHOLE.saturating_sub(now.duration_since(flight.begun));
            let Some(patience) = PATIENCE.get(round).map(|p| (*p).min(left)).filter(|p| !p.is_zero()) else {
                break;
            };
            let server = flight.servers[flight.attempt % flight.servers.len()];
            flight.deadline = now + patience;
            let deadline = flight.deadline;
            let link = match self.sockets.get(flight.asker) {
                Some(sockets) if flight.from_container => {
                    sys::within_network_of(&sockets.process, || open(&flight.client, server, &flight.sent))
                }
                Some(_) => open(&flight.client, server, &flight.sent),
                None => break,
            };
            if let Ok(link) = link {
                let token = pack(kind::FLIGHT, place);
                let watched = match &link {
                    Link::Datagram(socket) => self.epoll.add(socket, sys::IN, token),
                    Link::Stream { socket, .. } => self.epoll.add(socket, sys::IN | sys::OUT, token),
                };
                if watched.is_ok() {
                    flight.link = Some(link);
                    self.remind(deadline, kind::FLIGHT, place);
                    return;
                }
            }
            flight.attempt += 1;
        }
        self.land_failed(place);
    }

    fn next_server(&mut self, place: Place, punish: bool, now: Instant) {
        if let Some(flight) = self.flights.get_mut(place) {
            let server = flight.servers[flight.attempt % flight.servers.len()];
            flight.link = None;
            flight.attempt += 1;
            if punish && !flight.from_container {
                self.health.punish(server, now);
            }
            self.launch(place, now);
        }
    }

    pub fn flight_is_late(&mut self, place: Place, now: Instant) {
        if self.flights.get(place).is_some_and(|flight| flight.deadline <= now) {
            self.next_server(place, true, now);
        }
    }

    pub fn serve_flight(&mut self, place: Place, events: u32) {
        let Some(flight) = self.flights.get_mut(place) else {
            return;
        };
        match receive(flight, events) {
            Ok(Some(bytes)) => self.take_reply(place, bytes),
            Ok(None) => {
                if let Some(Link::Stream { socket, unsent, .. }) = &flight.link {
                    // Writable for ever: once all is sent, only the reply is waited for.
                    let wanted = if unsent.is_empty() { sys::IN } else { sys::IN | sys::OUT };
                    let _ = self.epoll.change(socket, wanted, pack(kind::FLIGHT, place));
                }
            }
            // Nobody listens there, or no way leads there.
            Err(_) => self.next_server(place, true, Instant::now()),
        }
    }

    fn take_reply(&mut self, place: Place, bytes: Vec<u8>) {
        let Some(flight) = self.flights.get_mut(place) else {
            return;
        };
        let rcode = reply::rcode(&bytes);
        if rcode != Rcode::NoError as u8 && rcode != Rcode::NoSuchName as u8 {
            flight.failure = Some(bytes);
            return self.next_server(place, false, Instant::now());
        }
        self.cache
            .store(&flight.cache_key, &bytes, flight.query.question_end, Instant::now());
        self.land(place, bytes);
    }

    fn land_failed(&mut self, place: Place) {
        let Some(flight) = self.flights.get_mut(place) else {
            return;
        };
        match flight.failure.take() {
            Some(bytes) => {
                self.counters.failed += 1;
                self.land(place, bytes);
            }
            None => {
                let (sent, query) = (std::mem::take(&mut flight.sent), flight.query);
                self.fail(&sent, &query);
                let bytes = std::mem::take(&mut self.output);
                self.land(place, bytes);
            }
        }
    }

    fn land(&mut self, place: Place, bytes: Vec<u8>) {
        let Some(flight) = self.flights.remove(place) else {
            return;
        };
        if let Some(sockets) = self.sockets.get_mut(flight.asker) {
            sockets.flights -= 1;
        }
        self.output = bytes;
        self.output[..2].copy_from_slice(&flight.client_id);
        self.fit(&flight.query, &flight.client);
        match flight.client {
            Client::Datagram(to) => self.reply_datagram(flight.asker, to),
            Client::Stream(stream) => self.reply_stream(stream),
        }
    }

    pub fn drop_flights_of(&mut self, asker: Place) {
        for place in self.flights.places() {
            if self.flights.get(place).is_some_and(|flight| flight.asker == asker) {
                self.flights.remove(place);
            }
        }
    }
}

/// Who asks by TCP is answered by TCP: that answer is whole.
fn open(client: &Client, server: SocketAddr, sent: &[u8]) -> io::Result<Link> {
    if let Client::Stream(_) = client {
        let mut unsent = (sent.len() as u16).to_be_bytes().to_vec();
        unsent.extend_from_slice(sent);
        let socket = sys::connect_tcp(&server)?;
        return Ok(Link::Stream {
            socket,
            unsent,
            received: Vec::new(),
        });
    }
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.set_nonblocking(true)?;
    // Connected: the kernel takes datagrams from this resolver only.
    socket.connect(server)?;
    socket.send(sent)?;
    Ok(Link::Datagram(socket))
}

/// A whole reply to what was asked; None while there is none.
fn receive(flight: &mut Flight, events: u32) -> io::Result<Option<Vec<u8>>> {
    match &mut flight.link {
        None => Ok(None),
        Some(Link::Datagram(socket)) => {
            let mut bytes = vec![0; 65536];
            loop {
                match socket.recv(&mut bytes) {
                    Ok(n) if reply::answers(&bytes[..n], &flight.sent, &flight.query) => {
                        bytes.truncate(n);
                        return Ok(Some(bytes));
                    }
                    Ok(_) => {}
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                    Err(e) => return Err(e),
                }
            }
        }
        Some(Link::Stream {
            socket,
            unsent,
            received,
        }) => {
            if events & sys::OUT != 0 && !unsent.is_empty() {
                let n = socket.write(unsent)?;
                unsent.drain(..n);
            }
            let mut piece = [0; 4096];
            loop {
                let length = received
                    .first_chunk()
                    .map(|&prefix| usize::from(u16::from_be_bytes(prefix)));
                if let Some(length) = length.filter(|length| received.len() >= 2 + length) {
                    let bytes = received[2..2 + length].to_vec();
                    let right = reply::answers(&bytes, &flight.sent, &flight.query);
                    return if right {
                        Ok(Some(bytes))
                    } else {
                        Err(io::ErrorKind::InvalidData.into())
                    };
                }
                match socket.read(&mut piece) {
                    Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Ok(n) => received.extend_from_slice(&piece[..n]),
                    Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) => {
                        return Ok(None);
                    }
                    Err(e) => return Err(e),
                }
            }
        }
    }
}

/// Whatever makes a resolver answer otherwise.
fn cache_key(scope: &str, message: &[u8], query: &Query) -> Vec<u8> {
    const RECURSION_DESIRED: u8 = 1;
    const CHECKING_DISABLED: u8 = 0x10;
    let edns = query.edns.map_or(0, |edns| 1 | u8::from(edns.dnssec_ok) << 1);
    let mut key = scope.as_bytes().to_vec();
    key.extend([0, edns, message[2] & RECURSION_DESIRED, message[3] & CHECKING_DISABLED]);
    key.extend(query.kind.to_be_bytes());
    key.extend_from_slice(query.name.bytes());
    key
}
