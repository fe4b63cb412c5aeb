//! rtnetlink messages for links, addresses and routes.

use std::net::IpAddr;

use crate::Batch;
use crate::address::{Cidr, check_name, family, octets, parse_mac};
use hbx_protocol::messages::{ChildPrepare, VethPrepare};
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

/// The namespace that an interface is made in.
#[derive(Clone, Copy)]
pub enum Target {
    Pid(i32),
    Descriptor(i32),
}

impl Target {
    fn put(self, batch: &mut Batch) {
        match self {
            Self::Pid(pid) => batch.attr_u32(libc::IFLA_NET_NS_PID, pid as u32),
            Self::Descriptor(fd) => batch.attr_u32(libc::IFLA_NET_NS_FD, fd as u32),
        };
    }
}

/// The pair, guest's end in `target`, host's end a port of the bridge (still down).
pub fn create_veth(batch: &mut Batch, plan: &VethPrepare, bridge_index: u32, target: Target) -> Result<(), Failure> {
    let guest = &plan.guest;
    let mac = guest.mac.as_deref().map(parse_mac).transpose()?;
    check_name(steps::NET_LINK_CREATE, &guest.interface)?;
    batch
        .begin(libc::RTM_NEWLINK, CREATE, steps::NET_LINK_CREATE, &plan.host_if)
        .put(&ifinfo(0, 0, 0));
    batch
        .attr_str(libc::IFLA_IFNAME, &plan.host_if)
        .attr_u32(libc::IFLA_MTU, guest.mtu);
    batch.attr_u32(libc::IFLA_MASTER, bridge_index);
    // One queue: the pair has no hardware behind it, and each queue costs a sysfs object at every start.
    batch
        .attr_u32(libc::IFLA_NUM_TX_QUEUES, 1)
        .attr_u32(libc::IFLA_NUM_RX_QUEUES, 1);
    batch.nest(libc::IFLA_LINKINFO, |info| {
        info.attr_str(libc::IFLA_INFO_KIND, "veth")
            .nest(libc::IFLA_INFO_DATA, |data| {
                data.nest(VETH_INFO_PEER, |end| {
                    end.put(&ifinfo(0, 0, 0)).attr_str(libc::IFLA_IFNAME, &guest.interface);
                    if let Some(mac) = mac {
                        end.attr(libc::IFLA_ADDRESS, &mac);
                    }
                    end.attr_u32(libc::IFLA_MTU, guest.mtu);
                    end.attr_u32(libc::IFLA_NUM_TX_QUEUES, 1)
                        .attr_u32(libc::IFLA_NUM_RX_QUEUES, 1);
                    target.put(end);
                });
            });
    });
    Ok(())
}

/// A macvlan or ipvlan interface of the host's interface number `parent`, made inside `target`.
pub fn create_child(
    batch: &mut Batch,
    kind: &str,
    plan: &ChildPrepare,
    parent: u32,
    target: Target,
) -> Result<(), Failure> {
    const MODE: u16 = 1;
    let guest = &plan.guest;
    let unknown = || {
        Failure::new(steps::NET_LINK_CREATE, 0)
            .at(&plan.mode)
            .saying("not a mode of the driver")
    };
    batch
        .begin(libc::RTM_NEWLINK, CREATE, steps::NET_LINK_CREATE, &plan.parent)
        .put(&ifinfo(0, 0, 0));
    batch
        .attr_str(libc::IFLA_IFNAME, check_name(steps::NET_LINK_CREATE, &guest.interface)?)
        .attr_u32(libc::IFLA_LINK, parent)
        .attr_u32(libc::IFLA_MTU, guest.mtu);
    if let Some(mac) = &guest.mac {
        batch.attr(libc::IFLA_ADDRESS, &parse_mac(mac)?);
    }
    target.put(batch);
    // MACVLAN_MODE_* are bits, IPVLAN_MODE_* numbers of 16 bits.
    let macvlan = |mode: &str| {
        ["private", "vepa", "bridge", "passthru"]
            .iter()
            .position(|name| *name == mode)
            .map(|n| 1u32 << n)
    };
    let ipvlan = |mode: &str| {
        ["l2", "l3", "l3s"]
            .iter()
            .position(|name| *name == mode)
            .map(|n| n as u16)
    };
    let mode = if kind == "macvlan" {
        macvlan(&plan.mode).ok_or_else(unknown)?.to_ne_bytes().to_vec()
    } else {
        ipvlan(&plan.mode).ok_or_else(unknown)?.to_ne_bytes().to_vec()
    };
    batch.nest(libc::IFLA_LINKINFO, |info| {
        info.attr_str(libc::IFLA_INFO_KIND, kind)
            .nest(libc::IFLA_INFO_DATA, |data| {
                data.attr(MODE, &mode);
            });
    });
    Ok(())
}

