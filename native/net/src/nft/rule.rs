//! What our rules are made of: matches and actions in the words of `nft`.

use super::element::PortMaps;
use super::expression::{self as expr, REG_0, REG_1, REG_2, REG_4, REG_5, Verdict};
use crate::Batch;

pub enum Part<'a> {
    /// `iifname @SET`
    From(&'a str),
    /// `iifname != @SET`
    NotFrom(&'a str),
    /// `oifname @SET`
    To(&'a str),
    /// `oifname != @SET`
    NotTo(&'a str),
    /// `iifname . oifname @SET`
    Between(&'a str),
    /// `meta nfproto ipv4`
    Ipv4,
    /// `meta nfproto ipv6`
    Ipv6,
    /// `ip saddr 127.0.0.0/8`; only after `Ipv4`.
    FromLoopback4,
    /// `ip daddr 127.0.0.0/8`; only after `Ipv4`.
    ToLoopback4,
    /// `ip6 daddr ::1`; only after `Ipv6`.
    ToLoopback6,
    /// `ip saddr @SET`; only after `Ipv4`.
    FromNetwork4(&'a str),
    /// `ip6 saddr @SET`; only after `Ipv6`.
    FromNetwork6(&'a str),
    /// `fib daddr type local`
    DestinationIsHost,
    /// `ct state established,related`
    Established,
    /// `ct status dnat`
    Redirected,
    /// `dnat to ip daddr . meta l4proto . th dport map @MAP`; only after the family.
    RedirectByAddress(&'a PortMaps),
    /// `dnat to meta l4proto . th dport map @MAP`; only after the family.
    RedirectByPort(&'a PortMaps),
    Masquerade,
    Then(Verdict<'a>),
}

/// Where IPv4's and IPv6's headers have their addresses: source, destination.
const OFFSETS_4: (u32, u32) = (12, 16);
const OFFSETS_6: (u32, u32) = (8, 24);
const DESTINATION_PORT_OFFSET: u32 = 2;
/// NF_CT_STATE_BIT of established and related, IPS_DST_NAT.
const ESTABLISHED_OR_RELATED: u32 = 2 | 4;
const STATUS_DNAT: u32 = 1 << 5;
const NFPROTO_IPV4: u8 = 2;
const NFPROTO_IPV6: u8 = 10;

pub fn encode(list: &mut Batch, part: &Part) {
    match part {
        Part::From(set) => interface(list, expr::META_IIFNAME, set, false),
        Part::NotFrom(set) => interface(list, expr::META_IIFNAME, set, true),
        Part::To(set) => interface(list, expr::META_OIFNAME, set, false),
        Part::NotTo(set) => interface(list, expr::META_OIFNAME, set, true),
        Part::Between(set) => {
            expr::meta(list, expr::META_IIFNAME, REG_0);
            expr::meta(list, expr::META_OIFNAME, REG_4);
            expr::member(list, set, REG_0, false);
        }
        Part::Ipv4 => family(list, NFPROTO_IPV4),
        Part::Ipv6 => family(list, NFPROTO_IPV6),
        Part::FromLoopback4 => loopback4(list, OFFSETS_4.0),
        Part::ToLoopback4 => loopback4(list, OFFSETS_4.1),
        Part::ToLoopback6 => {
            expr::payload(list, expr::NETWORK_HEADER, OFFSETS_6.1, 16, REG_0);
            expr::compare(list, REG_0, expr::EQUAL, &std::net::Ipv6Addr::LOCALHOST.octets());
        }
        Part::FromNetwork4(set) => {
            expr::payload(list, expr::NETWORK_HEADER, OFFSETS_4.0, 4, REG_0);
            expr::member(list, set, REG_0, false);
        }
        Part::FromNetwork6(set) => {
            expr::payload(list, expr::NETWORK_HEADER, OFFSETS_6.0, 16, REG_0);
            expr::member(list, set, REG_0, false);
        }
        Part::DestinationIsHost => {
            expr::destination_kind(list, REG_0);
            expr::compare(list, REG_0, expr::EQUAL, &u32::from(libc::RTN_LOCAL).to_ne_bytes());
        }
        Part::Established => any_bit(list, expr::CT_STATE, ESTABLISHED_OR_RELATED),
        Part::Redirected => any_bit(list, expr::CT_STATUS, STATUS_DNAT),
        Part::RedirectByAddress(maps) => {
            if maps.is_ipv4() {
                expr::payload(list, expr::NETWORK_HEADER, OFFSETS_4.1, 4, REG_0);
                service(list, REG_1, REG_2);
            } else {
                expr::payload(list, expr::NETWORK_HEADER, OFFSETS_6.1, 16, REG_0);
                service(list, REG_4, REG_5);
            }
            redirect(list, maps, maps.by_address);
        }
        Part::RedirectByPort(maps) => {
            service(list, REG_0, REG_1);
            redirect(list, maps, maps.by_port);
        }
        Part::Masquerade => expr::masquerade(list),
        Part::Then(verdict) => expr::verdict(list, verdict),
    }
}

fn service(list: &mut Batch, protocol: u32, port: u32) {
    expr::meta(list, expr::META_L4PROTO, protocol);
    expr::payload(list, expr::TRANSPORT_HEADER, DESTINATION_PORT_OFFSET, 2, port);
}

fn redirect(list: &mut Batch, maps: &PortMaps, map: &str) {
    expr::look_up(list, map, REG_0);
    let (family, port) = if maps.is_ipv4() {
        (libc::AF_INET, REG_1)
    } else {
        (libc::AF_INET6, REG_4)
    };
    expr::dnat(list, family, REG_0, port);
}

fn interface(list: &mut Batch, key: u32, set: &str, not: bool) {
    expr::meta(list, key, REG_0);
    expr::member(list, set, REG_0, not);
}

fn family(list: &mut Batch, family: u8) {
    expr::meta(list, expr::META_NFPROTO, REG_0);
    expr::compare(list, REG_0, expr::EQUAL, &[family]);
}

fn loopback4(list: &mut Batch, offset: u32) {
    expr::payload(list, expr::NETWORK_HEADER, offset, 4, REG_0);
    expr::mask(list, REG_0, &[0xff, 0, 0, 0]);
    expr::compare(list, REG_0, expr::EQUAL, &[127, 0, 0, 0]);
}

fn any_bit(list: &mut Batch, key: u32, bits: u32) {
    expr::ct(list, key, REG_0);
    expr::mask(list, REG_0, &bits.to_ne_bytes());
    expr::compare(list, REG_0, expr::NOT_EQUAL, &[0; 4]);
}
