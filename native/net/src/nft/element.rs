//! What changes while the table stands: elements of its sets (which bridges are ours, and how they behave) and maps
//! (published ports, by address, protocol and port, and by protocol and port for every address).

use std::net::IpAddr;

use super::message;
use crate::Batch;
use crate::address::{Cidr, octets};
use crate::op::{NetworkRules, PortProtocol};

/// All our bridges.
pub const BRIDGES: &str = "bridges";
/// Those without a way out.
pub const INTERNAL: &str = "internal";
/// What leaves them bears the host's address.
pub const MASQUERADE_4: &str = "masquerade4";
pub const MASQUERADE_6: &str = "masquerade6";
/// From a bridge to itself, where its containers may reach each other.
pub const NEIGHBOURS: &str = "neighbours";
/// The addresses of all our networks. An interface does not tell where a redirected packet came from: br_netfilter
/// keeps that back.
pub const SUBNETS_4: &str = "subnets4";
pub const SUBNETS_6: &str = "subnets6";

/// Type numbers of nft's own notation, so that `nft list` shows the maps; 6 bits each in a concatenation.
const TYPE_ADDRESS_4: u32 = 7;
const TYPE_ADDRESS_6: u32 = 8;
const TYPE_PROTOCOL: u32 = 12;
const TYPE_PORT: u32 = 13;
const TYPE_INTERFACE: u32 = 41;
const INTERVAL: u32 = 4;
const MAP: u32 = 8;
const INTERVAL_END: u32 = 1;

pub struct PortMaps {
    pub by_address: &'static str,
    pub by_port: &'static str,
    address_type: u32,
    address_bytes: u32,
}

impl PortMaps {
    pub fn is_ipv4(&self) -> bool {
        self.address_bytes == 4
    }
}

pub const PORTS_4: PortMaps = PortMaps {
    by_address: "published4_address",
    by_port: "published4_port",
    address_type: TYPE_ADDRESS_4,
    address_bytes: 4,
};
pub const PORTS_6: PortMaps = PortMaps {
    by_address: "published6_address",
    by_port: "published6_port",
    address_type: TYPE_ADDRESS_6,
    address_bytes: 16,
};

pub struct Key {
    pub protocol: PortProtocol,
    /// Unspecified: every address of the host.
    pub ip: IpAddr,
    pub port: u16,
}

impl Key {
    fn map(&self) -> &'static str {
        let maps = if self.ip.is_ipv4() { PORTS_4 } else { PORTS_6 };
        if self.ip.is_unspecified() {
            maps.by_port
        } else {
            maps.by_address
        }
    }

    /// Each part of a concatenation fills whole registers.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(24);
        if !self.ip.is_unspecified() {
            bytes.extend_from_slice(&octets(&self.ip));
        }
        let protocol = match self.protocol {
            PortProtocol::Tcp => libc::IPPROTO_TCP,
            PortProtocol::Udp => libc::IPPROTO_UDP,
            PortProtocol::Sctp => libc::IPPROTO_SCTP,
        };
        bytes.extend_from_slice(&[protocol as u8, 0, 0, 0]);
        bytes.extend_from_slice(&port_register(self.port));
        bytes
    }

    fn label(&self) -> String {
        std::net::SocketAddr::new(self.ip, self.port).to_string()
    }
}

fn port_register(port: u16) -> [u8; 4] {
    let [high, low] = port.to_be_bytes();
    [high, low, 0, 0]
}

pub fn interface_register(name: &str) -> [u8; libc::IFNAMSIZ] {
    let mut padded = [0u8; libc::IFNAMSIZ];
    padded[..name.len()].copy_from_slice(name.as_bytes());
    padded
}

pub fn create_sets(batch: &mut Batch, table: &str) {
    let mut create = |id: u32, name: &str, flags: u32, key: (u32, u32), value: Option<(u32, u32)>| {
        message::begin(batch, message::NEW_SET, libc::NLM_F_CREATE, table)
            .attr_str(1, table)
            .attr_str(2, name);
        batch.attr_be32(3, flags);
        batch.attr_be32(4, key.0).attr_be32(5, key.1);
        if let Some((kind, length)) = value {
            batch.attr_be32(6, kind).attr_be32(7, length);
        }
        batch.attr_be32(10, id);
        if key.0 == TYPE_INTERFACE {
            // For `nft list`: byte order of the keys (0), 4 bytes: that of the host (1).
            batch.attr(13, &[0, 4, 1, 0, 0, 0]);
        }
    };
    let by_port = TYPE_PROTOCOL << 6 | TYPE_PORT;
    for (id, maps) in [(1, PORTS_4), (3, PORTS_6)] {
        let bytes = maps.address_bytes;
        let value = Some((maps.address_type << 6 | TYPE_PORT, bytes + 4));
        create(
            id,
            maps.by_address,
            MAP,
            (maps.address_type << 12 | by_port, bytes + 8),
            value,
        );
        create(id + 1, maps.by_port, MAP, (by_port, 8), value);
    }
    for (n, name) in [BRIDGES, INTERNAL, MASQUERADE_4, MASQUERADE_6].into_iter().enumerate() {
        create(5 + n as u32, name, 0, (TYPE_INTERFACE, 16), None);
    }
    create(9, NEIGHBOURS, 0, (TYPE_INTERFACE << 6 | TYPE_INTERFACE, 32), None);
    create(10, SUBNETS_4, INTERVAL, (TYPE_ADDRESS_4, 4), None);
    create(11, SUBNETS_6, INTERVAL, (TYPE_ADDRESS_6, 16), None);
}

