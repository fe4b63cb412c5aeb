//! Standard input: from attached clients to a workload.

use std::io;

use hbx_protocol::control::AttachOptions;

use super::client::Client;
use super::token::Token;
use super::{PIECE, Shim};
use crate::sys::{epoll, fd};

/// What a terminal takes for the end of input.
const END_OF_TRANSMISSION: u8 = 4;

impl Shim {
    /// Whether bytes of this client's input would be taken (or dropped) now.
    pub fn input_possible(&self, client: &Client) -> bool {
        let Some((workload, options)) = client.stream else {
            return true;
        };
        if !options.stdin {
            return true; // read and dropped, so that its end is noticed
        }
        match self.workloads.get(workload).and_then(Option::as_ref) {
            Some(workload) => workload.launch.is_none() && workload.sink.as_ref().is_none_or(|sink| !sink.blocked),
            None => false, // attached before the start: its input waits in the socket
        }
    }

    pub fn read_input(&mut self, i: usize, workload: usize, options: AttachOptions) {
        loop {
            let Some(client) = self.clients[i].as_ref() else { return };
            if client.input_ended || !client.received.is_empty() || !self.input_possible(client) {
                return;
            }
            let into = &mut self.buffer.bytes()[..PIECE];
            match fd::read(&client.fd, into) {
                Ok(0) => return self.input_has_ended(i, workload, options),
                Ok(n) => {
                    if options.stdin {
                        let taken = self.write_input(workload, n);
                        let rest = &self.buffer.bytes()[taken..n];
                        if let (Some(client), false) = (self.clients[i].as_mut(), rest.is_empty()) {
                            client.received.extend_from_slice(rest);
                        }
                    }
                    self.last_traffic = std::time::Instant::now();
                    if n < PIECE {
                        return;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => return self.drop_client(i),
            }
        }
    }

    fn input_has_ended(&mut self, i: usize, workload: usize, options: AttachOptions) {
        let Some(client) = self.clients[i].as_mut() else { return };
        client.input_ended = true;
        let gone = client.hung_up;
        if options.stdin {
            self.end_input(workload);
        }
        if gone {
            self.drop_client(i);
        }
    }

    /// Writes the first `n` bytes of the buffer; returns how many were taken. Without a place to go they are dropped.
    fn write_input(&mut self, workload: usize, n: usize) -> usize {
        let bytes = self.buffer.bytes()[..n].as_ptr();
        // SAFETY: the buffer outlives this call, and `offer_input` does not touch it.
        self.offer_input(workload, unsafe { std::slice::from_raw_parts(bytes, n) })
    }

    fn offer_input(&mut self, w: usize, bytes: &[u8]) -> usize {
        let Some(workload) = self.workloads.get_mut(w).and_then(Option::as_mut) else {
            return bytes.len();
        };
        let Some(sink) = &mut workload.sink else {
            return bytes.len();
        };
        let mut done = 0;
        while done < bytes.len() {
            match fd::write(&sink.fd, &bytes[done..]) {
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    sink.blocked = self.epoll.add(&sink.fd, epoll::OUT, Token::Sink(w).pack()).is_ok();
                    return done;
                }
                Err(_) => {
                    workload.sink = None; // nobody reads it any more
                    return bytes.len();
                }
            }
        }
        done
    }

    /// Passes on what arrived before the workload could take it.
    pub fn forward_input(&mut self, i: usize) {
        let Some(client) = self.clients[i].as_mut() else { return };
        let Some((workload, options)) = client.stream else {
            return;
        };
        let waiting = std::mem::take(&mut client.received);
        if !options.stdin || waiting.is_empty() {
            return;
        }
        let ready = self
            .workloads
            .get(workload)
            .and_then(Option::as_ref)
            .is_some_and(|w| w.launch.is_none());
        let taken = if ready { self.offer_input(workload, &waiting) } else { 0 };
        if let Some(client) = self.clients[i].as_mut() {
            client.received = waiting[taken..].to_vec();
        }
    }

    pub fn sink_is_writable(&mut self, w: usize) {
        let Some(sink) = self
            .workloads
            .get_mut(w)
            .and_then(Option::as_mut)
            .and_then(|w| w.sink.as_mut())
        else {
            return;
        };
        self.epoll.remove(&sink.fd);
        sink.blocked = false;
        let close = self.workloads[w].as_ref().is_some_and(|workload| workload.input_closed);
        self.forward_all_input(w);
        if close {
            self.close_input(w);
        }
    }

    pub fn forward_all_input(&mut self, w: usize) {
        for i in 0..self.clients.len() {
            if self.clients[i]
                .as_ref()
                .and_then(|client| client.stream)
                .is_some_and(|(workload, _)| workload == w)
            {
                self.forward_input(i);
                self.watch_client(i);
            }
        }
    }

    /// An attached client's input has ended.
    pub fn end_input(&mut self, w: usize) {
        let once = self
            .workloads
            .get(w)
            .and_then(Option::as_ref)
            .is_some_and(|workload| workload.stdio.stdin_once);
        if once {
            self.close_input(w);
        }
    }

    /// Closes standard input once everything that was sent has been taken. A terminal gets an end-of-transmission.
    pub fn close_input(&mut self, w: usize) {
        let waiting = self.clients.iter().flatten().any(|client| {
            client
                .stream
                .is_some_and(|(workload, options)| workload == w && options.stdin)
                && !client.received.is_empty()
        });
        let Some(workload) = self.workloads.get_mut(w).and_then(Option::as_mut) else {
            return;
        };
        workload.input_closed = true;
        if waiting {
            return;
        }
        match &workload.sink {
            Some(sink) if workload.stdio.tty => drop(fd::write(&sink.fd, &[END_OF_TRANSMISSION])),
            _ => workload.sink = None,
        }
    }
}