/// The bridge, spanning tree off; one that exists already is left as it is.
pub fn create_bridge(batch: &mut Batch, name: &str, mac: [u8; 6]) {
    batch
        .begin(libc::RTM_NEWLINK, CREATE, steps::NET_BRIDGE, name)
        .tolerate(&[libc::EEXIST])
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
/// the port they came in, or a container could not reach itself by its published port where br_netfilter is on. An
/// `isolated` port reaches the bridge only.
pub fn set_port_up(batch: &mut Batch, name: &str, isolated: bool) {
    const IFLA_INFO_SLAVE_KIND: u16 = 4;
    const IFLA_INFO_SLAVE_DATA: u16 = 5;
    const IFLA_BRPORT_MODE: u16 = 4;
    const IFLA_BRPORT_ISOLATED: u16 = 33;
    let up = libc::IFF_UP as u32;
    batch
        .begin(libc::RTM_NEWLINK, 0, steps::NET_LINK, name)
        .put(&ifinfo(0, up, up))
        .attr_str(libc::IFLA_IFNAME, name);
    batch.nest(libc::IFLA_LINKINFO, |info| {
        info.attr_str(IFLA_INFO_SLAVE_KIND, "bridge")
            .nest(IFLA_INFO_SLAVE_DATA, |data| {
                data.attr_u8(IFLA_BRPORT_MODE, 1);
                if isolated {
                    data.attr_u8(IFLA_BRPORT_ISOLATED, 1);
                }
            });
    });
    no_link_local(batch);
}

/// Makes the link a port of the bridge.
pub fn set_master(batch: &mut Batch, name: &str, bridge: u32, missing_ok: bool) {
    batch
        .begin(libc::RTM_SETLINK, 0, steps::NET_LINK, name)
        .put(&ifinfo(0, 0, 0))
        .attr_str(libc::IFLA_IFNAME, name)
        .attr_u32(libc::IFLA_MASTER, bridge);
    if missing_ok {
        batch.tolerate(&[libc::ENODEV]);
    }
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
        Link::Index(index) => (*index, "guest"),
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
        batch.tolerate(&[libc::ENODEV]);
    }
    batch.attr_str(libc::IFLA_IFNAME, name);
}

/// An address on link `index`; one that is there already is fine.
pub fn add_address(batch: &mut Batch, index: u32, cidr: &Cidr) {
    let label = format!("{}/{}", cidr.ip, cidr.prefix);
    let flags = if cidr.ip.is_ipv6() { libc::IFA_F_NODAD as u8 } else { 0 };
    batch
        .begin(libc::RTM_NEWADDR, CREATE, steps::NET_ADDRESS, &label)
        .tolerate(&[libc::EEXIST]);
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

/// The default route of one family by interface number `index`, in place of an earlier one.
pub fn set_default_route(batch: &mut Batch, ipv6: bool, index: u32, gateway: Option<&IpAddr>) {
    let scope = if gateway.is_some() || ipv6 {
        libc::RT_SCOPE_UNIVERSE
    } else {
        libc::RT_SCOPE_LINK
    };
    let label = gateway.map_or_else(|| "default".to_owned(), ToString::to_string);
    let flags = libc::NLM_F_CREATE | libc::NLM_F_REPLACE;
    batch
        .begin(libc::RTM_NEWROUTE, flags, steps::NET_ROUTE, &label)
        .put(&default_route(ipv6, scope));
    if let Some(gateway) = gateway {
        batch.attr(libc::RTA_GATEWAY, &octets(gateway));
    }
    batch.attr_u32(libc::RTA_OIF, index);
}

/// Without one it is fine.
pub fn delete_default_route(batch: &mut Batch, ipv6: bool) {
    batch
        .begin(libc::RTM_DELROUTE, 0, steps::NET_ROUTE, "default")
        .tolerate(&[libc::ESRCH, libc::ENOENT])
        .put(&default_route(ipv6, libc::RT_SCOPE_NOWHERE));
}

/// struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags
fn default_route(ipv6: bool, scope: u8) -> [u8; 12] {
    let family = if ipv6 { libc::AF_INET6 } else { libc::AF_INET } as u8;
    let (table, boot, unicast) = (libc::RT_TABLE_MAIN, libc::RTPROT_BOOT, libc::RTN_UNICAST);
    let kind = if scope == libc::RT_SCOPE_NOWHERE { 0 } else { unicast };
    let protocol = if scope == libc::RT_SCOPE_NOWHERE { 0 } else { boot };
    [family, 0, 0, 0, table, protocol, scope, kind, 0, 0, 0, 0]
}

pub fn has_ipv6() -> bool {
    // The folder above exists with `ipv6.disable=1` as well.
    // SAFETY: a constant path, only looked up.
    unsafe { libc::access(c"/proc/sys/net/ipv6/conf".as_ptr(), libc::F_OK) == 0 }
}