/// Refused with EBUSY or EEXIST when the port leads to another guest already.
pub fn publish(batch: &mut Batch, table: &str, key: &Key, guest_ip: IpAddr, guest_port: u16) {
    let mut value = octets(&guest_ip);
    value.extend_from_slice(&port_register(guest_port));
    message::begin(batch, message::NEW_ELEMENT, libc::NLM_F_CREATE, &key.label());
    one_element(batch, table, key.map(), &key.bytes(), Some(&value));
}

pub fn unpublish(batch: &mut Batch, table: &str, key: &Key, missing_ok: bool) {
    message::begin(batch, message::DELETE_ELEMENT, 0, &key.label());
    if missing_ok {
        batch.tolerate(&[libc::ENOENT]);
    }
    one_element(batch, table, key.map(), &key.bytes(), None);
}

/// Adds the bridge to the sets that say how it behaves; where it is already, it stays.
pub fn add_network(batch: &mut Batch, rules: &NetworkRules, subnets: &[Cidr]) {
    let sets = [
        (BRIDGES, true),
        (INTERNAL, rules.internal),
        (MASQUERADE_4, rules.masquerade4),
        (MASQUERADE_6, rules.masquerade6),
        (NEIGHBOURS, rules.icc),
    ];
    for (set, _) in sets.iter().filter(|(_, member)| *member) {
        message::begin(batch, message::NEW_ELEMENT, libc::NLM_F_CREATE, &rules.bridge);
        one_element(batch, &rules.table, set, &bridge_key(set, &rules.bridge), None);
    }
    for subnet in subnets {
        change_subnet(batch, message::NEW_ELEMENT, &rules.table, subnet);
    }
}

/// Takes the bridge out of every set. Added to each first, it is never missing, whatever somebody else has deleted.
pub fn remove_network(batch: &mut Batch, table: &str, bridge: &str, subnets: &[Cidr]) {
    for kind in [message::NEW_ELEMENT, message::DELETE_ELEMENT] {
        for set in [BRIDGES, INTERNAL, MASQUERADE_4, MASQUERADE_6, NEIGHBOURS] {
            begin_change(batch, kind, bridge);
            one_element(batch, table, set, &bridge_key(set, bridge), None);
        }
        for subnet in subnets {
            change_subnet(batch, kind, table, subnet);
        }
    }
}

fn begin_change(batch: &mut Batch, kind: u16, object: &str) {
    let create = if kind == message::NEW_ELEMENT {
        libc::NLM_F_CREATE
    } else {
        0
    };
    message::begin(batch, kind, create, object);
}

fn bridge_key(set: &str, bridge: &str) -> Vec<u8> {
    let name = interface_register(bridge);
    if set == NEIGHBOURS {
        [name, name].concat()
    } else {
        name.to_vec()
    }
}

/// An interval is two elements: where it begins, and where it has ended.
fn change_subnet(batch: &mut Batch, kind: u16, table: &str, subnet: &Cidr) {
    let first = octets(&subnet.ip);
    let set = if subnet.ip.is_ipv4() { SUBNETS_4 } else { SUBNETS_6 };
    let bits = first.len() * 8;
    let value = first.iter().fold(0u128, |value, byte| value << 8 | u128::from(*byte));
    let size = 1u128
        .checked_shl((bits - usize::from(subnet.prefix)) as u32)
        .unwrap_or(0);
    let begin = if size == 0 { 0 } else { value & !(size - 1) };
    let bytes = |value: u128| value.to_be_bytes()[16 - first.len()..].to_vec();
    begin_change(batch, kind, set);
    batch.attr_str(1, table).attr_str(2, set).nest(3, |list| {
        list.nest(1, |element| {
            element.nest(1, |data| {
                data.attr(1, &bytes(begin));
            });
        });
        list.nest(1, |element| {
            element.nest(1, |data| {
                data.attr(1, &bytes(begin.wrapping_add(size)));
            });
            element.attr_be32(3, INTERVAL_END);
        });
    });
}

fn one_element(batch: &mut Batch, table: &str, set: &str, key: &[u8], value: Option<&[u8]>) {
    batch.attr_str(1, table).attr_str(2, set).nest(3, |list| {
        list.nest(1, |element| {
            element.nest(1, |data| {
                data.attr(1, key);
            });
            if let Some(value) = value {
                element.nest(2, |data| {
                    data.attr(1, value);
                });
            }
        });
    });
}
