//! A container's network namespace: the host's half and the guest's.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::time::Duration;

use crate::address::{Cidr, check_name, parse_ip};
use crate::link::{self, Link, Target};
use crate::{Batch, Socket, sysctl};
use hbx_protocol::messages::{GuestLink, NetPrepare};
use hbx_protocol::{Failure, steps};

/// Host side, when the holder has its own namespace: makes its interface there. Nothing for kinds without one.
pub fn prepare_host(net: &NetPrepare, holder_pid: i32) -> Result<(), Failure> {
    create_link(net, Target::Pid(holder_pid))
}

const BORN_WITHOUT_IPV6: &str = "net/ipv6/conf/default/disable_ipv6";

/// First of all, inside the new namespace: what its interface is born with. Without an IPv6 address it shall have no IPv6
/// at all; for one that is there already, the kernel takes that setting by trying for the lock of all namespaces again and
/// again, a millisecond of a processor while others are made.
pub fn prepare_defaults(net: &NetPrepare) -> Result<(), Failure> {
    match net.guest() {
        Some(guest) if without_ipv6(guest) => sysctl::write(BORN_WITHOUT_IPV6, "1"),
        _ => Ok(()),
    }
}

fn without_ipv6(guest: &GuestLink) -> bool {
    // Whether it is an address at all is seen when it is parsed.
    link::has_ipv6() && !guest.addresses.iter().any(|address| address.contains(':'))
}

