//! What our rules are made of: matches and actions in the words of `nft`.

use std::net::Ipv4Addr;

use super::expression::{self as expr, REG_0, REG_1, REG_2, Verdict};
use crate::Batch;

pub enum Part<'a> {
    /// `iifname NAME`
    From(&'a str),
    /// `oifname NAME`
    To(&'a str),
    /// `oifname != NAME`
    NotTo(&'a str),
    /// `ip saddr NETWORK`
    Source(Network),
    /// `ip daddr NETWORK`
    Destination(Network),
    /// `fib daddr type local`
    DestinationIsHost,
    /// `ct state established,related`
    Established,
    /// `ct status dnat`
    Redirected,
    /// `dnat to ip daddr . meta l4proto . th dport map @NAME`
    RedirectByAddress(&'a str),
    /// `dnat to meta l4proto . th dport map @NAME`
    RedirectByPort(&'a str),
    Masquerade,
    Then(Verdict<'a>),
}

#[derive(Clone, Copy)]
pub struct Network {
    pub ip: Ipv4Addr,
    pub prefix: u8,
}

pub const LOOPBACK: Network = Network {
    ip: Ipv4Addr::new(127, 0, 0, 0),
    prefix: 8,
};

const SOURCE_OFFSET: u32 = 12;
const DESTINATION_OFFSET: u32 = 16;
const DESTINATION_PORT_OFFSET: u32 = 2;
/// NF_CT_STATE_BIT of established and related, IPS_DST_NAT.
const ESTABLISHED_OR_RELATED: u32 = 2 | 4;
const STATUS_DNAT: u32 = 1 << 5;

pub fn encode(list: &mut Batch, part: &Part) {
    match part {
        Part::From(name) => interface(list, expr::META_IIFNAME, expr::EQUAL, name),
        Part::To(name) => interface(list, expr::META_OIFNAME, expr::EQUAL, name),
        Part::NotTo(name) => interface(list, expr::META_OIFNAME, expr::NOT_EQUAL, name),
        Part::Source(network) => within(list, SOURCE_OFFSET, *network),
        Part::Destination(network) => within(list, DESTINATION_OFFSET, *network),
        Part::DestinationIsHost => {
            expr::destination_kind(list, REG_0);
            expr::compare(list, REG_0, expr::EQUAL, &u32::from(libc::RTN_LOCAL).to_ne_bytes());
        }
        Part::Established => any_bit(list, expr::CT_STATE, ESTABLISHED_OR_RELATED),
        Part::Redirected => any_bit(list, expr::CT_STATUS, STATUS_DNAT),
        Part::RedirectByAddress(map) => {
            expr::payload(list, expr::NETWORK_HEADER, DESTINATION_OFFSET, 4, REG_0);
            expr::meta(list, expr::META_L4PROTO, REG_1);
            expr::payload(list, expr::TRANSPORT_HEADER, DESTINATION_PORT_OFFSET, 2, REG_2);
            redirect(list, map);
        }
        Part::RedirectByPort(map) => {
            expr::meta(list, expr::META_L4PROTO, REG_0);
            expr::payload(list, expr::TRANSPORT_HEADER, DESTINATION_PORT_OFFSET, 2, REG_1);
            redirect(list, map);
        }
        Part::Masquerade => expr::masquerade(list),
        Part::Then(verdict) => expr::verdict(list, verdict),
    }
}

fn redirect(list: &mut Batch, map: &str) {
    expr::look_up(list, map, REG_0);
    expr::dnat(list, REG_0, REG_1);
}

fn interface(list: &mut Batch, key: u32, operator: u32, name: &str) {
    let mut padded = [0u8; libc::IFNAMSIZ];
    padded[..name.len()].copy_from_slice(name.as_bytes());
    expr::meta(list, key, REG_0);
    expr::compare(list, REG_0, operator, &padded);
}

fn within(list: &mut Batch, offset: u32, network: Network) {
    let mask = u32::MAX.checked_shl(32 - u32::from(network.prefix)).unwrap_or(0);
    expr::payload(list, expr::NETWORK_HEADER, offset, 4, REG_0);
    expr::mask(list, REG_0, &mask.to_be_bytes());
    expr::compare(list, REG_0, expr::EQUAL, &(u32::from(network.ip) & mask).to_be_bytes());
}

fn any_bit(list: &mut Batch, key: u32, bits: u32) {
    expr::ct(list, key, REG_0);
    expr::mask(list, REG_0, &bits.to_ne_bytes());
    expr::compare(list, REG_0, expr::NOT_EQUAL, &[0; 4]);
}
