//! Questions over TCP: each with its length before it, several on one connection, answered as they are known.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::asker::Outcome;
use crate::forward::Client;
use crate::server::{Server, kind};
use crate::slab::{Place, pack};
use crate::sys;

/// Connections of one container at once.
const MOST: usize = 64;
const IDLE: Duration = Duration::from_secs(10);
/// Answers that a client has not read yet.
const MOST_UNREAD: usize = 256 * 1024;

pub struct Stream {
    pub asker: Place,
    socket: TcpStream,
    input: Vec<u8>,
    output: Vec<u8>,
    writing: bool,
    last: Instant,
}

impl Server {
    pub fn accept_stream(&mut self, asker: Place) {
        loop {
            let Some(sockets) = self.sockets.get_mut(asker) else {
                return;
            };
            let Ok((socket, _)) = sockets.tcp.accept() else {
                return;
            };
            if sockets.streams >= MOST || socket.set_nonblocking(true).is_err() {
                continue;
            }
            let now = Instant::now();
            let stream = Stream {
                asker,
                socket,
                input: Vec::new(),
                output: Vec::new(),
                writing: false,
                last: now,
            };
            sockets.streams += 1;
            let place = self.streams.insert(stream);
            let added = self
                .streams
                .get(place)
                .map(|s| self.epoll.add(&s.socket, sys::IN, pack(kind::STREAM, place)));
            if matches!(added, Some(Ok(()))) {
                self.remind(now + IDLE, kind::STREAM, place);
            } else {
                self.drop_stream(place);
            }
        }
    }

    pub fn serve_stream(&mut self, place: Place, events: u32) {
        if events & sys::OUT != 0 && !self.flush_stream(place) {
            return;
        }
        if events & !sys::OUT != 0 && self.read_stream(place).is_none() {
            self.drop_stream(place);
        }
    }

    /// None: the connection is over.
    fn read_stream(&mut self, place: Place) -> Option<()> {
        let mut piece = [0; 4096];
        let stream = self.streams.get_mut(place)?;
        match stream.socket.read(&mut piece) {
            Ok(0) => return None,
            Ok(n) => stream.input.extend_from_slice(&piece[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return Some(()),
            Err(_) => return None,
        }
        stream.last = Instant::now();
        loop {
            let stream = self.streams.get_mut(place)?;
            let Some(length) = stream
                .input
                .first_chunk()
                .map(|&prefix| usize::from(u16::from_be_bytes(prefix)))
            else {
                return Some(());
            };
            if stream.input.len() < 2 + length {
                return Some(());
            }
            let message: Vec<u8> = stream.input.drain(..2 + length).skip(2).collect();
            let asker = stream.asker;
            match self.serve_question(asker, &message, &Client::Stream(place)) {
                Outcome::Answered => self.reply_stream(place),
                Outcome::Asked => {}
                Outcome::Ignored => return None,
            }
        }
    }

    /// Sends `output`, at once or when the client reads.
    pub fn reply_stream(&mut self, place: Place) {
        let Some(stream) = self.streams.get_mut(place) else {
            return;
        };
        let Ok(length) = u16::try_from(self.output.len()) else {
            return;
        };
        stream.output.extend_from_slice(&length.to_be_bytes());
        stream.output.extend_from_slice(&self.output);
        if stream.output.len() > MOST_UNREAD {
            self.drop_stream(place);
        } else {
            self.flush_stream(place);
        }
    }

    /// False when the stream is gone.
    fn flush_stream(&mut self, place: Place) -> bool {
        let Some(stream) = self.streams.get_mut(place) else {
            return false;
        };
        match stream.socket.write(&stream.output) {
            Ok(n) => {
                stream.output.drain(..n);
            }
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => {
                self.drop_stream(place);
                return false;
            }
        }
        let writing = !stream.output.is_empty();
        if writing != stream.writing {
            stream.writing = writing;
            let events = if writing { sys::IN | sys::OUT } else { sys::IN };
            let _ = self.epoll.change(&stream.socket, events, pack(kind::STREAM, place));
        }
        true
    }

    pub fn stream_is_late(&mut self, place: Place, now: Instant) {
        let Some(stream) = self.streams.get(place) else {
            return;
        };
        let until = stream.last + IDLE;
        if until <= now {
            self.drop_stream(place);
        } else {
            self.remind(until, kind::STREAM, place);
        }
    }

    pub fn drop_stream(&mut self, place: Place) {
        if let Some(stream) = self.streams.remove(place) {
            if let Some(sockets) = self.sockets.get_mut(stream.asker) {
                sockets.streams -= 1;
            }
        }
    }

    pub fn drop_streams_of(&mut self, asker: Place) {
        for place in self.streams.places() {
            if self.streams.get(place).is_some_and(|stream| stream.asker == asker) {
                self.streams.remove(place);
            }
        }
    }
}
