//! Answers that we make ourselves.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::query::{KIND_OPT, Query};
use super::{CLASS_IN, HEADER, KIND_A, KIND_AAAA, KIND_PTR, MAX_MESSAGE, Rcode};

const FLAG_RESPONSE: u8 = 0x80;
const FLAG_TRUNCATED: u8 = 0x02;
const KEPT_OF_QUERY: u8 = 0x79; // opcode and recursion desired
const FLAG_RECURSION_AVAILABLE: u8 = 0x80;
const FLAG_CHECKING_DISABLED: u8 = 0x10;
/// The size that passes every usual path without fragments (DNS flag day 2020).
const OUR_UDP_BYTES: u16 = 1232;
const OPT_BYTES: usize = 11;
/// A pointer to the question's name.
const SAME_NAME: [u8; 2] = [0xc0, HEADER as u8];

/// An answer being written; records that no longer fit make it truncated.
pub struct Answer<'a> {
    bytes: &'a mut Vec<u8>,
    limit: usize,
    edns: bool,
    ttl: u32,
}

/// Begins an answer to `message` in `bytes`, at most `limit` bytes long.
pub fn begin<'a>(bytes: &'a mut Vec<u8>, message: &[u8], query: &Query, limit: usize, ttl: u32) -> Answer<'a> {
    bytes.clear();
    head(bytes, message, Rcode::NoError);
    bytes.extend_from_slice(&message[HEADER..query.question_end]);
    bytes[5] = 1;
    Answer {
        bytes,
        limit: limit.min(MAX_MESSAGE),
        edns: query.edns.is_some(),
        ttl,
    }
}

fn head(bytes: &mut Vec<u8>, message: &[u8], rcode: Rcode) {
    bytes.extend_from_slice(&message[..2]);
    bytes.push(FLAG_RESPONSE | message[2] & KEPT_OF_QUERY);
    bytes.push(FLAG_RECURSION_AVAILABLE | message[3] & FLAG_CHECKING_DISABLED | rcode as u8 & 0xf);
    bytes.resize(HEADER, 0);
}

/// For a message whose question could not even be read: the header alone.
pub fn refuse(bytes: &mut Vec<u8>, message: &[u8], rcode: Rcode) {
    bytes.clear();
    head(bytes, message, rcode);
    if rcode == Rcode::BadVersion {
        write_opt(bytes, rcode);
    }
}

fn write_opt(bytes: &mut Vec<u8>, rcode: Rcode) {
    bytes[11] += 1;
    bytes.push(0);
    bytes.extend_from_slice(&KIND_OPT.to_be_bytes());
    bytes.extend_from_slice(&OUR_UDP_BYTES.to_be_bytes());
    bytes.extend_from_slice(&[rcode as u8 >> 4, 0, 0, 0, 0, 0]);
}

impl Answer<'_> {
    fn record(&mut self, kind: u16, data: &[u8]) {
        let reserved = if self.edns { OPT_BYTES } else { 0 };
        if self.bytes[2] & FLAG_TRUNCATED != 0 || self.bytes.len() + 12 + data.len() + reserved > self.limit {
            self.bytes[2] |= FLAG_TRUNCATED;
            return;
        }
        self.bytes.extend_from_slice(&SAME_NAME);
        self.bytes.extend_from_slice(&kind.to_be_bytes());
        self.bytes.extend_from_slice(&CLASS_IN.to_be_bytes());
        self.bytes.extend_from_slice(&self.ttl.to_be_bytes());
        self.bytes.extend_from_slice(&(data.len() as u16).to_be_bytes());
        self.bytes.extend_from_slice(data);
        let count = u16::from_be_bytes([self.bytes[6], self.bytes[7]]) + 1;
        self.bytes[6..8].copy_from_slice(&count.to_be_bytes());
    }

    pub fn v4(&mut self, address: Ipv4Addr) {
        self.record(KIND_A, &address.octets());
    }

    pub fn v6(&mut self, address: Ipv6Addr) {
        self.record(KIND_AAAA, &address.octets());
    }

    /// `name` in wire form.
    pub fn pointer(&mut self, name: &[u8]) {
        self.record(KIND_PTR, name);
    }

    pub fn finish(self, rcode: Rcode) {
        self.bytes[3] |= rcode as u8 & 0xf;
        if self.edns {
            write_opt(self.bytes, rcode);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::query::tests::query;
    use super::*;

    fn answer(message: &[u8], limit: usize, records: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let parsed = Query::parse(message).unwrap();
        let mut answer = begin(&mut bytes, message, &parsed, limit, 5);
        for n in 0..records {
            answer.v4(Ipv4Addr::new(10, 0, 0, n));
        }
        answer.finish(Rcode::NoError);
        bytes
    }

    #[test]
    fn answer_repeats_the_question_as_it_came_and_carries_records() {
        let bytes = answer(&query(0x1234, "WeB", 1, Some(1232)), 1232, 2);
        assert_eq!(&bytes[..12], [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 1]);
        assert_eq!(&bytes[12..17], b"\x03WeB\0");
        assert_eq!(&bytes[21..37], [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 0, 0, 0]);
        assert_eq!(&bytes[53..], [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn answer_that_does_not_fit_is_truncated_and_keeps_to_the_limit() {
        let bytes = answer(&query(1, "web", 1, None), 512, 100);
        assert_eq!((bytes[2] & FLAG_TRUNCATED != 0, bytes.len() <= 512), (true, true));
        assert_eq!(usize::from(bytes[7]) * 16 + 21, bytes.len());
        assert_eq!(
            answer(&query(1, "web", 1, None), MAX_MESSAGE, 100)[2] & FLAG_TRUNCATED,
            0
        );
    }

    #[test]
    fn refuse_says_bad_version_in_both_places() {
        let mut bytes = Vec::new();
        refuse(&mut bytes, &query(1, "web", 1, Some(512)), Rcode::BadVersion);
        assert_eq!((bytes[3] & 15, bytes[11], bytes[17]), (0, 1, 1));
    }
}
