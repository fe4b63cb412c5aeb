//! The line between a container process before its exec and the shim: a stream socket that closes on exec.
//!
//! Shim → child: u32 length, body, with the descriptors on the first byte; later one byte, "go". Child → shim: records
//! of a tag, u32 length and body. Its end without a failure means that the exec has happened.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hbx_protocol::{Failure, Timings, frame, steps};

use crate::sys::{clone, fd, message};

pub const TAG_TERMINAL: u8 = b'T';
pub const TAG_FAILED: u8 = b'F';
pub const TAG_READY: u8 = b'R';

/// Exit code of a process that could not be set up; the failure itself goes over the line.
const SETUP_FAILED: i32 = 127;

pub struct Report(pub OwnedFd);

impl Report {
    /// Waits for what this process shall become. Ends the process when the shim is gone.
    pub fn wait(&self) -> Result<(Vec<u8>, Vec<OwnedFd>), Failure> {
        let mut prefix = [0; 4];
        let (n, fds) = match message::receive(&self.0, &mut prefix) {
            Ok((0, _)) | Err(_) => clone::exit_now(0),
            Ok(received) => received,
        };
        if n < 4 {
            self.fill(&mut prefix[n..])?;
        }
        let mut body = vec![0; u32::from_ne_bytes(prefix) as usize];
        self.fill(&mut body)?;
        // The parent-death signal was asked for before: a shim that died earlier shows as a closed line.
        if fd::peer_is_gone(&self.0) {
            clone::exit_now(0);
        }
        Ok((body, fds))
    }

    /// Waits until the shim has done its part (limits are written).
    pub fn wait_for_go(&self) -> Result<(), Failure> {
        self.fill(&mut [0])
    }

    fn fill(&self, mut into: &mut [u8]) -> Result<(), Failure> {
        while !into.is_empty() {
            match fd::read(&self.0, into) {
                Ok(0) => clone::exit_now(0),
                Ok(n) => into = &mut into[n..],
                Err(e) => return Err(Failure::io(steps::PROTOCOL, &e)),
            }
        }
        Ok(())
    }

    fn record(&self, tag: u8, body: &[u8]) -> Vec<u8> {
        let mut record = Vec::with_capacity(5 + body.len());
        record.push(tag);
        record.extend_from_slice(&(body.len() as u32).to_ne_bytes());
        record.extend_from_slice(body);
        record
    }

    pub fn send_terminal(&self, master: BorrowedFd) -> io::Result<()> {
        message::send(&self.0, &self.record(TAG_TERMINAL, &[]), &[master]).map(|_| ())
    }

    pub fn send_ready(&self, timings: &Timings) {
        let _ = fd::write_all(&self.0, &self.record(TAG_READY, &frame::encode(timings)[4..]));
    }

    /// Tells the failure and ends the process.
    pub fn fail(&self, failure: &Failure) -> ! {
        let _ = fd::write_all(&self.0, &self.record(TAG_FAILED, &frame::encode(failure)[4..]));
        clone::exit_now(SETUP_FAILED);
    }
}

/// The shim's side: what it sends a newborn.
pub fn send_orders(line: &impl AsFd, body: &[u8], fds: &[BorrowedFd]) -> io::Result<()> {
    let sent = message::send(line, &(body.len() as u32).to_ne_bytes(), fds)?;
    debug_assert_eq!(sent, 4);
    fd::write_all(line, body)
}

/// One record as the shim reads it, and how many bytes it took.
pub fn next_record(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let length = u32::from_ne_bytes(bytes.get(1..5)?.try_into().ok()?) as usize;
    Some((bytes[0], bytes.get(5..5 + length)?, 5 + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_record_waits_for_the_whole_record() {
        let report = Report(fd::socket_pair(libc::SOCK_STREAM).unwrap().0);
        let record = report.record(TAG_FAILED, b"body");
        assert!(next_record(&record[..8]).is_none());
        assert_eq!(next_record(&record), Some((TAG_FAILED, &b"body"[..], 9)));
    }
}
