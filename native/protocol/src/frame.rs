//! A frame: a 4-byte big-endian length and one MessagePack map.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::steps;

pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// What every frame has.
#[derive(Debug, Deserialize)]
pub struct Head<'a> {
    #[serde(borrow)]
    pub t: &'a str,
    #[serde(default)]
    pub seq: Option<u32>,
}

/// Length prefix and body in one buffer, ready for a single write.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    rmp_serde::encode::write_named(&mut bytes, value).expect("our own frames are plain maps");
    let length = u32::try_from(bytes.len() - 4).expect("our own frames are small");
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

pub fn write<T: Serialize + ?Sized>(mut to: impl Write, value: &T) -> io::Result<()> {
    to.write_all(&encode(value))
}

/// The length of a frame's body, or `protocol` when it is too big or empty.
pub fn body_length(prefix: [u8; 4]) -> Result<usize, Failure> {
    let length = u32::from_be_bytes(prefix) as usize;
    if length == 0 || length > MAX_BYTES {
        return Err(
            Failure::new(steps::PROTOCOL, 0).saying(format!("a frame of {length} bytes, expected 1 to {MAX_BYTES}"))
        );
    }
    Ok(length)
}

/// Reads one frame's body. `None`: the peer closed between frames.
pub fn read(mut from: impl Read) -> Result<Option<Vec<u8>>, Failure> {
    let mut prefix = [0; 4];
    match from.read_exact(&mut prefix) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(e) => return Err(Failure::io(steps::PROTOCOL, &e)),
        Ok(()) => {}
    }
    let length = body_length(prefix)?;
    let mut body = Vec::new();
    // Grows with what arrives: a length alone costs the sender's bytes, not our memory.
    match from.take(length as u64).read_to_end(&mut body) {
        Ok(n) if n == length => Ok(Some(body)),
        Ok(n) => Err(Failure::new(steps::PROTOCOL, 0).saying(format!("the frame ended after {n} of {length} bytes"))),
        Err(e) => Err(Failure::io(steps::PROTOCOL, &e)),
    }
}

pub fn head(body: &[u8]) -> Result<Head<'_>, Failure> {
    rmp_serde::from_slice(body).map_err(|e| malformed(&e))
}

/// Decodes a body.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    let mut decoder = rmp_serde::Deserializer::from_read_ref(body);
    // Bounded: a frame of nested arrays must not exhaust the stack.
    decoder.set_max_depth(64);
    T::deserialize(&mut decoder).map_err(|e| malformed(&e))
}

fn malformed(error: &rmp_serde::decode::Error) -> Failure {
    let mut text = error.to_string();
    if text.len() > 300 {
        let end = (0..=300).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
        text.truncate(end);
    }
    Failure::new(steps::PROTOCOL, 0).saying(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Ping {
        t: String,
        seq: u32,
    }

    fn ping() -> Ping {
        Ping {
            t: "ping".to_owned(),
            seq: 7,
        }
    }

    #[test]
    fn read_returns_what_write_wrote() {
        let mut wire = Vec::new();
        write(&mut wire, &ping()).unwrap();
        let body = read(&wire[..]).unwrap().unwrap();
        assert_eq!(head(&body).unwrap().seq, Some(7));
        assert_eq!(parse::<Ping>(&body).unwrap(), ping());
    }

    #[test]
    fn read_tells_an_end_between_frames_from_an_end_inside() {
        assert_eq!(read(&[][..]), Ok(None));
        assert_eq!(read(&[0, 0, 0, 9, 1][..]).unwrap_err().step, steps::PROTOCOL);
    }

    #[test]
    fn read_refuses_an_oversized_length_before_reading_it() {
        let error = read(&[1, 0, 0, 1][..]).unwrap_err();
        assert!(error.message.unwrap().contains("16777217 bytes"));
    }

    #[test]
    fn parse_refuses_garbage_without_panicking() {
        let mut seed = 0x1234_5678_u32;
        for length in 0..2000 {
            let body: Vec<u8> = (0..length % 97)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 24) as u8
                })
                .collect();
            assert!(parse::<Ping>(&body).is_err());
        }
    }

    #[test]
    fn parse_bounds_nesting() {
        let body = vec![0x91; 100_000];
        assert!(parse::<Ping>(&body).is_err());
        assert!(head(&body).is_err());
    }
}
