//! The `network` job: links and settings in order, then every nftables change as one transaction.

use std::net::IpAddr;

use crate::address::{Cidr, check_name};
use crate::link::{self, Link};
use crate::{Batch, NetError, Socket, sysctl};
use hbx_protocol::NetOp;

pub fn apply(ops: &[NetOp]) -> Result<(), NetError> {
    for op in ops {
        match op {
            NetOp::Bridge { name, addresses, mtu } => bridge(name, addresses, *mtu)?,
            NetOp::LinkDelete { name, missing_ok } => {
                let mut batch = Batch::default();
                link::delete(&mut batch, check_name("net_link_delete", name)?, *missing_ok);
                Socket::open(libc::NETLINK_ROUTE)?.exchange(&mut batch)?;
            }
            NetOp::Sysctl { path, value } => sysctl::write(path, value)?,
            _ => {}
        }
    }
    Ok(())
}

fn bridge(name: &str, addresses: &[String], mtu: u32) -> Result<(), NetError> {
    let addresses = addresses.iter().map(|text| Cidr::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let socket = Socket::open(libc::NETLINK_ROUTE)?;
    let mut batch = Batch::default();
    link::create_bridge(&mut batch, check_name("net_bridge", name)?, bridge_mac(name, &addresses));
    link::set_up(&mut batch, &Link::Name(name), !addresses.iter().any(|cidr| cidr.ip.is_ipv6()), Some(mtu));
    socket.exchange(&mut batch)?;
    let index = socket.if_index(name)?;
    let mut batch = Batch::default();
    for cidr in &addresses {
        link::add_address(&mut batch, index, cidr);
    }
    if batch.is_empty() { Ok(()) } else { socket.exchange(&mut batch) }
}

/// Locally administered, from the IPv4 address or else the name.
fn bridge_mac(name: &str, addresses: &[Cidr]) -> [u8; 6] {
    let ipv4 = addresses.iter().find_map(|cidr| match cidr.ip {
        IpAddr::V4(ip) => Some(ip.octets()),
        IpAddr::V6(_) => None,
    });
    // FNV-1a
    let hash = || name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let [a, b, c, d] = ipv4.unwrap_or_else(|| hash().to_be_bytes());
    [0x02, 0x42, a, b, c, d]
}
