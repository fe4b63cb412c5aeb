//! The redirect, without connection tracking: ports are rewritten in packets on their way out through the loopback, so
//! that nothing else in the namespace pays for it.
//!
//! Where the container itself tracks connections, it sees one flow to port 53: questions are rewritten after tracking has
//! seen them, answers before.

use super::SERVER;
use crate::nft::expression::{self as expr, REG_0, Verdict};
use crate::nft::message;
use crate::{Batch, Socket};
use hbx_protocol::{Failure, steps};

const TABLE: &str = "hbx_dns";
const DNS: u16 = 53;
/// NF_INET_LOCAL_OUT
const OUTPUT: u32 = 3;
/// On either side of connection tracking, which is at -200.
const AFTER_TRACKING: i32 = -150;
const BEFORE_TRACKING: i32 = -300;

#[derive(Clone, Copy)]
enum Way {
    Question,
    Answer,
}

impl Way {
    fn chain(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Answer => "answer",
        }
    }

    /// Where in the packets the service's address and port stand.
    fn offsets(self) -> (u32, u32) {
        match self {
            Self::Question => (16, 2),
            Self::Answer => (12, 0),
        }
    }
}

/// In the present namespace. A redirect that is there already is replaced.
pub fn redirect(udp_port: u16, tcp_port: u16) -> Result<(), Failure> {
    let mut batch = Batch::default();
    message::begin_transaction(&mut batch);
    let table = |batch: &mut Batch, kind, flags| {
        message::begin(batch, kind, flags, TABLE).attr_str(1, TABLE);
    };
    table(&mut batch, message::NEW_TABLE, libc::NLM_F_CREATE);
    table(&mut batch, message::DELETE_TABLE, 0);
    table(&mut batch, message::NEW_TABLE, libc::NLM_F_CREATE);
    for (way, priority) in [(Way::Question, AFTER_TRACKING), (Way::Answer, BEFORE_TRACKING)] {
        chain(&mut batch, way.chain(), priority);
        rule(&mut batch, way.chain(), elsewhere);
        for (protocol, checksum, port) in [(libc::IPPROTO_UDP, 6, udp_port), (libc::IPPROTO_TCP, 16, tcp_port)] {
            rule(&mut batch, way.chain(), |list| {
                rewrite(list, way, protocol as u8, checksum, port)
            });
        }
    }
    message::end_transaction(&mut batch);
    // Left open until the process ends: closing it waits until the kernel has freed what was replaced.
    let socket = std::mem::ManuallyDrop::new(Socket::open(libc::NETLINK_NETFILTER)?);
    socket.exchange(&mut batch).map_err(|mut failure| {
        failure.step = steps::DNS_REDIRECT.to_owned();
        failure
    })
}

fn chain(batch: &mut Batch, name: &str, priority: i32) {
    message::begin(batch, message::NEW_CHAIN, libc::NLM_F_CREATE, TABLE)
        .attr_str(1, TABLE)
        .attr_str(3, name)
        .nest(4, |hook| {
            hook.attr_be32(1, OUTPUT).attr_be32(2, priority as u32);
        })
        .attr_str(7, "filter");
}

fn rule(batch: &mut Batch, chain: &str, fill: impl FnOnce(&mut Batch)) {
    message::begin(batch, message::NEW_RULE, libc::NLM_F_CREATE | libc::NLM_F_APPEND, TABLE)
        .attr_str(1, TABLE)
        .attr_str(2, chain)
        .nest(4, fill);
}

/// `oif != lo accept`: one comparison for all other packets.
fn elsewhere(list: &mut Batch) {
    expr::meta(list, expr::META_OIF, REG_0);
    expr::compare(list, REG_0, expr::NOT_EQUAL, &crate::link::LOOPBACK_INDEX.to_ne_bytes());
    expr::verdict(list, &Verdict::Accept);
}

fn rewrite(list: &mut Batch, way: Way, protocol: u8, checksum: u32, port: u16) {
    let (address_at, port_at) = way.offsets();
    let (from, to) = match way {
        Way::Question => (DNS, port),
        Way::Answer => (port, DNS),
    };
    expr::meta(list, expr::META_L4PROTO, REG_0);
    expr::compare(list, REG_0, expr::EQUAL, &[protocol]);
    expr::payload(list, expr::NETWORK_HEADER, address_at, 4, REG_0);
    expr::compare(list, REG_0, expr::EQUAL, &SERVER.octets());
    expr::payload(list, expr::TRANSPORT_HEADER, port_at, 2, REG_0);
    expr::compare(list, REG_0, expr::EQUAL, &from.to_be_bytes());
    expr::immediate(list, REG_0, &to.to_be_bytes());
    expr::write_transport(list, port_at, 2, checksum, REG_0);
}
