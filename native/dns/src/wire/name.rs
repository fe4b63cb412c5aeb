//! A domain name in the form of the wire (RFC 1035, 3.1), lower case, so that equal names are equal bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub const MAX_BYTES: usize = 255;
const MAX_LABEL: usize = 63;
/// A name that is followed through more pointers than it can have labels is a loop.
const MAX_POINTERS: usize = 127;

#[derive(Clone, Copy)]
pub struct Name {
    bytes: [u8; MAX_BYTES],
    length: u8,
}

impl Name {
    fn empty() -> Self {
        Self {
            bytes: [0; MAX_BYTES],
            length: 0,
        }
    }

    fn push(&mut self, label: &[u8]) -> Option<()> {
        let at = usize::from(self.length);
        if label.len() > MAX_LABEL || at + 1 + label.len() > MAX_BYTES {
            return None;
        }
        self.bytes[at] = label.len() as u8;
        for (to, from) in self.bytes[at + 1..].iter_mut().zip(label) {
            *to = from.to_ascii_lowercase();
        }
        self.length += 1 + label.len() as u8;
        Some(())
    }

    /// The name at `at` of a message, and where what follows it begins. Compressed names are followed.
    pub fn read(message: &[u8], at: usize) -> Option<(Self, usize)> {
        let mut name = Self::empty();
        let (mut at, mut end, mut pointers) = (at, None, 0);
        loop {
            let length = usize::from(*message.get(at)?);
            match length {
                0 => {
                    name.push(&[])?;
                    return Some((name, end.unwrap_or(at + 1)));
                }
                1..=MAX_LABEL => {
                    name.push(message.get(at + 1..at + 1 + length)?)?;
                    at += 1 + length;
                }
                0xc0.. => {
                    end = end.or(Some(at + 2));
                    pointers += 1;
                    if pointers > MAX_POINTERS {
                        return None;
                    }
                    at = (length & 0x3f) << 8 | usize::from(*message.get(at + 1)?);
                }
                _ => return None,
            }
        }
    }

    /// `web.backend`, with or without the final dot. None for what cannot be a name on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        let mut name = Self::empty();
        for label in text.strip_suffix('.').unwrap_or(text).split('.') {
            if label.is_empty() {
                return None;
            }
            name.push(label.as_bytes())?;
        }
        name.push(&[])?;
        Some(name)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes();
        std::iter::from_fn(move || {
            let (&length, tail) = rest.split_first().filter(|(length, _)| **length > 0)?;
            let (label, after) = tail.split_at(usize::from(length));
            rest = after;
            Some(label)
        })
    }

    /// The address that a name below in-addr.arpa or ip6.arpa asks about.
    pub fn pointed_address(&self) -> Option<IpAddr> {
        let labels: Vec<&[u8]> = self.labels().collect();
        let number = |label: &[u8], radix| u8::from_str_radix(std::str::from_utf8(label).ok()?, radix).ok();
        match labels.as_slice() {
            [octets @ .., b"in-addr", b"arpa"] if octets.len() == 4 => {
                let mut bytes = [0; 4];
                for (to, label) in bytes.iter_mut().rev().zip(octets) {
                    *to = number(label, 10)?;
                }
                Some(Ipv4Addr::from(bytes).into())
            }
            [digits @ .., b"ip6", b"arpa"] if digits.len() == 32 => {
                let mut bytes = [0; 16];
                for (n, label) in digits.iter().rev().enumerate() {
                    let digit = Some(number(label, 16)?).filter(|_| label.len() == 1)?;
                    bytes[n / 2] |= if n % 2 == 0 { digit << 4 } else { digit };
                }
                Some(Ipv6Addr::from(bytes).into())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_and_read_agree_whatever_the_case() {
        let name = Name::parse("Web.Backend.").unwrap();
        assert_eq!(name.bytes(), b"\x03web\x07backend\0");
        let (read, end) = Name::read(b"\x03wEb\x07BACKend\0rest", 0).unwrap();
        assert_eq!((read.bytes(), end), (name.bytes(), 13));
    }

    #[test]
    fn parse_refuses_what_the_wire_cannot_carry() {
        let long = "a".repeat(64);
        let many = "ab.".repeat(85);
        for bad in ["", ".", "a..b", ".a", &long, &many] {
            assert!(Name::parse(bad).is_none(), "{bad}");
        }
        assert!(Name::parse(&"ab.".repeat(84)).is_some());
    }

    #[test]
    fn read_follows_pointers_and_ends_loops() {
        let message = b"\x03com\0\x01a\xc0\x00\xc0\x08";
        let (name, end) = Name::read(message, 5).unwrap();
        assert_eq!((name.bytes(), end), (&b"\x01a\x03com\0"[..], 9));
        assert!(Name::read(b"\xc0\x00", 0).is_none());
        assert!(Name::read(b"\x01a\xc0\x00", 0).is_none());
        assert!(Name::read(b"\x05abc", 0).is_none());
        assert!(Name::read(b"\x80abc", 0).is_none());
    }

    #[test]
    fn pointed_address_reads_both_families() {
        let four = Name::parse("5.0.20.172.in-addr.arpa").unwrap();
        assert_eq!(four.pointed_address(), Some("172.20.0.5".parse().unwrap()));
        let six = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
        let six = Name::parse(six).unwrap();
        assert_eq!(six.pointed_address(), Some("2001:db8::1".parse().unwrap()));
        for bad in ["0.20.172.in-addr.arpa", "256.0.20.172.in-addr.arpa", "web"] {
            assert_eq!(Name::parse(bad).unwrap().pointed_address(), None, "{bad}");
        }
    }
}
