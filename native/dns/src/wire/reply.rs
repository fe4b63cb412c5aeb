//! Replies of resolvers: whether they answer what was asked, how long they may be kept, and how they are handed on.

use super::name::Name;
use super::query::{KIND_OPT, Query};
use super::{HEADER, KIND_SOA, Rcode, be16, be32};

const FLAG_RESPONSE: u8 = 0x80;
const FLAG_TRUNCATED: u8 = 0x02;

/// Whether `reply` answers `query`, which was sent as `sent`. Names are compared as they were written: a resolver repeats
/// them so, and somebody who guesses has to guess the case as well.
pub fn answers(reply: &[u8], sent: &[u8], query: &Query) -> bool {
    let end = query.question_end;
    reply.len() >= end
        && reply[..2] == sent[..2]
        && reply[2] & FLAG_RESPONSE != 0
        && be16(reply, 4) == Some(1)
        && reply[HEADER..end] == sent[HEADER..end]
}

pub fn is_truncated(reply: &[u8]) -> bool {
    reply[2] & FLAG_TRUNCATED != 0
}

pub fn rcode(reply: &[u8]) -> u8 {
    reply[3] & 0xf
}

/// Calls `each(kind, place of the TTL, data)` for every record; None when the message is malformed.
fn walk(reply: &[u8], from: usize, mut each: impl FnMut(usize, u16, usize, &[u8])) -> Option<()> {
    let mut at = from;
    for (section, counter) in [6, 8, 10].into_iter().enumerate() {
        for _ in 0..be16(reply, counter)? {
            let (_, fixed) = Name::read(reply, at)?;
            let length = usize::from(be16(reply, fixed + 8)?);
            let data = reply.get(fixed + 10..fixed + 10 + length)?;
            each(section, be16(reply, fixed)?, fixed + 4, data);
            at = fixed + 10 + length;
        }
    }
    Some(())
}

/// How many seconds a reply may be kept: the least TTL of its records, or without an answer what the SOA says
/// (RFC 2308). None: not at all.
pub fn lifetime(reply: &[u8], question_end: usize) -> Option<u32> {
    const NEGATIVE_AT_MOST: u32 = 300;
    let (mut least, mut negative) = (u32::MAX, None);
    walk(reply, question_end, |section, kind, place, data| {
        if kind == KIND_OPT {
            return;
        }
        let ttl = be32(reply, place).unwrap_or(0);
        least = least.min(if ttl > i32::MAX as u32 { 0 } else { ttl });
        if section == 1 && kind == KIND_SOA {
            negative = data
                .len()
                .checked_sub(4)
                .and_then(|at| be32(data, at))
                .map(|minimum| minimum.min(ttl));
        }
    })?;
    let positive = rcode(reply) == Rcode::NoError as u8 && be16(reply, 6)? > 0;
    let known = positive || rcode(reply) == Rcode::NoError as u8 || rcode(reply) == Rcode::NoSuchName as u8;
    let seconds = if positive {
        Some(least)
    } else {
        negative.map(|s| s.min(NEGATIVE_AT_MOST))
    };
    seconds.filter(|&seconds| known && seconds > 0 && !is_truncated(reply))
}

/// Takes `seconds` off every TTL.
pub fn age(reply: &mut [u8], question_end: usize, seconds: u32) {
    let mut places = Vec::new();
    let _ = walk(reply, question_end, |_, kind, place, _| {
        if kind != KIND_OPT {
            places.push(place);
        }
    });
    for place in places {
        let left = be32(reply, place).unwrap_or(0).saturating_sub(seconds);
        reply[place..place + 4].copy_from_slice(&left.to_be_bytes());
    }
}

/// Cuts a reply that is longer than `limit` to its question, marked as truncated. What EDNS said goes with it.
pub fn fit(reply: &mut Vec<u8>, question_end: usize, limit: usize) {
    if reply.len() > limit {
        reply.truncate(question_end);
        reply[2] |= FLAG_TRUNCATED;
        reply[6..HEADER].fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::query::tests::query;
    use super::*;

    /// A reply with an answer of each TTL, and an authority SOA where `soa` gives (TTL, minimum).
    fn reply(rcode: u8, ttls: &[u32], soa: Option<(u32, u32)>) -> (Vec<u8>, usize) {
        let asked = query(9, "a.example", 1, None);
        let end = asked.len();
        let mut bytes = asked;
        (bytes[2], bytes[3], bytes[7]) = (0x81, 0x80 | rcode, ttls.len() as u8);
        for ttl in ttls {
            bytes.extend([0xc0, 12, 0, 1, 0, 1]);
            bytes.extend(ttl.to_be_bytes());
            bytes.extend([0, 4, 1, 2, 3, 4]);
        }
        if let Some((ttl, minimum)) = soa {
            bytes[9] = 1;
            bytes.extend([0xc0, 14, 0, 6, 0, 1]);
            bytes.extend(ttl.to_be_bytes());
            bytes.extend([0, 22, 0, 0]);
            bytes.extend([0; 16]);
            bytes.extend(minimum.to_be_bytes());
        }
        (bytes, end)
    }

    #[test]
    fn lifetime_is_the_least_ttl_or_what_the_soa_says() {
        let of = |(bytes, end): (Vec<u8>, usize)| lifetime(&bytes, end);
        assert_eq!(of(reply(0, &[60, 30], None)), Some(30));
        assert_eq!(of(reply(0, &[60, 0], None)), None);
        assert_eq!(of(reply(3, &[], Some((900, 20)))), Some(20));
        assert_eq!(of(reply(0, &[], Some((10, 20)))), Some(10));
        assert_eq!(of(reply(3, &[], Some((9000, 9000)))), Some(300));
        assert_eq!(of(reply(3, &[], None)), None);
        assert_eq!(of(reply(2, &[60], None)), None);
        let (mut cut, end) = reply(0, &[60], None);
        cut.pop();
        assert_eq!(lifetime(&cut, end), None);
    }

    #[test]
    fn age_counts_down_and_stops_at_zero() {
        let (mut bytes, end) = reply(0, &[60, 5], None);
        age(&mut bytes, end, 10);
        assert_eq!((be32(&bytes, end + 6), be32(&bytes, end + 22)), (Some(50), Some(0)));
    }

    #[test]
    fn answers_wants_id_question_and_the_response_bit() {
        let sent = query(9, "a.example", 1, None);
        let parsed = Query::parse(&sent).unwrap();
        let (good, _) = reply(0, &[60], None);
        assert!(answers(&good, &sent, &parsed));
        for place in [1, 2, 13, 24] {
            let mut bad = good.clone();
            bad[place] ^= if place == 2 { 0x80 } else { 1 };
            assert!(!answers(&bad, &sent, &parsed), "{place}");
        }
        assert!(!answers(&good[..10], &sent, &parsed));
    }

    #[test]
    fn fit_leaves_the_question_and_says_truncated() {
        let (mut bytes, end) = reply(0, &[60; 40], None);
        fit(&mut bytes, end, 512);
        assert_eq!(
            (bytes.len(), is_truncated(&bytes), be16(&bytes, 6)),
            (end, true, Some(0))
        );
    }
}
