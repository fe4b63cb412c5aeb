//! A container's network namespace: the host's half and the guest's.

use std::time::Duration;

use crate::address::{Cidr, check_name, parse_ip};
use crate::link::{self, Link};
use crate::{Batch, Socket, sysctl};
use hbx_protocol::messages::NetPrepare;
use hbx_protocol::{Failure, steps};

/// Host side, when the holder has its own namespace: the pair, with its guest end `eth0` there. Nothing for other kinds.
pub fn prepare_host(net: &NetPrepare, holder_pid: i32) -> Result<(), Failure> {
    let NetPrepare::Veth(plan) = net else {
        return Ok(());
    };
    let socket = Socket::open(libc::NETLINK_ROUTE)?;
    let bridge = socket.if_index(check_name(steps::NET_BRIDGE, &plan.bridge)?)?;
    check_name(steps::NET_LINK_CREATE, &plan.host_if)?;
    let mut batch = Batch::default();
    link::create_veth(&mut batch, plan, bridge, holder_pid)?;
    link::set_port_up(&mut batch, &plan.host_if);
    socket.exchange(&mut batch)
}

/// Guest side, inside the new namespace: loopback, and for a veth the addresses and default routes of `eth0`.
pub fn prepare_guest(net: &NetPrepare) -> Result<(), Failure> {
    if *net == NetPrepare::Host {
        return Ok(());
    }
    let socket = Socket::open(libc::NETLINK_ROUTE)?;
    let mut batch = Batch::default();
    link::set_up(&mut batch, &Link::Index(link::LOOPBACK_INDEX), false, None);
    if let NetPrepare::Veth(plan) = net {
        let index = socket.if_index("eth0")?;
        let addresses = plan
            .addresses
            .iter()
            .map(|text| Cidr::parse(text))
            .collect::<Result<Vec<_>, _>>()?;
        if link::has_ipv6() && !addresses.iter().any(|cidr| cidr.ip.is_ipv6()) {
            sysctl::write("net/ipv6/conf/eth0/disable_ipv6", "1")?;
        }
        link::set_up(&mut batch, &Link::Index(index), false, None);
        for cidr in &addresses {
            link::add_address(&mut batch, index, cidr);
        }
        for gateway in [&plan.gateway, &plan.gateway6].into_iter().flatten() {
            link::add_default_route(&mut batch, index, &parse_ip(gateway)?);
        }
    }
    socket.exchange(&mut batch)
}

/// Host side again, after the guest's half: waits until the kernel has noticed that the host's end and the bridge have a
/// carrier. Before that, what is sent there is lost, and repeated a second later at best.
pub fn settle_host(net: &NetPrepare) -> Result<(), Failure> {
    let NetPrepare::Veth(plan) = net else {
        return Ok(());
    };
    let socket = Socket::open(libc::NETLINK_ROUTE)?;
    // The first port gives the bridge its carrier.
    for name in [&plan.host_if, &plan.bridge] {
        await_operational(&socket, name)?;
    }
    Ok(())
}

fn await_operational(socket: &Socket, name: &str) -> Result<(), Failure> {
    let index = socket.if_index(name)?;
    for _ in 0..100 {
        if socket.is_operational(index)? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(Failure::new(steps::NET_LINK, libc::ETIMEDOUT)
        .at(name)
        .saying("it has no carrier"))
}

/// Removes a host end that outlived its namespace; a missing one is fine.
pub fn delete_link(name: &str) -> Result<(), Failure> {
    let mut batch = Batch::default();
    link::delete(&mut batch, check_name(steps::NET_LINK_DELETE, name)?, true);
    Socket::open(libc::NETLINK_ROUTE)?.exchange(&mut batch)
}
