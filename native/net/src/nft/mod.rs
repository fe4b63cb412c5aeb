//! nftables: our own table, never another's, changed in whole transactions.
//!
//! The rules of a table are fixed in number; published ports are elements of two maps, so a packet costs the same with
//! one published port as with thousands.

mod element;
pub mod expression;
pub mod message;
mod rule;
mod table;

use crate::op::NetOp;
use crate::{Batch, Socket};
use hbx_protocol::{Failure, steps};

pub const STEP: &str = steps::NFT_TRANSACTION;

/// Applies the nftables changes among `ops` as one transaction; without any it does nothing.
///
/// The socket is left open until the job's process ends: closing it waits until the kernel has freed what was deleted
/// (about 100 ms), and nobody needs to wait for that.
pub fn transact(ops: &[NetOp]) -> Result<(), Failure> {
    let mut ops: Vec<&NetOp> = ops.iter().filter(|op| is_nft(op)).collect();
    if ops.is_empty() {
        return Ok(());
    }
    let socket = std::mem::ManuallyDrop::new(Socket::open(libc::NETLINK_NETFILTER)?);
    loop {
        let (mut batch, owners) = encode(&ops)?;
        let refusals = socket.refusals(&mut batch)?;
        if let Some(refusal) = refusals.iter().find(|refusal| !refusal.tolerated) {
            return Err(refusal.error.clone());
        }
        if refusals.is_empty() {
            return Ok(());
        }
        // A transaction is all or nothing: what was missing, and may be, is left out of the next attempt.
        let refused: Vec<usize> = refusals
            .iter()
            .filter_map(|r| owners.get(r.seq).copied().flatten())
            .collect();
        let before = ops.len();
        ops = ops
            .into_iter()
            .enumerate()
            .filter(|(n, _)| !refused.contains(n))
            .map(|(_, op)| op)
            .collect();
        if ops.len() == before {
            return Err(refusals
                .into_iter()
                .next()
                .map_or_else(unexplained, |refusal| refusal.error));
        }
        if ops.is_empty() {
            return Ok(());
        }
    }
}

fn unexplained() -> Failure {
    Failure::new(STEP, 0).at("nftables").saying("refused without a reason")
}

fn is_nft(op: &NetOp) -> bool {
    matches!(
        op,
        NetOp::NftTable { .. }
            | NetOp::NftTableDelete { .. }
            | NetOp::NftNetwork(_)
            | NetOp::NftNetworkDelete { .. }
            | NetOp::NftPublish { .. }
            | NetOp::NftUnpublish { .. }
    )
}

/// The transaction, and for each of its messages the place of the op it came from.
fn encode(ops: &[&NetOp]) -> Result<(Batch, Vec<Option<usize>>), Failure> {
    let mut batch = Batch::default();
    message::begin_transaction(&mut batch);
    let mut owners = vec![None];
    for (n, op) in ops.iter().enumerate() {
        encode_op(&mut batch, op)?;
        owners.resize(batch.purposes.len(), Some(n));
    }
    message::end_transaction(&mut batch);
    Ok((batch, owners))
}

fn encode_op(batch: &mut Batch, op: &NetOp) -> Result<(), Failure> {
    let key = |protocol, ip, port| element::Key { protocol, ip, port };
    match op {
        NetOp::NftTable { table } => table::ensure(batch, table)?,
        NetOp::NftTableDelete { table, missing_ok } => table::delete(batch, table, *missing_ok)?,
        NetOp::NftNetwork(rules) => table::add_network(batch, rules)?,
        NetOp::NftNetworkDelete { table, bridge, subnets } => table::remove_network(batch, table, bridge, subnets)?,
        NetOp::NftPublish {
            table,
            protocol,
            host_ip,
            host_port,
            guest_ip,
            guest_port,
        } => {
            if host_ip.is_ipv4() != guest_ip.is_ipv4() {
                return Err(Failure::new(STEP, 0)
                    .at(host_ip.to_string())
                    .saying("the two addresses are of different families"));
            }
            element::publish(
                batch,
                table,
                &key(*protocol, *host_ip, *host_port),
                *guest_ip,
                *guest_port,
            );
        }
        NetOp::NftUnpublish {
            table,
            protocol,
            host_ip,
            host_port,
            missing_ok,
        } => element::unpublish(batch, table, &key(*protocol, *host_ip, *host_port), *missing_ok),
        _ => {}
    }
    Ok(())
}
