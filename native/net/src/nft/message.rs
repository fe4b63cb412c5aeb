//! nfnetlink messages. Layout: linux/netfilter/nfnetlink.h, nf_tables.h.

use super::STEP;
use crate::Batch;

pub const NEW_TABLE: u16 = 0;
pub const DELETE_TABLE: u16 = 2;
pub const NEW_CHAIN: u16 = 3;
pub const DELETE_CHAIN: u16 = 5;
pub const NEW_RULE: u16 = 6;
pub const DELETE_RULE: u16 = 8;
pub const NEW_SET: u16 = 9;
pub const DELETE_SET: u16 = 11;
pub const NEW_ELEMENT: u16 = 12;
pub const DELETE_ELEMENT: u16 = 14;
/// Ends the announcement of a transaction.
pub const NEW_GENERATION: u16 = 15;

const SUBSYSTEM: u16 = 10;
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const NFPROTO_INET: u8 = 1;

/// Begins an nftables message of the inet family.
pub fn begin<'b>(batch: &'b mut Batch, kind: u16, flags: i32, object: &str) -> &'b mut Batch {
    // struct nfgenmsg: family, version, resource id
    batch
        .begin(SUBSYSTEM << 8 | kind, flags, STEP, object)
        .put(&[NFPROTO_INET, 0, 0, 0])
}

pub fn begin_transaction(batch: &mut Batch) {
    frame(batch, BATCH_BEGIN);
}

pub fn end_transaction(batch: &mut Batch) {
    frame(batch, BATCH_END);
}

/// What a received message is about; none for other subsystems.
pub fn kind(message: &[u8]) -> Option<u16> {
    let kind = u16::from_ne_bytes(message.get(4..6)?.try_into().ok()?);
    (kind >> 8 == SUBSYSTEM).then_some(kind & 0xff)
}

pub fn deletes(kind: u16) -> bool {
    [DELETE_TABLE, DELETE_CHAIN, DELETE_RULE, DELETE_SET, DELETE_ELEMENT].contains(&kind)
}

fn frame(batch: &mut Batch, kind: u16) {
    let [high, low] = SUBSYSTEM.to_be_bytes();
    batch
        .begin(kind, 0, STEP, "nftables")
        .put(&[libc::AF_UNSPEC as u8, 0, high, low]);
}
