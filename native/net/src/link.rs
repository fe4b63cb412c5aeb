//! rtnetlink messages for links, addresses and routes.

use std::net::IpAddr;

use crate::Batch;
use crate::address::{Cidr, family, octets, parse_mac};
use hbx_protocol::messages::VethPrepare;
use hbx_protocol::{Failure, steps};

pub const LOOPBACK_INDEX: u32 = 1;
const VETH_INFO_PEER: u16 = 1;
const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
const IN6_ADDR_GEN_MODE_NONE: u8 = 1;
const IFLA_BR_FORWARD_DELAY: u16 = 1;
const IFLA_BR_STP_STATE: u16 = 5;
const CREATE: i32 = libc::NLM_F_CREATE | libc::NLM_F_EXCL;

/// struct ifinfomsg; index 0 means that the name says which.
fn ifinfo(index: u32, flags: u32, change: u32) -> [u8; 16] {
    let mut bytes = [0u8; 16];
    bytes[4..8].copy_from_slice(&index.to_ne_bytes());
    bytes[8..12].copy_from_slice(&flags.to_ne_bytes());
    bytes[12..16].copy_from_slice(&change.to_ne_bytes());
    bytes
}

/// The pair, guest's end named `eth0`, host's end a port of the bridge (still down).
pub fn create_veth(batch: &mut Batch, plan: &VethPrepare, bridge_index: u32, guest_pid: i32) -> Result<(), Failure> {
    let mac = parse_mac(&plan.mac)?;
    batch
        .begin(libc::RTM_NEWLINK, CREATE, steps::NET_LINK_CREATE, &plan.host_if)
        .put(&ifinfo(0, 0, 0));
    batch
        .attr_str(libc::IFLA_IFNAME, &plan.host_if)
        .attr_u32(libc::IFLA_MTU, plan.mtu);
    batch.attr_u32(libc::IFLA_MASTER, bridge_index);
    // One queue: the pair has no hardware behind it, and each queue costs a sysfs object at every start.
    batch
        .attr_u32(libc::IFLA_NUM_TX_QUEUES, 1)
        .attr_u32(libc::IFLA_NUM_RX_QUEUES, 1);
    batch.nest(libc::IFLA_LINKINFO, |info| {
        info.attr_str(libc::IFLA_INFO_KIND, "veth")
            .nest(libc::IFLA_INFO_DATA, |data| {
                data.nest(VETH_INFO_PEER, |end| {
                    end.put(&ifinfo(0, 0, 0))
                        .attr_str(libc::IFLA_IFNAME, "eth0")
                        .attr(libc::IFLA_ADDRESS, &mac);
                    end.attr_u32(libc::IFLA_MTU, plan.mtu);
                    end.attr_u32(libc::IFLA_NUM_TX_QUEUES, 1)
                        .attr_u32(libc::IFLA_NUM_RX_QUEUES, 1);
                    end.attr_u32(libc::IFLA_NET_NS_PID, guest_pid as u32);
                });
            });
    });
    Ok(())
}

/// The bridge, spanning tree off; one that exists already is left as it is.
pub fn create_bridge(batch: &mut Batch, name: &str, mac: [u8; 6]) {
    batch
        .begin(libc::RTM_NEWLINK, CREATE, steps::NET_BRIDGE, name)
        .tolerate(libc::EEXIST)
        .put(&ifinfo(0, 0, 0));
    // A fixed address: otherwise the bridge takes the lowest of its ports' and neighbours lose it when that port goes.
    batch.attr_str(libc::IFLA_IFNAME, name).attr(libc::IFLA_ADDRESS, &mac);
    batch.nest(libc::IFLA_LINKINFO, |info| {
        info.attr_str(libc::IFLA_INFO_KIND, "bridge")
            .nest(libc::IFLA_INFO_DATA, |data| {
                data.attr_u32(IFLA_BR_STP_STATE, 0).attr_u32(IFLA_BR_FORWARD_DELAY, 0);
            });
    });
}

/// Sets the host's end up, without an IPv6 link-local address of its own. It is the bridge's port; packets may leave by
/// the port they came in, or a container could not reach itself by its published port where br_netfilter is on.
pub fn set_port_up(batch: &mut Batch, name: &str) {
    const IFLA_INFO_SLAVE_KIND: u16 = 4;
    const IFLA_INFO_SLAVE_DATA: u16 = 5;
    const IFLA_BRPORT_MODE: u16 = 4;
    let up = libc::IFF_UP as u32;
    batch
        .begin(libc::RTM_NEWLINK, 0, steps::NET_LINK, name)
        .put(&ifinfo(0, up, up))
        .attr_str(libc::IFLA_IFNAME, name);
    batch.nest(libc::IFLA_LINKINFO, |info| {
        info.attr_str(IFLA_INFO_SLAVE_KIND, "bridge")
            .nest(IFLA_INFO_SLAVE_DATA, |data| {
                data.attr_u8(IFLA_BRPORT_MODE, 1);
            });
    });
    no_link_local(batch);
}

