//! The `watchNetwork` job: tells when somebody else deletes something of our table, or any bridge goes. It ends with its
//! connection.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use crate::Socket;
use crate::nft::message as nft;
use hbx_protocol::{Failure, frame, steps};
use serde::{Deserialize, Serialize};

/// RTNLGRP_LINK and NFNLGRP_NFTABLES.
const LINKS: u32 = 1;
const NFTABLES: u32 = 7;
/// Processes of ours bear such names.
const OURS: &[u8] = b"hbx-";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Job {
    #[serde(rename = "t")]
    _kind: String,
    table: String,
}

#[derive(Serialize)]
struct Changed<'a> {
    t: &'static str,
    what: &'static str,
    name: &'a str,
}

pub fn watch(body: &[u8], connection: &UnixStream) -> Result<(), Failure> {
    let Job { table, .. } = frame::parse(body)?;
    let links = Socket::open(libc::NETLINK_ROUTE)?;
    links.join(LINKS)?;
    let rules = Socket::open(libc::NETLINK_NETFILTER)?;
    rules.join(NFTABLES)?;
    let tell = |what, name: &str| {
        frame::write(
            connection,
            &Changed {
                t: "networkChanged",
                what,
                name,
            },
        )
        .map_err(|e| Failure::io(steps::NET_SOCKET, &e))
    };
    // Whoever asked knows from here on that nothing is missed.
    tell("watching", &table)?;
    let ports = table.replacen("hbx_", "hv", 1);
    let mut touched = false;
    loop {
        let descriptors = [connection.as_raw_fd(), links.as_raw_fd(), rules.as_raw_fd()];
        let ready = poll(descriptors)?;
        if ready[0] {
            return Ok(());
        }
        if ready[1] {
            match links.read_events()? {
                None => tell("table", &table)?,
                Some(bytes) => {
                    for name in messages(&bytes).filter_map(|message| deleted_link(message, &ports)) {
                        tell("link", name)?;
                    }
                }
            }
        }
        if ready[2] {
            match rules.read_events()? {
                None => tell("table", &table)?,
                Some(bytes) => {
                    for message in messages(&bytes) {
                        match nft::kind(message) {
                            Some(nft::NEW_GENERATION) if std::mem::take(&mut touched) && !made_by_us(message) => {
                                tell("table", &table)?;
                            }
                            Some(nft::NEW_GENERATION) => {}
                            Some(kind) if nft::deletes(kind) => touched |= text(message, 20, 1) == Some(&table),
                            _ => {}
                        }
                    }
                }
            }
        }
    }
}

fn poll(descriptors: [i32; 3]) -> Result<[bool; 3], Failure> {
    let mut polled = descriptors.map(|fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    });
    loop {
        // SAFETY: three valid entries.
        if unsafe { libc::poll(polled.as_mut_ptr(), 3, -1) } >= 0 {
            return Ok(polled.map(|entry| entry.revents != 0));
        }
        if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return Err(Failure::os(steps::NET_SOCKET).at("poll"));
        }
    }
}

fn number(bytes: &[u8], at: usize, width: usize) -> usize {
    bytes.get(at..at + width).map_or(0, |part| {
        part.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    })
}

/// Whole netlink messages. Numbers are in the host's order, which is little-endian on all that we build for.
fn messages(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = number(rest, 0, 4);
        if length < 16 || length > rest.len() {
            return None;
        }
        let (message, after) = rest.split_at(length);
        rest = after.get(length.next_multiple_of(4) - length..).unwrap_or(&[]);
        Some(message)
    })
}

/// The value of the attribute `kind` in the list that begins at `at`.
fn attribute(bytes: &[u8], mut at: usize, kind: u16) -> Option<&[u8]> {
    while at + 4 <= bytes.len() {
        let length = number(bytes, at, 2);
        if length < 4 {
            return None;
        }
        if number(bytes, at + 2, 2) & 0x3fff == usize::from(kind) {
            return bytes.get(at + 4..at + length);
        }
        at += length.next_multiple_of(4);
    }
    None
}

fn text(bytes: &[u8], at: usize, kind: u16) -> Option<&str> {
    std::str::from_utf8(attribute(bytes, at, kind)?)
        .ok()
        .map(|text| text.trim_end_matches('\0'))
}

/// The name of the link whose end the message tells: any bridge, or a veth of ours, whose names begin with `ports`.
fn deleted_link<'a>(message: &'a [u8], ports: &str) -> Option<&'a str> {
    const INFO_KIND: u16 = 1;
    if number(message, 4, 2) != usize::from(libc::RTM_DELLINK) || message.get(16) != Some(&0) {
        return None; // another family: a port that left its bridge
    }
    let info = attribute(message, 32, libc::IFLA_LINKINFO)?;
    let name = text(message, 32, libc::IFLA_IFNAME)?;
    match text(info, 0, INFO_KIND)? {
        "bridge" => Some(name),
        "veth" if name.starts_with(ports) => Some(name),
        _ => None,
    }
}

fn made_by_us(message: &[u8]) -> bool {
    const PROCESS_NAME: u16 = 3;
    attribute(message, 20, PROCESS_NAME).is_some_and(|name| name.starts_with(OURS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_stop_at_a_torn_one() {
        let mut bytes = vec![0u8; 44];
        bytes[0] = 18;
        bytes[20] = 24;
        assert_eq!(messages(&bytes).map(<[u8]>::len).collect::<Vec<_>>(), [18, 24]);
        bytes[20] = 25;
        assert_eq!(messages(&bytes).count(), 1);
    }

    #[test]
    fn attribute_passes_over_others_and_refuses_a_length_of_nothing() {
        let bytes = [6, 0, 1, 0, b'a', 0, 0, 0, 6, 0, 3, 0, b'b', 0, 0, 0];
        assert_eq!(text(&bytes, 0, 3), Some("b"));
        assert_eq!(text(&bytes, 0, 2), None);
        assert_eq!(text(&[0; 16], 0, 0), None);
    }
}
