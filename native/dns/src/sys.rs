//! The system calls that the standard library does not have. Each `unsafe` of waiting and receiving is here.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

pub const IN: u32 = libc::EPOLLIN as u32;
pub const OUT: u32 = libc::EPOLLOUT as u32;
const EVENTS: usize = 64;

fn check(result: i64) -> io::Result<i64> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

pub struct Epoll(OwnedFd);

impl Epoll {
    pub fn new() -> io::Result<Self> {
        // SAFETY: the kernel has just given us this descriptor.
        let fd = unsafe { OwnedFd::from_raw_fd(check(libc::epoll_create1(libc::EPOLL_CLOEXEC).into())? as RawFd) };
        Ok(Self(fd))
    }

    fn control(&self, op: i32, fd: &impl AsFd, events: u32, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events, u64: token };
        // SAFETY: `event` is valid for the call.
        let result = unsafe { libc::epoll_ctl(self.0.as_raw_fd(), op, fd.as_fd().as_raw_fd(), &raw mut event) };
        check(result.into()).map(drop)
    }

    pub fn add(&self, fd: &impl AsFd, events: u32, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, events, token)
    }

    pub fn change(&self, fd: &impl AsFd, events: u32, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, events, token)
    }

    /// Tokens and events of what is ready; none after `timeout_ms` (-1: waits for ever) or an interruption.
    pub fn wait(&self, timeout_ms: i32, into: &mut Vec<(u64, u32)>) {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS];
        // SAFETY: there is room for EVENTS events.
        let n = unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), EVENTS as i32, timeout_ms) };
        into.clear();
        into.extend(
            events[..usize::try_from(n).unwrap_or(0)]
                .iter()
                .map(|event| (event.u64, event.events)),
        );
    }
}

/// A socket's domain, type and protocol.
pub fn socket_kind(fd: &impl AsFd) -> io::Result<(i32, i32)> {
    let option = |name| {
        let (mut value, mut size) = (0_i32, size_of::<i32>() as u32);
        let fd = fd.as_fd().as_raw_fd();
        // SAFETY: the kernel writes one int.
        check(unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, name, (&raw mut value).cast(), &raw mut size) }.into())
            .map(|_| value)
    };
    Ok((option(libc::SO_DOMAIN)?, option(libc::SO_TYPE)?))
}

/// Does `work` inside the network namespace of a process. The caller must be the process's only thread.
pub fn within_network_of<T>(process: &impl AsFd, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let home = std::fs::File::open("/proc/thread-self/ns/net")?;
    let enter = |fd: RawFd| {
        // SAFETY: no pointers.
        check(unsafe { libc::setns(fd, libc::CLONE_NEWNET) }.into())
    };
    enter(process.as_fd().as_raw_fd())?;
    let result = work();
    if enter(home.as_raw_fd()).is_err() {
        // Going on in a container's network would answer everybody from there.
        std::process::abort();
    }
    result
}

/// As many descriptors as the limit allows: each container has three.
pub fn raise_descriptor_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the kernel fills and reads one rlimit.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}

pub fn random(into: &mut [u8]) {
    // SAFETY: `into` is valid for its length. A request this small is never cut short once the kernel has its seed.
    let n = unsafe { libc::getrandom(into.as_mut_ptr().cast(), into.len(), 0) };
    assert!(n == into.len() as isize, "the kernel gives no random numbers");
}

/// A TCP connection that is being made.
pub fn connect_tcp(to: &std::net::SocketAddr) -> io::Result<std::net::TcpStream> {
    let domain = if to.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let flags = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: plain calls; the descriptor is checked before it is owned, and the address is valid for its length.
    unsafe {
        let socket = OwnedFd::from_raw_fd(check(libc::socket(domain, flags, 0).into())? as RawFd);
        let result = match to {
            std::net::SocketAddr::V4(v4) => {
                let mut address: libc::sockaddr_in = std::mem::zeroed();
                address.sin_family = libc::AF_INET as u16;
                address.sin_port = v4.port().to_be();
                address.sin_addr.s_addr = u32::from_ne_bytes(v4.ip().octets());
                libc::connect(
                    socket.as_raw_fd(),
                    (&raw const address).cast(),
                    size_of_val(&address) as u32,
                )
            }
            std::net::SocketAddr::V6(v6) => {
                let mut address: libc::sockaddr_in6 = std::mem::zeroed();
                address.sin6_family = libc::AF_INET6 as u16;
                address.sin6_port = v6.port().to_be();
                address.sin6_addr.s6_addr = v6.ip().octets();
                address.sin6_scope_id = v6.scope_id();
                libc::connect(
                    socket.as_raw_fd(),
                    (&raw const address).cast(),
                    size_of_val(&address) as u32,
                )
            }
        };
        match check(result.into()) {
            Err(e) if e.raw_os_error() != Some(libc::EINPROGRESS) => Err(e),
            _ => Ok(socket.into()),
        }
    }
}
