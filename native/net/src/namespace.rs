//! A container's network namespace: made, filled and handed over.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use crate::address::{Cidr, check_name, parse_ip};
use crate::link::{self, Link, PeerNamespace};
use crate::{Batch, NetError, Socket};
use hbx_protocol::{NetPrepare, VethPlan};

/// A configured namespace. It lives as long as this or a process inside it.
pub struct PreparedNet {
    pub namespace: OwnedFd,
}

/// Makes the namespace of `plan` and comes back to the caller's own; `None` for the host's. The caller is single-threaded.
pub fn prepare_namespace(plan: &NetPrepare) -> Result<Option<PreparedNet>, NetError> {
    if *plan == NetPrepare::Host {
        return Ok(None);
    }
    let home = current()?;
    let host = Socket::open(libc::NETLINK_ROUTE)?;
    guest_unshare()?;
    let made = fill(plan, &host);
    enter(home.as_fd())?;
    made.map(|namespace| Some(PreparedNet { namespace }))
}

fn fill(plan: &NetPrepare, host: &Socket) -> Result<OwnedFd, NetError> {
    let namespace = current()?;
    if let NetPrepare::Veth(veth) = plan {
        create_pair(host, veth, PeerNamespace::Fd(namespace.as_raw_fd()))?;
    }
    guest_configure(plan)?;
    Ok(namespace)
}

/// Puts the caller (single-threaded) into a namespace.
pub fn enter(namespace: BorrowedFd) -> Result<(), NetError> {
    // SAFETY: plain system call on an open descriptor.
    if unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) } < 0 {
        return Err(NetError::last("net_namespace", "net"));
    }
    Ok(())
}

/// Gives the caller a fresh namespace.
pub fn guest_unshare() -> Result<(), NetError> {
    // SAFETY: plain system call.
    if unsafe { libc::unshare(libc::CLONE_NEWNET) } < 0 {
        return Err(NetError::last("net_unshare", "net"));
    }
    Ok(())
}

/// Host side, when the holder has unshared by itself: the pair, with its guest end in the holder's namespace.
pub fn host_create_veth(plan: &VethPlan, holder_pid: i32) -> Result<(), NetError> {
    create_pair(&Socket::open(libc::NETLINK_ROUTE)?, plan, PeerNamespace::Pid(holder_pid))
}

/// Guest side: loopback, and for a veth the addresses and default routes of `eth0`.
pub fn guest_configure(plan: &NetPrepare) -> Result<(), NetError> {
    let mut batch = Batch::default();
    link::set_up(&mut batch, &Link::Index(link::LOOPBACK_INDEX), false, None);
    let socket = Socket::open(libc::NETLINK_ROUTE)?;
    if let NetPrepare::Veth(veth) = plan {
        let index = socket.if_index("eth0")?;
        let addresses = veth.addresses.iter().map(|text| Cidr::parse(text)).collect::<Result<Vec<_>, _>>()?;
        let ipv6 = addresses.iter().any(|cidr| cidr.ip.is_ipv6());
        if !ipv6 && link::has_ipv6() {
            std::fs::write("/proc/sys/net/ipv6/conf/eth0/disable_ipv6", "1")
                .map_err(|error| NetError::errno("net_sysctl", "disable_ipv6", error.raw_os_error().unwrap_or(0)))?;
        }
        link::set_up(&mut batch, &Link::Index(index), false, None);
        for cidr in &addresses {
            link::add_address(&mut batch, index, cidr);
        }
        for gateway in [&veth.gateway, &veth.gateway6].into_iter().flatten() {
            link::add_default_route(&mut batch, index, &parse_ip(gateway)?);
        }
    }
    socket.exchange(&mut batch)
}

/// Removes a host end that outlived its namespace; a missing one is fine.
pub fn host_delete_link(name: &str) -> Result<(), NetError> {
    let mut batch = Batch::default();
    link::delete(&mut batch, check_name("net_link_delete", name)?, true);
    Socket::open(libc::NETLINK_ROUTE)?.exchange(&mut batch)
}

fn create_pair(host: &Socket, plan: &VethPlan, peer: PeerNamespace) -> Result<(), NetError> {
    let bridge = host.if_index(check_name("net_bridge", &plan.bridge)?)?;
    check_name("net_link_create", &plan.host_if)?;
    let mut batch = Batch::default();
    link::create_veth(&mut batch, plan, bridge, peer)?;
    link::set_up(&mut batch, &Link::Name(&plan.host_if), true, None);
    host.exchange(&mut batch)
}

fn current() -> Result<OwnedFd, NetError> {
    File::open("/proc/thread-self/ns/net")
        .map(OwnedFd::from)
        .map_err(|error| NetError::errno("net_namespace", "net", error.raw_os_error().unwrap_or(0)))
}
