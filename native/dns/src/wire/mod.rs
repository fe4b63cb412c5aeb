//! Messages of DNS as bytes. Everything here takes what strangers send.

pub mod answer;
pub mod name;
pub mod query;
pub mod reply;

pub const HEADER: usize = 12;
pub const CLASS_IN: u16 = 1;
pub const KIND_A: u16 = 1;
pub const KIND_SOA: u16 = 6;
pub const KIND_PTR: u16 = 12;
pub const KIND_AAAA: u16 = 28;
pub const KIND_ANY: u16 = 255;
/// The longest message over TCP.
pub const MAX_MESSAGE: usize = 65535;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rcode {
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,
    NoSuchName = 3,
    NotImplemented = 4,
    Refused = 5,
    /// Its upper bits go into the OPT record.
    BadVersion = 16,
}

pub fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]))
}

pub fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)
        .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}