pub enum Link<'a> {
    Index(u32),
    Name(&'a str),
}

/// Sets a link up. `quiet6`: without an IPv6 link-local address, and so without its neighbour discovery.
pub fn set_up(batch: &mut Batch, link: &Link, quiet6: bool, mtu: Option<u32>) {
    let up = libc::IFF_UP as u32;
    let (index, label) = match link {
        Link::Index(LOOPBACK_INDEX) => (LOOPBACK_INDEX, "lo"),
        Link::Index(index) => (*index, "eth0"),
        Link::Name(name) => (0, *name),
    };
    batch
        .begin(libc::RTM_SETLINK, 0, steps::NET_LINK, label)
        .put(&ifinfo(index, up, up));
    if index == 0 {
        batch.attr_str(libc::IFLA_IFNAME, label);
    }
    if let Some(mtu) = mtu {
        batch.attr_u32(libc::IFLA_MTU, mtu);
    }
    if quiet6 {
        no_link_local(batch);
    }
}

fn no_link_local(batch: &mut Batch) {
    if has_ipv6() {
        batch.nest(libc::IFLA_AF_SPEC, |spec| {
            spec.nest(libc::AF_INET6 as u16, |inet6| {
                inet6.attr_u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
            });
        });
    }
}

/// Asks for a link's state, without its counters.
pub fn query(batch: &mut Batch, index: u32) {
    const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;
    batch
        .begin(libc::RTM_GETLINK, 0, steps::NET_LINK, "link")
        .put(&ifinfo(index, 0, 0));
    batch.attr_u32(libc::IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

pub fn delete(batch: &mut Batch, name: &str, missing_ok: bool) {
    batch
        .begin(libc::RTM_DELLINK, 0, steps::NET_LINK_DELETE, name)
        .put(&ifinfo(0, 0, 0));
    if missing_ok {
        batch.tolerate(libc::ENODEV);
    }
    batch.attr_str(libc::IFLA_IFNAME, name);
}

/// An address on link `index`; one that is there already is fine.
pub fn add_address(batch: &mut Batch, index: u32, cidr: &Cidr) {
    let label = format!("{}/{}", cidr.ip, cidr.prefix);
    let flags = if cidr.ip.is_ipv6() { libc::IFA_F_NODAD as u8 } else { 0 };
    batch
        .begin(libc::RTM_NEWADDR, CREATE, steps::NET_ADDRESS, &label)
        .tolerate(libc::EEXIST);
    // struct ifaddrmsg
    batch
        .put(&[family(&cidr.ip), cidr.prefix, flags, libc::RT_SCOPE_UNIVERSE])
        .put(&index.to_ne_bytes());
    let bytes = octets(&cidr.ip);
    batch.attr(libc::IFA_LOCAL, &bytes).attr(libc::IFA_ADDRESS, &bytes);
    if let (IpAddr::V4(ip), 0..=30) = (cidr.ip, cidr.prefix) {
        let broadcast = u32::from(ip) | (u32::MAX >> cidr.prefix);
        batch.attr(libc::IFA_BROADCAST, &broadcast.to_be_bytes());
    }
}

pub fn add_default_route(batch: &mut Batch, index: u32, gateway: &IpAddr) {
    batch.begin(libc::RTM_NEWROUTE, CREATE, steps::NET_ROUTE, &gateway.to_string());
    // struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags
    let (table, boot, universe, unicast) = (
        libc::RT_TABLE_MAIN,
        libc::RTPROT_BOOT,
        libc::RT_SCOPE_UNIVERSE,
        libc::RTN_UNICAST,
    );
    batch.put(&[family(gateway), 0, 0, 0, table, boot, universe, unicast, 0, 0, 0, 0]);
    batch
        .attr(libc::RTA_GATEWAY, &octets(gateway))
        .attr_u32(libc::RTA_OIF, index);
}

pub fn has_ipv6() -> bool {
    // The folder above exists with `ipv6.disable=1` as well.
    // SAFETY: a constant path, only looked up.
    unsafe { libc::access(c"/proc/sys/net/ipv6/conf".as_ptr(), libc::F_OK) == 0 }
}
