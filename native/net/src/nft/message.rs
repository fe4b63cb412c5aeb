//! nfnetlink messages. Layout: linux/netfilter/nfnetlink.h, nf_tables.h.

use super::STEP;
use crate::Batch;

pub const NEW_TABLE: u16 = 0;
pub const DELETE_TABLE: u16 = 2;
pub const NEW_CHAIN: u16 = 3;
pub const NEW_RULE: u16 = 6;
pub const DELETE_RULE: u16 = 8;
pub const NEW_SET: u16 = 9;
pub const NEW_ELEMENT: u16 = 12;
pub const DELETE_ELEMENT: u16 = 14;

const SUBSYSTEM: u16 = 10;
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;

/// Begins an nftables message of the ip family.
pub fn begin<'b>(batch: &'b mut Batch, kind: u16, flags: i32, object: &str) -> &'b mut Batch {
    // struct nfgenmsg: family, version, resource id
    batch
        .begin(SUBSYSTEM << 8 | kind, flags, STEP, object)
        .put(&[libc::AF_INET as u8, 0, 0, 0])
}

pub fn begin_transaction(batch: &mut Batch) {
    frame(batch, BATCH_BEGIN);
}

pub fn end_transaction(batch: &mut Batch) {
    frame(batch, BATCH_END);
}

fn frame(batch: &mut Batch, kind: u16) {
    let [high, low] = SUBSYSTEM.to_be_bytes();
    batch
        .begin(kind, 0, STEP, "nftables")
        .put(&[libc::AF_UNSPEC as u8, 0, high, low]);
}
