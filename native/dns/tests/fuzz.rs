//! Bytes that strangers could send: nothing panics, and what is handed on keeps to its limit.

use hbx_dns::wire::name::Name;
use hbx_dns::wire::query::Query;
use hbx_dns::wire::{HEADER, reply};

const ROUNDS: u32 = 300_000;

/// Knuth's constants; the same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn spoil(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            bytes[at] = self.below(256) as u8;
        }
        if self.below(4) == 0 {
            bytes.truncate(1 + self.below(bytes.len()));
        }
    }
}

fn question() -> Vec<u8> {
    let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    bytes.extend(b"\x03web\x07example\x00\x00\x01\x00\x01");
    bytes.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 4, 0, 10, 0, 0]);
    bytes
}

/// An address, an alias with a compressed name, a SOA, and an OPT record.
fn answer() -> Vec<u8> {
    let mut bytes = vec![0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2, 0, 1, 0, 1];
    bytes.extend(b"\x03web\x07example\x00\x00\x01\x00\x01");
    bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
    bytes.extend([0xc0, 16, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, b'a', 0xc0, 12]);
    bytes.extend([0xc0, 16, 0, 6, 0, 1, 0, 0, 0, 60, 0, 24, 0xc0, 12, 0xc0, 12]);
    bytes.extend([0; 20]);
    bytes.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
    bytes
}

#[test]
fn spoiled_questions_are_read_or_refused() {
    let (mut random, mut read) = (Random(1), 0);
    for _ in 0..ROUNDS {
        let mut bytes = question();
        random.spoil(&mut bytes);
        if let Ok(query) = Query::parse(&bytes) {
            read += 1;
            assert!(query.question_end <= bytes.len());
            assert_eq!(query.question_end - HEADER - 4, query.name.bytes().len());
            let forwarded = query.forwarded(&bytes);
            assert!(Query::parse(&forwarded).is_ok());
            let _ = query.name.pointed_address();
        }
    }
    assert!(read > ROUNDS / 20 && read < ROUNDS, "{read}");
}

#[test]
fn spoiled_replies_are_believed_only_when_they_answer_and_never_overrun() {
    let sent = question();
    let query = Query::parse(&sent).unwrap_or_else(|_| panic!("a good question"));
    let (mut random, mut believed, mut kept) = (Random(2), 0, 0);
    for _ in 0..ROUNDS {
        let mut bytes = answer();
        random.spoil(&mut bytes);
        if !reply::answers(&bytes, &sent, &query) {
            continue;
        }
        believed += 1;
        kept += u32::from(reply::lifetime(&bytes, query.question_end).is_some());
        let before = bytes.len();
        reply::age(&mut bytes, query.question_end, random.below(100) as u32);
        assert_eq!(bytes.len(), before);
        let limit = 60 + random.below(60);
        reply::fit(&mut bytes, query.question_end, limit);
        assert!(bytes.len() <= limit.max(query.question_end));
    }
    assert!(believed > kept && kept > ROUNDS / 100, "{believed} {kept}");
}

#[test]
fn names_of_random_bytes_end() {
    let mut random = Random(3);
    for _ in 0..ROUNDS {
        let bytes: Vec<u8> = (0..1 + random.below(80))
            .map(|_| [0, 1, 3, 63, 64, 0xc0, 0xc1, 0xff, b'a'][random.below(9)])
            .collect();
        if let Some((name, end)) = Name::read(&bytes, random.below(bytes.len())) {
            assert!(name.bytes().len() <= 255 && end <= bytes.len() + 1);
        }
    }
}