/// Guest side, inside the new namespace: loopback, and the interface with its addresses and default routes.
pub fn prepare_guest(net: &NetPrepare) -> Result<(), Failure> {
    if *net == NetPrepare::Host {
        return Ok(());
    }
    let socket = Socket::open(libc::NETLINK_ROUTE)?;
    let mut batch = Batch::default();
    link::set_up(&mut batch, &Link::Index(link::LOOPBACK_INDEX), false, None);
    if let Some(guest) = net.guest() {
        configure(&mut batch, &socket, guest)?;
        if without_ipv6(guest) {
            sysctl::write(BORN_WITHOUT_IPV6, "0")?;
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

/// A further interface for a namespace in use. What was made is removed again when a later step fails.
pub fn attach(namespace: &str, net: &NetPrepare) -> Result<(), Failure> {
    let Some(guest) = net.guest() else {
        return Err(Failure::new(steps::PLAN, 0).at(namespace).saying("nothing to attach"));
    };
    let file = open(namespace)?;
    create_link(net, Target::Descriptor(file.as_raw_fd()))?;
    let made = inside(&file, || {
        let socket = Socket::open(libc::NETLINK_ROUTE)?;
        let mut batch = Batch::default();
        configure(&mut batch, &socket, guest)?;
        let result = socket.exchange(&mut batch);
        if result.is_err() {
            let _ = delete_in(&socket, &guest.interface);
        }
        result
    });
    made.and_then(|()| settle_host(net)).inspect_err(|_| {
        if let NetPrepare::Veth(plan) = net {
            let _ = delete_link(&plan.host_if);
        }
    })
}

/// Takes an interface out of a namespace in use; a missing one is fine.
pub fn detach(namespace: &str, interface: &str) -> Result<(), Failure> {
    let file = open(namespace)?;
    inside(&file, || delete_in(&Socket::open(libc::NETLINK_ROUTE)?, interface))
}

/// One family's default route: by which interface, and by which gateway unless everything is on the link.
pub type DefaultRoute<'a> = Option<(&'a str, Option<&'a str>)>;

pub fn set_default_routes(namespace: &str, v4: DefaultRoute, v6: DefaultRoute) -> Result<(), Failure> {
    let file = open(namespace)?;
    inside(&file, || {
        let socket = Socket::open(libc::NETLINK_ROUTE)?;
        let mut batch = Batch::default();
        for (ipv6, route) in [(false, v4), (true, v6)] {
            if ipv6 && !link::has_ipv6() {
                continue;
            }
            // The kernel's replacement of an IPv6 route by another interface adds one.
            if route.is_none() || ipv6 {
                link::delete_default_route(&mut batch, ipv6);
            }
            if let Some((interface, via)) = route {
                let via = via.map(parse_ip).transpose()?;
                let index = socket.if_index(check_name(steps::NET_ROUTE, interface)?)?;
                link::set_default_route(&mut batch, ipv6, index, via.as_ref());
            }
        }
        socket.exchange(&mut batch)
    })
}

fn create_link(net: &NetPrepare, target: Target) -> Result<(), Failure> {
    let mut batch = Batch::default();
    let socket = match net {
        NetPrepare::Host | NetPrepare::None => return Ok(()),
        NetPrepare::Veth(plan) => {
            let socket = Socket::open(libc::NETLINK_ROUTE)?;
            let bridge = socket.if_index(check_name(steps::NET_BRIDGE, &plan.bridge)?)?;
            check_name(steps::NET_LINK_CREATE, &plan.host_if)?;
            link::create_veth(&mut batch, plan, bridge, target)?;
            link::set_port_up(&mut batch, &plan.host_if, plan.isolated);
            socket
        }
        NetPrepare::Macvlan(plan) | NetPrepare::Ipvlan(plan) => {
            let kind = if matches!(net, NetPrepare::Macvlan(_)) {
                "macvlan"
            } else {
                "ipvlan"
            };
            let socket = Socket::open(libc::NETLINK_ROUTE)?;
            let parent = socket.if_index(check_name(steps::NET_LINK, &plan.parent)?)?;
            link::create_child(&mut batch, kind, plan, parent, target)?;
            socket
        }
    };
    socket.exchange(&mut batch)
}

fn configure(batch: &mut Batch, socket: &Socket, guest: &GuestLink) -> Result<(), Failure> {
    let index = socket.if_index(check_name(steps::NET_LINK, &guest.interface)?)?;
    let addresses = guest
        .addresses
        .iter()
        .map(|text| Cidr::parse(text))
        .collect::<Result<Vec<_>, _>>()?;
    if link::has_ipv6() {
        let path = format!("net/ipv6/conf/{}/disable_ipv6", guest.interface);
        sysctl::ensure(&path, if without_ipv6(guest) { "1" } else { "0" })?;
    }
    link::set_up(batch, &Link::Index(index), false, None);
    for cidr in &addresses {
        link::add_address(batch, index, cidr);
    }
    for gateway in [&guest.gateway, &guest.gateway6].into_iter().flatten() {
        let gateway = parse_ip(gateway)?;
        link::set_default_route(batch, gateway.is_ipv6(), index, Some(&gateway));
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

fn open(namespace: &str) -> Result<File, Failure> {
    if !namespace.starts_with("/proc/") || !namespace.ends_with("/ns/net") {
        return Err(Failure::new(steps::NET_NAMESPACE, 0)
            .at(namespace)
            .saying("expected /proc/PID/ns/net"));
    }
    File::open(namespace).map_err(|error| Failure::io(steps::NET_NAMESPACE, &error).at(namespace))
}

/// Does `work` with this thread in the namespace, and comes back.
fn inside<T>(namespace: &File, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let failed = |error: std::io::Error| Failure::io(steps::NET_NAMESPACE, &error);
    let own = File::open("/proc/thread-self/ns/net").map_err(failed)?;
    enter(namespace)?;
    let result = work();
    enter(&own)?;
    result
}

fn enter(namespace: &File) -> Result<(), Failure> {
    // SAFETY: plain system call on an open descriptor; only this thread moves.
    if unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) } < 0 {
        return Err(Failure::os(steps::NET_NAMESPACE));
    }
    Ok(())
}

/// Removes a host end that outlived its namespace; a missing one is fine.
pub fn delete_link(name: &str) -> Result<(), Failure> {
    delete_in(&Socket::open(libc::NETLINK_ROUTE)?, name)
}

fn delete_in(socket: &Socket, name: &str) -> Result<(), Failure> {
    let mut batch = Batch::default();
    link::delete(&mut batch, check_name(steps::NET_LINK_DELETE, name)?, true);
    socket.exchange(&mut batch)
}
