//! What a client asks. RFC 1035, 4.1 and RFC 6891.

use super::name::Name;
use super::{CLASS_IN, HEADER, Rcode, be16};

pub const KIND_OPT: u16 = 41;
const FLAG_RESPONSE: u16 = 1 << 15;
const OPCODE: u16 = 0xf << 11;
/// What a client without EDNS takes over UDP, and the least that one with EDNS does.
pub const PLAIN_UDP_BYTES: usize = 512;

#[derive(Clone, Copy)]
pub struct Query {
    pub name: Name,
    pub kind: u16,
    /// Where the question ends in the message.
    pub question_end: usize,
    pub edns: Option<Edns>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edns {
    pub udp_bytes: u16,
    pub dnssec_ok: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not a query at all: no answer is due.
    Silently,
    With(Rcode),
}

impl Query {
    pub fn parse(message: &[u8]) -> Result<Self, Refused> {
        let flags = be16(message, 2)
            .filter(|_| message.len() >= HEADER)
            .ok_or(Refused::Silently)?;
        if flags & FLAG_RESPONSE != 0 {
            return Err(Refused::Silently);
        }
        if flags & OPCODE != 0 {
            return Err(Refused::With(Rcode::NotImplemented));
        }
        let count = |at| be16(message, at).unwrap_or(0);
        if (count(4), count(6), count(8)) != (1, 0, 0) {
            return Err(Refused::With(Rcode::FormatError));
        }
        let malformed = || Refused::With(Rcode::FormatError);
        let (name, at) = Name::read(message, HEADER).ok_or_else(malformed)?;
        let kind = be16(message, at).ok_or_else(malformed)?;
        if be16(message, at + 2).ok_or_else(malformed)? != CLASS_IN {
            return Err(Refused::With(Rcode::Refused));
        }
        let question_end = at + 4;
        // The question is copied as it stands: it must not point elsewhere.
        if at - HEADER != name.bytes().len() {
            return Err(malformed());
        }
        let edns = read_edns(message, question_end, count(10))?;
        Ok(Self {
            name,
            kind,
            question_end,
            edns,
        })
    }

    /// What a resolver is asked: the same question, without anything else that the client may have put in. The number is
    /// left zero.
    pub fn forwarded(&self, message: &[u8]) -> Vec<u8> {
        const RECURSION_DESIRED: u8 = 1;
        const AUTHENTIC_AND_CHECKING: u8 = 0x30;
        let mut bytes = vec![
            0,
            0,
            message[2] & RECURSION_DESIRED,
            message[3] & AUTHENTIC_AND_CHECKING,
            0,
            1,
        ];
        bytes.resize(HEADER, 0);
        bytes.extend_from_slice(&message[HEADER..self.question_end]);
        if let Some(edns) = self.edns {
            bytes[11] = 1;
            bytes.push(0);
            bytes.extend_from_slice(&KIND_OPT.to_be_bytes());
            bytes.extend_from_slice(&edns.udp_bytes.max(PLAIN_UDP_BYTES as u16).to_be_bytes());
            bytes.extend_from_slice(&[0, 0, u8::from(edns.dnssec_ok) << 7, 0, 0, 0]);
        }
        bytes
    }

    /// The longest answer that this client takes over UDP.
    pub fn udp_limit(&self) -> usize {
        self.edns
            .map_or(PLAIN_UDP_BYTES, |edns| usize::from(edns.udp_bytes).max(PLAIN_UDP_BYTES))
    }
}

fn read_edns(message: &[u8], mut at: usize, records: u16) -> Result<Option<Edns>, Refused> {
    let malformed = || Refused::With(Rcode::FormatError);
    let mut found = None;
    for _ in 0..records {
        let (name, fixed) = Name::read(message, at).ok_or_else(malformed)?;
        let field = |offset| be16(message, fixed + offset).ok_or_else(malformed);
        let (kind, class, version, flags, length) = (field(0)?, field(2)?, field(4)? & 0xff, field(6)?, field(8)?);
        at = fixed + 10 + usize::from(length);
        if at > message.len() {
            return Err(malformed());
        }
        if kind != KIND_OPT {
            continue;
        }
        if found.is_some() || name.bytes() != [0] {
            return Err(malformed());
        }
        if version != 0 {
            return Err(Refused::With(Rcode::BadVersion));
        }
        found = Some(Edns {
            udp_bytes: class,
            dnssec_ok: flags & 0x8000 != 0,
        });
    }
    Ok(found)
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A query for `name` with recursion desired; `edns` is the size that the client takes.
    pub fn query(id: u16, name: &str, kind: u16, edns: Option<u16>) -> Vec<u8> {
        let mut bytes = id.to_be_bytes().to_vec();
        bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(edns.is_some())]);
        for label in name.split('.') {
            bytes.push(label.len() as u8);
            bytes.extend(label.bytes());
        }
        bytes.push(0);
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1]);
        if let Some(size) = edns {
            bytes.extend([0, 0, 41]);
            bytes.extend(size.to_be_bytes());
            bytes.extend([0; 6]);
        }
        bytes
    }

    #[test]
    fn parse_takes_a_query_with_and_without_edns() {
        let plain = Query::parse(&query(7, "Web", 1, None)).unwrap();
        assert_eq!(
            (plain.name.bytes(), plain.kind, plain.udp_limit()),
            (&b"\x03web\0"[..], 1, 512)
        );
        let large = Query::parse(&query(7, "web", 28, Some(4096))).unwrap();
        assert_eq!((large.udp_limit(), large.edns.is_some()), (4096, true));
        assert_eq!(Query::parse(&query(7, "web", 28, Some(100))).unwrap().udp_limit(), 512);
    }

    #[test]
    fn parse_refuses_each_wrong_thing_in_its_own_way() {
        let with = |change: fn(&mut Vec<u8>)| {
            let mut bytes = query(7, "web", 1, Some(1232));
            change(&mut bytes);
            Query::parse(&bytes).map(|q| q.kind).unwrap_err()
        };
        let refused = |rcode| Refused::With(rcode);
        assert_eq!(with(|b| b.truncate(11)), Refused::Silently);
        assert_eq!(with(|b| b[2] |= 0x80), Refused::Silently);
        assert_eq!(with(|b| b[2] |= 5 << 3), refused(Rcode::NotImplemented));
        assert_eq!(with(|b| b[5] = 2), refused(Rcode::FormatError));
        assert_eq!(with(|b| b[7] = 1), refused(Rcode::FormatError));
        assert_eq!(with(|b| b[12] = 70), refused(Rcode::FormatError));
        assert_eq!(with(|b| b[20] = 3), refused(Rcode::Refused));
        assert_eq!(with(|b| b.truncate(b.len() - 1)), refused(Rcode::FormatError));
        assert_eq!(
            with(|b| {
                let n = b.len();
                b[n - 5] = 1
            }),
            refused(Rcode::BadVersion)
        );
    }
}
