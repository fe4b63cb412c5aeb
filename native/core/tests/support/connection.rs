//! A client's connection.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use hbx_protocol::frame;
use serde::Serialize;

use super::frames::*;

/// One connection, hello exchanged.
pub struct Connection(pub UnixStream);

impl Connection {
    pub fn open(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut connection = Self(stream);
        connection.send(&Request {
            version: Some(1),
            ..request("hello")
        });
        assert_eq!(connection.receive().version, Some(1));
        connection
    }

    pub fn send(&mut self, message: &impl Serialize) {
        frame::write(&self.0, message).unwrap();
    }

    pub fn try_receive(&mut self) -> Option<Answer> {
        frame::read(&self.0).unwrap().map(|body| frame::parse(&body).unwrap())
    }

    pub fn receive(&mut self) -> Answer {
        self.try_receive().expect("the core closed the connection")
    }

    pub fn expect(&mut self, t: &str) -> Answer {
        let answer = self.receive();
        assert_eq!(answer.t, t, "{answer:?}");
        answer
    }

    pub fn ask(&mut self, message: &impl Serialize) -> Answer {
        self.send(message);
        self.receive()
    }

    pub fn read_to_end(&mut self) -> String {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads until `text` has come.
    pub fn read_until(&mut self, text: &str) -> String {
        let mut seen = String::new();
        let mut buffer = [0; 4096];
        while !seen.contains(text) {
            let n = self
                .0
                .read(&mut buffer)
                .unwrap_or_else(|e| panic!("waiting for {text:?}: {e}; came: {seen:?}"));
            assert!(n > 0, "the stream ended without {text:?}: {seen:?}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
        seen
    }

    pub fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    pub fn end_input(&self) {
        self.0.shutdown(std::net::Shutdown::Write).unwrap();
    }
}
