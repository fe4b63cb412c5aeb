//! Published ports: elements of two maps, by (address, protocol, port) and by (protocol, port) for every address.

use std::net::Ipv4Addr;

use super::message;
use crate::Batch;
use crate::op::PortProtocol;

pub const BY_ADDRESS: &str = "published_address";
pub const BY_PORT: &str = "published_port";

/// Type numbers of nft's own notation, so that `nft list` shows the maps; 6 bits each in a concatenation.
const TYPE_ADDRESS: u32 = 7;
const TYPE_PROTOCOL: u32 = 12;
const TYPE_PORT: u32 = 13;
const MAP: u32 = 8;

pub struct Key {
    pub protocol: PortProtocol,
    /// `0.0.0.0`: every address of the host.
    pub ip: Ipv4Addr,
    pub port: u16,
}

impl Key {
    fn map(&self) -> &'static str {
        if self.ip.is_unspecified() { BY_PORT } else { BY_ADDRESS }
    }

    /// Each part of a concatenation fills whole registers.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(12);
        if !self.ip.is_unspecified() {
            bytes.extend_from_slice(&self.ip.octets());
        }
        let protocol = match self.protocol {
            PortProtocol::Tcp => libc::IPPROTO_TCP,
            PortProtocol::Udp => libc::IPPROTO_UDP,
        };
        bytes.extend_from_slice(&[protocol as u8, 0, 0, 0]);
        bytes.extend_from_slice(&port_register(self.port));
        bytes
    }

    fn label(&self) -> String {
        format!("{}:{}", self.ip, self.port)
    }
}

fn port_register(port: u16) -> [u8; 4] {
    let [high, low] = port.to_be_bytes();
    [high, low, 0, 0]
}

pub fn create_maps(batch: &mut Batch, table: &str) {
    let by_port = TYPE_PROTOCOL << 6 | TYPE_PORT;
    let value = TYPE_ADDRESS << 6 | TYPE_PORT;
    for (id, name, key, length) in [
        (1, BY_ADDRESS, TYPE_ADDRESS << 12 | by_port, 12),
        (2, BY_PORT, by_port, 8),
    ] {
        message::begin(batch, message::NEW_SET, libc::NLM_F_CREATE, table)
            .attr_str(1, table)
            .attr_str(2, name);
        batch.attr_be32(3, MAP).attr_be32(4, key).attr_be32(5, length);
        batch.attr_be32(6, value).attr_be32(7, 8).attr_be32(10, id);
    }
}

/// Refused with EBUSY or EEXIST when the port leads to another guest already.
pub fn add(batch: &mut Batch, table: &str, key: &Key, guest_ip: Ipv4Addr, guest_port: u16) {
    let mut value = guest_ip.octets().to_vec();
    value.extend_from_slice(&port_register(guest_port));
    message::begin(batch, message::NEW_ELEMENT, libc::NLM_F_CREATE, &key.label());
    one_element(batch, table, key, Some(&value));
}

pub fn remove(batch: &mut Batch, table: &str, key: &Key, missing_ok: bool) {
    message::begin(batch, message::DELETE_ELEMENT, 0, &key.label());
    if missing_ok {
        batch.tolerate(libc::ENOENT);
    }
    one_element(batch, table, key, None);
}

fn one_element(batch: &mut Batch, table: &str, key: &Key, value: Option<&[u8]>) {
    batch.attr_str(1, table).attr_str(2, key.map()).nest(3, |list| {
        list.nest(1, |element| {
            element.nest(1, |data| {
                data.attr(1, &key.bytes());
            });
            if let Some(value) = value {
                element.nest(2, |data| {
                    data.attr(1, value);
                });
            }
        });
    });
}
