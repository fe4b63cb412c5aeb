//! The `network` job: links and settings in order, then every nftables change as one transaction.

use std::net::IpAddr;

use crate::address::{Cidr, check_name};
use crate::link::{self, Link};
use crate::op::NetOp;
use crate::{Batch, Socket, namespace, nft, sysctl};
use hbx_protocol::{Failure, frame, steps};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Job {
    #[serde(rename = "t")]
    _kind: String,
    ops: Vec<NetOp>,
}

/// `body` is the frame's MessagePack map.
pub fn run(body: &[u8]) -> Result<(), Failure> {
    apply(&frame::parse::<Job>(body)?.ops)
}

pub fn apply(ops: &[NetOp]) -> Result<(), Failure> {
    for op in ops {
        match op {
            NetOp::Bridge { name, addresses, mtu } => bridge(name, addresses, *mtu)?,
            NetOp::LinkDelete { name, missing_ok } => {
                let mut batch = Batch::default();
                link::delete(&mut batch, check_name(steps::NET_LINK_DELETE, name)?, *missing_ok);
                Socket::open(libc::NETLINK_ROUTE)?.exchange(&mut batch)?;
            }
            NetOp::Sysctl {
                path,
                value,
                missing_ok,
            } => match sysctl::write(path, value) {
                Err(failure) if *missing_ok && failure.errno == libc::ENOENT => {}
                result => result?,
            },
            NetOp::Port {
                link,
                bridge,
                isolated,
                missing_ok,
            } => port(link, bridge, *isolated, *missing_ok)?,
            NetOp::Attach { namespace, net } => namespace::attach(namespace, net)?,
            NetOp::Detach { namespace, interface } => namespace::detach(namespace, interface)?,
            NetOp::DefaultRoutes { namespace, v4, v6 } => {
                let [v4, v6] = [v4, v6].map(|route| route.as_ref().map(|r| (r.interface.as_str(), r.via.as_deref())));
                namespace::set_default_routes(namespace, v4, v6)?;
            }
            // Changes of nftables wait for the transaction.
            NetOp::NftTable { .. }
            | NetOp::NftTableDelete { .. }
            | NetOp::NftNetwork(_)
            | NetOp::NftNetworkDelete { .. }
            | NetOp::NftPublish { .. }
            | NetOp::NftUnpublish { .. } => {}
        }
    }
    nft::transact(ops)
}

fn bridge(name: &str, addresses: &[String], mtu: u32) -> Result<(), Failure> {
    let addresses = addresses
        .iter()
        .map(|text| Cidr::parse(text))
        .collect::<Result<Vec<_>, _>>()?;
    let socket = Socket::open(libc::NETLINK_ROUTE)?;
    let mut batch = Batch::default();
    link::create_bridge(
        &mut batch,
        check_name(steps::NET_BRIDGE, name)?,
        bridge_mac(name, &addresses),
    );
    link::set_up(&mut batch, &Link::Name(name), true, Some(mtu));
    socket.exchange(&mut batch)?;
    let index = socket.if_index(name)?;
    let mut batch = Batch::default();
    for cidr in &addresses {
        link::add_address(&mut batch, index, cidr);
    }
    if addresses.iter().any(|cidr| cidr.ip.is_ipv6()) {
        // Neighbours are asked from a link-local address. The kernel's own would be unusable for a second.
        link::add_address(&mut batch, index, &Cidr::parse("fe80::1/64")?);
    }
    if batch.is_empty() {
        Ok(())
    } else {
        socket.exchange(&mut batch)
    }
}

fn port(name: &str, bridge: &str, isolated: bool, missing_ok: bool) -> Result<(), Failure> {
    let socket = Socket::open(libc::NETLINK_ROUTE)?;
    let bridge = socket.if_index(check_name(steps::NET_BRIDGE, bridge)?)?;
    let mut batch = Batch::default();
    link::set_master(&mut batch, check_name(steps::NET_LINK, name)?, bridge, missing_ok);
    socket.exchange(&mut batch)?;
    if missing_ok && socket.if_index(name).is_err() {
        return Ok(());
    }
    let mut batch = Batch::default();
    link::set_port_up(&mut batch, name, isolated);
    socket.exchange(&mut batch)
}

/// Locally administered, from the IPv4 address or else the name.
fn bridge_mac(name: &str, addresses: &[Cidr]) -> [u8; 6] {
    let ipv4 = addresses.iter().find_map(|cidr| match cidr.ip {
        IpAddr::V4(ip) => Some(ip.octets()),
        IpAddr::V6(_) => None,
    });
    // FNV-1a
    let hash = || {
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
    };
    let [a, b, c, d] = ipv4.unwrap_or_else(|| hash().to_be_bytes());
    [0x02, 0x42, a, b, c, d]
}
