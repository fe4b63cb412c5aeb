//! Expressions of rules. Registers are the 32-bit ones; a value wider than 4 bytes takes several in a row.

use crate::Batch;

const LIST_ELEM: u16 = 1;
const EXPR_NAME: u16 = 1;
const EXPR_DATA: u16 = 2;
const DATA_VALUE: u16 = 1;
const DATA_VERDICT: u16 = 2;

pub const REG_0: u32 = 8;
pub const REG_1: u32 = 9;
pub const REG_2: u32 = 10;
/// After an address of IPv6, or a name.
pub const REG_4: u32 = 12;
pub const REG_5: u32 = 13;

pub const META_OIF: u32 = 5;
pub const META_IIFNAME: u32 = 6;
pub const META_OIFNAME: u32 = 7;
pub const META_NFPROTO: u32 = 15;
pub const META_L4PROTO: u32 = 16;
pub const CT_STATE: u32 = 0;
pub const CT_STATUS: u32 = 2;
pub const EQUAL: u32 = 0;
pub const NOT_EQUAL: u32 = 1;
pub const NETWORK_HEADER: u32 = 1;
pub const TRANSPORT_HEADER: u32 = 2;

pub enum Verdict<'a> {
    Drop,
    Accept,
    Jump(&'a str),
}

/// One expression: its name, and attributes that `fill` writes.
fn expression(list: &mut Batch, name: &str, fill: impl FnOnce(&mut Batch)) {
    list.nest(LIST_ELEM, |element| {
        element.attr_str(EXPR_NAME, name).nest(EXPR_DATA, fill);
    });
}

pub fn meta(list: &mut Batch, key: u32, register: u32) {
    expression(list, "meta", |b| {
        b.attr_be32(1, register).attr_be32(2, key);
    });
}

pub fn ct(list: &mut Batch, key: u32, register: u32) {
    expression(list, "ct", |b| {
        b.attr_be32(1, register).attr_be32(2, key);
    });
}

pub fn payload(list: &mut Batch, base: u32, offset: u32, length: u32, register: u32) {
    expression(list, "payload", |b| {
        b.attr_be32(1, register)
            .attr_be32(2, base)
            .attr_be32(3, offset)
            .attr_be32(4, length);
    });
}

pub fn compare(list: &mut Batch, register: u32, operator: u32, value: &[u8]) {
    expression(list, "cmp", |b| {
        b.attr_be32(1, register).attr_be32(2, operator).nest(3, |data| {
            data.attr(DATA_VALUE, value);
        });
    });
}

pub fn immediate(list: &mut Batch, register: u32, value: &[u8]) {
    expression(list, "immediate", |b| {
        b.attr_be32(1, register).nest(2, |data| {
            data.attr(DATA_VALUE, value);
        });
    });
}

/// Writes into the transport header, and corrects the checksum at `checksum`.
pub fn write_transport(list: &mut Batch, offset: u32, length: u32, checksum: u32, register: u32) {
    const INTERNET_CHECKSUM: u32 = 1;
    expression(list, "payload", |b| {
        b.attr_be32(2, TRANSPORT_HEADER)
            .attr_be32(3, offset)
            .attr_be32(4, length);
        b.attr_be32(5, register)
            .attr_be32(6, INTERNET_CHECKSUM)
            .attr_be32(7, checksum);
    });
}

/// `register &= mask`
pub fn mask(list: &mut Batch, register: u32, mask: &[u8; 4]) {
    expression(list, "bitwise", |b| {
        b.attr_be32(1, register).attr_be32(2, register).attr_be32(3, 4);
        b.nest(4, |data| {
            data.attr(DATA_VALUE, mask);
        });
        b.nest(5, |data| {
            data.attr(DATA_VALUE, &[0; 4]);
        });
    });
}

/// The kind of the destination address (RTN_LOCAL, RTN_UNICAST …), in the host's byte order.
pub fn destination_kind(list: &mut Batch, register: u32) {
    const RESULT_ADDRESS_TYPE: u32 = 3;
    const FLAG_DESTINATION: u32 = 2;
    expression(list, "fib", |b| {
        b.attr_be32(1, register)
            .attr_be32(2, RESULT_ADDRESS_TYPE)
            .attr_be32(3, FLAG_DESTINATION);
    });
}

/// Replaces the key from `register` on by the map's value; without an entry the rule ends.
pub fn look_up(list: &mut Batch, map: &str, register: u32) {
    expression(list, "lookup", |b| {
        b.attr_str(1, map).attr_be32(2, register).attr_be32(3, register);
    });
}

/// Ends the rule unless the key is in the set (`not`: if it is).
pub fn member(list: &mut Batch, set: &str, register: u32, not: bool) {
    expression(list, "lookup", |b| {
        b.attr_str(1, set).attr_be32(2, register).attr_be32(5, u32::from(not));
    });
}

pub fn dnat(list: &mut Batch, family: i32, address_register: u32, port_register: u32) {
    const DESTINATION: u32 = 1;
    expression(list, "nat", |b| {
        b.attr_be32(1, DESTINATION).attr_be32(2, family as u32);
        b.attr_be32(3, address_register).attr_be32(5, port_register);
    });
}

pub fn masquerade(list: &mut Batch) {
    expression(list, "masq", |_| {});
}

pub fn verdict(list: &mut Batch, verdict: &Verdict) {
    const VERDICT_REGISTER: u32 = 0;
    const JUMP: i32 = -3;
    let (code, chain) = match verdict {
        Verdict::Drop => (0, None),
        Verdict::Accept => (1, None),
        Verdict::Jump(chain) => (JUMP, Some(*chain)),
    };
    expression(list, "immediate", |b| {
        b.attr_be32(1, VERDICT_REGISTER).nest(2, |data| {
            data.nest(DATA_VERDICT, |verdict| {
                verdict.attr_be32(1, code as u32);
                if let Some(chain) = chain {
                    verdict.attr_str(2, chain);
                }
            });
        });
    });
}
