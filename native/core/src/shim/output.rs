//! Output: from a workload to the log and to every attached client.

use std::io;
use std::time::Instant;

use super::token::Token;
use super::{PIECE, Shim};
use crate::log::{END, HEADER_BYTES};
use crate::sys::{epoll, fd, process};

/// Reads in a row before others get their turn.
const TURN: usize = 32;
/// A pipe's size once it was seen full: fewer switches between the writer and us.
const BULK_PIPE: i32 = 1024 * 1024;
/// Docker's multiplexing header.
const MUX_BYTES: usize = 8;

#[derive(PartialEq, Eq)]
enum Piece {
    More,
    Empty,
    End,
}

impl Shim {
    /// A client that does not read holds everything back that it is attached to.
    fn held_back(&self, w: usize) -> bool {
        self.clients
            .iter()
            .flatten()
            .any(|client| client.behind() && client.stream.is_some_and(|(of, _)| of == w))
    }

    pub fn arm_sources(&mut self, w: usize) {
        let Some(workload) = self.workloads.get_mut(w).and_then(Option::as_mut) else {
            return;
        };
        for (s, source) in workload.sources.iter_mut().enumerate() {
            if let Some(source) = source.as_mut().filter(|source| !source.armed) {
                source.armed = self
                    .epoll
                    .add(&source.fd, epoll::IN, Token::Source(w, s).pack())
                    .is_ok();
            }
        }
    }

    fn disarm_sources(&mut self, w: usize) {
        let Some(workload) = self.workloads.get_mut(w).and_then(Option::as_mut) else {
            return;
        };
        for source in workload.sources.iter_mut().flatten().filter(|source| source.armed) {
            self.epoll.remove(&source.fd);
            source.armed = false;
        }
    }

    /// Reads on when nobody holds the workload back any more.
    pub fn resume(&mut self, w: usize) {
        let launched = self
            .workloads
            .get(w)
            .and_then(Option::as_ref)
            .is_some_and(|workload| workload.launch.is_none());
        if launched && !self.held_back(w) {
            self.arm_sources(w);
        }
    }

    pub fn pump(&mut self, w: usize, s: usize) {
        for _ in 0..TURN {
            if self.held_back(w) {
                return self.disarm_sources(w);
            }
            match self.move_piece(w, s) {
                Piece::More => {}
                Piece::Empty => return,
                Piece::End => return self.end_source(w, s),
            }
        }
    }

    /// After the process's end: everything that is still in the pipe, whether clients can follow or not (a pipe is
    /// bounded). What others still hold open is not waited for.
    pub fn drain(&mut self, w: usize) {
        for s in 0..2 {
            loop {
                match self.move_piece(w, s) {
                    Piece::More => {}
                    Piece::Empty => break,
                    Piece::End => {
                        self.end_source(w, s);
                        break;
                    }
                }
            }
        }
    }

    fn end_source(&mut self, w: usize, s: usize) {
        let Some(workload) = self.workloads.get_mut(w).and_then(Option::as_mut) else {
            return;
        };
        if let Some(source) = workload.sources[s].take() {
            self.epoll.remove(&source.fd);
        }
        if w > 0 && workload.exit_code.is_some() && workload.sources.iter().all(Option::is_none) {
            self.workloads[w] = None;
        }
    }

    /// Moves one piece of output on.
    fn move_piece(&mut self, w: usize, s: usize) -> Piece {
        let Some(workload) = self.workloads.get_mut(w).and_then(Option::as_mut) else {
            return Piece::Empty;
        };
        let Some(source) = workload.sources[s].as_mut() else {
            return Piece::Empty;
        };
        let stream = source.stream;
        let buffer = self.buffer.bytes();
        let n = match fd::read(&source.fd, &mut buffer[HEADER_BYTES..HEADER_BYTES + PIECE]) {
            Ok(0) => return Piece::End,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Piece::Empty,
            Err(_) => return Piece::End, // a terminal without any process: EIO
        };
        if n == PIECE && !source.grown {
            source.grown = true;
            fd::grow_pipe(&source.fd, BULK_PIPE);
        }
        self.last_traffic = Instant::now();
        if w == 0
            && let Some(log) = &mut self.log
        {
            log.append(stream, process::now_ns(), &mut buffer[..HEADER_BYTES + n + END.len()]);
        }
        let piece = &mut buffer[..HEADER_BYTES + n];
        let mux = HEADER_BYTES - MUX_BYTES;
        piece[mux..mux + 4].copy_from_slice(&[stream, 0, 0, 0]);
        piece[mux + 4..HEADER_BYTES].copy_from_slice(&(n as u32).to_be_bytes());
        for i in 0..self.clients.len() {
            let Some(client) = &mut self.clients[i] else { continue };
            let Some((_, options)) = client.stream.filter(|(of, _)| *of == w) else {
                continue;
            };
            if !(if stream == 1 { options.stdout } else { options.stderr }) {
                continue;
            }
            let from = if options.mux { mux } else { HEADER_BYTES };
            let bytes = &self.buffer.bytes()[from..HEADER_BYTES + n];
            match client.send(bytes) {
                Ok(()) if client.behind() => self.watch_client(i),
                Ok(()) => {}
                Err(_) => self.drop_client(i),
            }
        }
        Piece::More
    }
}
