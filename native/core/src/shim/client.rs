//! A connection to the control socket: frames at first, a raw stream after `attach`.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Instant;

use hbx_protocol::control::AttachOptions;

use crate::sys::{epoll, fd};

/// Answers and events that a client may leave unread before it is disconnected.
const MAX_FRAMES_BEHIND: usize = 4 * 1024 * 1024;

pub struct Client {
    pub fd: OwnedFd,
    pub greeted: bool,
    pub subscribed: bool,
    /// What it became by `attach`: which workload, which streams.
    pub stream: Option<(usize, AttachOptions)>,
    /// Descriptors that came with its frames: at most one, the socket that a stream's output goes to.
    pub passed: Option<OwnedFd>,
    /// Where a stream's output goes, if not back over the connection itself.
    output: Option<OwnedFd>,
    /// Whether epoll watches `output`.
    pub output_watched: bool,
    /// Unfinished frames; for a stream, input that the workload has not taken yet.
    pub received: Vec<u8>,
    /// What the socket has not taken yet.
    pending: Vec<u8>,
    sent: usize,
    pub stalled_since: Option<Instant>,
    /// To be closed as soon as everything was delivered.
    pub closing: bool,
    pub input_ended: bool,
    /// The peer closed both ways.
    pub hung_up: bool,
    /// The events that epoll watches; `None`: not watched at all.
    pub watched: Option<u32>,
}

impl Client {
    pub fn new(fd: OwnedFd) -> Self {
        Self {
            fd,
            greeted: false,
            subscribed: false,
            stream: None,
            passed: None,
            output: None,
            output_watched: false,
            received: Vec::new(),
            pending: Vec::new(),
            sent: 0,
            stalled_since: None,
            closing: false,
            input_ended: false,
            hung_up: false,
            watched: None,
        }
    }

    pub fn behind(&self) -> bool {
        self.stalled_since.is_some()
    }

    /// Sends output to the socket that was passed from now on, if one was.
    pub fn take_output(&mut self) {
        self.output = self.passed.take();
    }

    /// Where its bytes go.
    pub fn target(&self) -> &OwnedFd {
        self.output.as_ref().unwrap_or(&self.fd)
    }

    /// The passed socket, and whether it has to become writable before it goes on.
    pub fn output(&self) -> Option<(&OwnedFd, bool)> {
        self.output.as_ref().map(|output| (output, !self.pending.is_empty()))
    }

    /// Sends, or keeps what the socket does not take now. An error means that the client is gone.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.hung_up {
            return Ok(());
        }
        let mut rest = bytes;
        if self.pending.is_empty() {
            rest = &bytes[write_some(self.target(), bytes)?..];
        }
        if !rest.is_empty() {
            if self.stream.is_none() && self.pending.len() + rest.len() > MAX_FRAMES_BEHIND {
                return Err(io::ErrorKind::OutOfMemory.into());
            }
            self.pending.extend_from_slice(rest);
            self.stalled_since.get_or_insert_with(Instant::now);
        }
        Ok(())
    }

    /// Sends what was kept. Any progress starts the stall clock anew.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let sent = write_some(self.target(), &self.pending[self.sent..])?;
        self.sent += sent;
        if self.sent == self.pending.len() {
            self.forget_pending();
        } else if sent > 0 {
            self.stalled_since = Some(Instant::now());
        }
        Ok(())
    }

    pub fn forget_pending(&mut self) {
        self.pending = Vec::new();
        self.sent = 0;
        self.stalled_since = None;
    }

    /// The events to watch, given whether its input can be taken.
    pub fn wants(&self, input_possible: bool) -> Option<u32> {
        let reading = !self.input_ended && (self.stream.is_none() || (input_possible && self.received.is_empty()));
        if self.hung_up && !reading {
            return None; // a hang-up is reported for ever, whatever is watched
        }
        let read = if reading { epoll::IN | epoll::RDHUP } else { 0 };
        let writing = !self.pending.is_empty() && self.output.is_none();
        Some(read | if writing { epoll::OUT } else { 0 })
    }
}

/// Writes until the socket takes no more.
fn write_some(to: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        match fd::write(to, &bytes[done..]) {
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn send_keeps_what_the_socket_does_not_take() {
        let (ours, theirs) = fd::socket_pair(libc::SOCK_STREAM).unwrap();
        fd::set_nonblocking(&ours).unwrap();
        let mut client = Client::new(ours);
        client.send(&vec![7; 2_000_000]).unwrap();
        assert!(client.behind());
        assert_eq!(client.wants(true), Some(epoll::IN | epoll::RDHUP | epoll::OUT));
        let mut seen = 0;
        let mut buffer = vec![0; 65536];
        while seen < 2_000_000 {
            seen += fd::read(&theirs, &mut buffer).unwrap();
            client.flush().unwrap();
        }
        assert!(!client.behind());
    }

    #[test]
    fn send_gives_up_on_a_client_that_reads_no_frames() {
        let (ours, _theirs) = fd::socket_pair(libc::SOCK_STREAM).unwrap();
        fd::set_nonblocking(&ours).unwrap();
        let mut client = Client::new(ours);
        let frame = vec![0; 100_000];
        assert!((0..100).any(|_| client.send(&frame).is_err()));
    }
}
