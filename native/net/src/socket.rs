//! A netlink socket. The kernel handles requests inside `sendto`, so every refusal waits in the buffer when it returns,
//! and an empty buffer means success.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::Batch;
use hbx_protocol::{Failure, steps};

const SOL_NETLINK: i32 = 270;
const NETLINK_CAP_ACK: i32 = 10;
const NETLINK_EXT_ACK: i32 = 11;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLMSGERR_ATTR_MSG: u16 = 1;
/// Well below the smallest usual net.core.wmem_default.
const ALWAYS_FITS: usize = 64 * 1024;

pub struct Socket {
    fd: OwnedFd,
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> i32 {
        self.fd.as_raw_fd()
    }
}

/// A message that the kernel refused.
pub struct Refusal {
    pub seq: usize,
    pub error: Failure,
    pub tolerated: bool,
}

impl Socket {
    /// `protocol` is NETLINK_ROUTE or NETLINK_NETFILTER; the socket belongs to the caller's present network namespace for good.
    pub fn open(protocol: i32) -> Result<Self, Failure> {
        // SAFETY: plain system call; the result is checked before it is owned.
        let fd = unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, protocol) };
        if fd < 0 {
            return Err(Failure::os(steps::NET_SOCKET).at("netlink"));
        }
        // SAFETY: `fd` was just made and nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        for option in [NETLINK_CAP_ACK, NETLINK_EXT_ACK] {
            let on: i32 = 1;
            // SAFETY: `on` outlives the call. A kernel without the option only gives shorter answers.
            unsafe { libc::setsockopt(fd.as_raw_fd(), SOL_NETLINK, option, (&raw const on).cast(), 4) };
        }
        Ok(Self { fd })
    }

    /// Sends the batch; fails with the first refusal that is not tolerated.
    pub fn exchange(&self, batch: &mut Batch) -> Result<(), Failure> {
        match self.refusals(batch)?.into_iter().find(|refusal| !refusal.tolerated) {
            Some(refusal) => Err(refusal.error),
            None => Ok(()),
        }
    }

    /// Sends the batch and gives every refusal, in the order of messages.
    pub fn refusals(&self, batch: &mut Batch) -> Result<Vec<Refusal>, Failure> {
        batch.finish();
        if batch.bytes.len() > ALWAYS_FITS {
            self.grow(batch.bytes.len())?;
        }
        self.send(&batch.bytes)?;
        let mut refusals = Vec::new();
        // One answer comes at a time, without an echo of its request; this shares the page of the stack.
        let mut buffer = [0u8; 2048];
        loop {
            let fd = self.fd.as_raw_fd();
            // SAFETY: the buffer is valid for its length.
            let got = unsafe { libc::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT) };
            if got < 0 {
                match std::io::Error::last_os_error().raw_os_error() {
                    Some(libc::EAGAIN) => break,
                    Some(libc::EINTR) => continue,
                    _ => return Err(Failure::os(steps::NET_SOCKET).at("netlink")),
                }
            }
            read_answers(&buffer[..got as usize], batch, &mut refusals);
        }
        refusals.sort_by_key(|refusal| refusal.seq);
        Ok(refusals)
    }

    /// The interface's number in the socket's namespace.
    pub fn if_index(&self, name: &str) -> Result<u32, Failure> {
        // SAFETY: an all-zero ifreq is valid, and the name is cut to leave the final zero.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in request.ifr_name.iter_mut().zip(name.bytes().take(libc::IFNAMSIZ - 1)) {
            *to = from as libc::c_char;
        }
        // SAFETY: the kernel reads and writes one ifreq.
        if unsafe { libc::ioctl(self.fd.as_raw_fd(), libc::SIOCGIFINDEX, &raw mut request) } < 0 {
            return Err(Failure::os(steps::NET_LINK).at(name));
        }
        // SAFETY: SIOCGIFINDEX fills this member.
        Ok(unsafe { request.ifr_ifru.ifru_ifindex } as u32)
    }

    /// Whether a link can carry packets now. Recent kernels bring the state up to date when they are asked for it.
    pub fn is_operational(&self, index: u32) -> Result<bool, Failure> {
        let mut batch = Batch::default();
        crate::link::query(&mut batch, index);
        batch.finish();
        self.send(&batch.bytes)?;
        let mut buffer = [0u8; 8192];
        // SAFETY: the buffer is valid for its length.
        let got = unsafe {
            libc::recv(
                self.fd.as_raw_fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                libc::MSG_DONTWAIT,
            )
        };
        if got < 0 {
            return Err(Failure::os(steps::NET_LINK).at(format!("link {index}")));
        }
        let message = &buffer[..got as usize];
        // struct nlmsghdr and struct ifinfomsg come before the attributes.
        let mut at = 32;
        while at + 4 <= message.len() {
            let length = u16_at(message, at) as usize;
            if u16_at(message, at + 2) == libc::IFLA_OPERSTATE {
                return Ok(message.get(at + 4) == Some(&(libc::IF_OPER_UP as u8)));
            }
            at += length.next_multiple_of(4).max(4);
        }
        Ok(false)
    }

    /// Has the kernel announce changes of a group here.
    pub fn join(&self, group: u32) -> Result<(), Failure> {
        const NETLINK_ADD_MEMBERSHIP: i32 = 1;
        // SAFETY: an all-zero sockaddr_nl with the family set asks for any port; without one nothing is delivered.
        let bound = unsafe {
            let mut own: libc::sockaddr_nl = std::mem::zeroed();
            own.nl_family = libc::AF_NETLINK as u16;
            let size = size_of::<libc::sockaddr_nl>() as u32;
            libc::bind(self.fd.as_raw_fd(), (&raw const own).cast(), size)
        };
        if bound < 0 {
            return Err(Failure::os(steps::NET_SOCKET).at("netlink"));
        }
        // SAFETY: `group` outlives the call.
        let joined = unsafe {
            let fd = self.fd.as_raw_fd();
            libc::setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, (&raw const group).cast(), 4)
        };
        if joined < 0 {
            Err(Failure::os(steps::NET_SOCKET).at("netlink"))
        } else {
            Ok(())
        }
    }

    /// The announcements of one datagram. `None`: some were lost.
    pub fn read_events(&self) -> Result<Option<Vec<u8>>, Failure> {
        let mut buffer = vec![0u8; 64 * 1024];
        loop {
            let fd = self.fd.as_raw_fd();
            // SAFETY: the buffer is valid for its length.
            let got = unsafe { libc::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT) };
            if got >= 0 {
                buffer.truncate(got as usize);
                return Ok(Some(buffer));
            }
            match std::io::Error::last_os_error().raw_os_error() {
                Some(libc::EINTR) => {}
                Some(libc::ENOBUFS) => return Ok(None),
                Some(libc::EAGAIN) => return Ok(Some(Vec::new())),
                _ => return Err(Failure::os(steps::NET_SOCKET).at("netlink")),
            }
        }
    }

    /// A batch must fit into the send buffer, since it is sent as one piece.
    fn grow(&self, bytes: usize) -> Result<(), Failure> {
        let size = i32::try_from(bytes * 2).unwrap_or(i32::MAX);
        // SAFETY: `size` outlives the call.
        let set = unsafe {
            let fd = self.fd.as_raw_fd();
            libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, (&raw const size).cast(), 4)
        };
        if set < 0 {
            Err(Failure::os(steps::NET_SOCKET).at("netlink"))
        } else {
            Ok(())
        }
    }

    fn send(&self, bytes: &[u8]) -> Result<(), Failure> {
        // SAFETY: an all-zero sockaddr_nl with the family set addresses the kernel.
        let mut kernel: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        kernel.nl_family = libc::AF_NETLINK as u16;
        let size = size_of::<libc::sockaddr_nl>() as u32;
        loop {
            // SAFETY: buffer and address are valid for the given lengths.
            let sent = unsafe {
                let to = (&raw const kernel).cast();
                libc::sendto(self.fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), 0, to, size)
            };
            if sent >= 0 {
                return Ok(());
            }
            if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
                return Err(Failure::os(steps::NET_SOCKET).at("netlink"));
            }
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |b| u16::from_ne_bytes([b[0], b[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .map_or(0, |b| u32::from_ne_bytes([b[0], b[1], b[2], b[3]]))
}

fn read_answers(mut rest: &[u8], batch: &Batch, refusals: &mut Vec<Refusal>) {
    while rest.len() >= 20 {
        let length = u32_at(rest, 0) as usize;
        if length < 16 || length > rest.len() {
            return;
        }
        let message = &rest[..length];
        let errno = -(u32_at(message, 16) as i32);
        if u16_at(message, 4) == libc::NLMSG_ERROR as u16 && errno != 0 {
            refusals.push(refusal(message, errno, batch));
        }
        rest = &rest[length.next_multiple_of(4).min(rest.len())..];
    }
}

fn refusal(message: &[u8], errno: i32, batch: &Batch) -> Refusal {
    let seq = u32_at(message, 8) as usize;
    let (step, object, tolerated) = match batch.purposes.get(seq) {
        Some(purpose) => (
            purpose.step,
            Some(purpose.object.clone()),
            purpose.tolerated.contains(&errno),
        ),
        None => (steps::NET_SOCKET, None, false),
    };
    Refusal {
        seq,
        error: Failure {
            step: step.to_owned(),
            errno,
            path: object,
            message: kernel_words(message),
        },
        tolerated,
    }
}

/// The text of an extended acknowledgement.
fn kernel_words(message: &[u8]) -> Option<String> {
    let flags = u16_at(message, 6);
    if flags & NLM_F_ACK_TLVS == 0 {
        return None;
    }
    let echoed = if flags & NLM_F_CAPPED == 0 {
        (u32_at(message, 20) as usize).saturating_sub(16)
    } else {
        0
    };
    let mut at = 36 + echoed.next_multiple_of(4);
    while at + 4 <= message.len() {
        let length = u16_at(message, at) as usize;
        let value = message.get(at + 4..at + length)?;
        if u16_at(message, at + 2) & 0x3fff == NLMSGERR_ATTR_MSG {
            return Some(String::from_utf8_lossy(value).trim_end_matches('\0').to_owned());
        }
        at += length.next_multiple_of(4).max(4);
    }
    None
}
