//! Our table: its chains, and the rules that never change while it stands.

use std::net::IpAddr;

use super::expression::Verdict;
use super::rule::{self, LOOPBACK, Network, Part};
use super::{STEP, element, message};
use crate::Batch;
use crate::address::{Cidr, check_name};
use hbx_protocol::Failure;

const CREATE: i32 = libc::NLM_F_CREATE;
const APPEND: i32 = libc::NLM_F_CREATE | libc::NLM_F_APPEND;

struct Chain<'a> {
    name: &'a str,
    /// Type, hook (NF_INET_*), priority; none for a chain that is only jumped to.
    hook: Option<(&'a str, u32, i32)>,
    rules: Vec<Vec<Part<'a>>>,
}

/// Creates the table, or brings its rules up to date; published ports stay.
pub fn ensure(batch: &mut Batch, table: &str, bridge: &str, subnets: &[String]) -> Result<(), Failure> {
    check_table(table)?;
    let bridge = check_name(STEP, bridge)?;
    let subnets = subnets
        .iter()
        .map(|text| parse_subnet(text))
        .collect::<Result<Vec<_>, _>>()?;
    message::begin(batch, message::NEW_TABLE, CREATE, table).attr_str(1, table);
    element::create_maps(batch, table);
    let chains = chains(bridge, &subnets);
    for chain in &chains {
        create_chain(batch, table, chain);
    }
    // Without a chain's name: the rules of all of the table's chains.
    message::begin(batch, message::DELETE_RULE, 0, table).attr_str(1, table);
    for chain in &chains {
        for parts in &chain.rules {
            message::begin(batch, message::NEW_RULE, APPEND, table)
                .attr_str(1, table)
                .attr_str(2, chain.name);
            batch.nest(4, |list| parts.iter().for_each(|part| rule::encode(list, part)));
        }
    }
    Ok(())
}

pub fn delete(batch: &mut Batch, table: &str, missing_ok: bool) -> Result<(), Failure> {
    check_table(table)?;
    if missing_ok {
        // Kernels before 6.3 have no "destroy": made first, it is never missing.
        message::begin(batch, message::NEW_TABLE, CREATE, table).attr_str(1, table);
    }
    message::begin(batch, message::DELETE_TABLE, 0, table).attr_str(1, table);
    Ok(())
}

fn chains<'a>(bridge: &'a str, subnets: &[Network]) -> Vec<Chain<'a>> {
    use Part::{Destination, DestinationIsHost, Established, From, Masquerade, NotTo, Redirected, Source, Then, To};
    let to_publish = || vec![vec![DestinationIsHost, Then(Verdict::Jump("publish"))]];
    let mut leaving = Vec::new();
    for subnet in subnets {
        leaving.push(vec![Source(*subnet), NotTo(bridge), Masquerade]);
        // A container that reaches another, or itself, by a published port: the answer must come back through us.
        leaving.push(vec![Source(*subnet), To(bridge), Redirected, Masquerade]);
    }
    leaving.push(vec![Source(LOOPBACK), To(bridge), Masquerade]);
    vec![
        Chain {
            name: "publish",
            hook: None,
            rules: vec![
                vec![Part::RedirectByAddress(element::BY_ADDRESS)],
                vec![Part::RedirectByPort(element::BY_PORT)],
            ],
        },
        // The bridge has route_localnet, so that 127.0.0.1 reaches published ports; a container must not profit from it.
        Chain {
            name: "guard",
            hook: Some(("filter", 0, -300)),
            rules: vec![vec![From(bridge), Destination(LOOPBACK), Then(Verdict::Drop)]],
        },
        Chain {
            name: "prerouting",
            hook: Some(("nat", 0, -100)),
            rules: to_publish(),
        },
        Chain {
            name: "output",
            hook: Some(("nat", 3, -100)),
            rules: to_publish(),
        },
        Chain {
            name: "forward",
            hook: Some(("filter", 2, 0)),
            rules: vec![
                vec![From(bridge), Then(Verdict::Accept)],
                vec![To(bridge), Established, Then(Verdict::Accept)],
                vec![To(bridge), Redirected, Then(Verdict::Accept)],
                vec![To(bridge), Then(Verdict::Drop)],
            ],
        },
        Chain {
            name: "postrouting",
            hook: Some(("nat", 4, 100)),
            rules: leaving,
        },
    ]
}

fn create_chain(batch: &mut Batch, table: &str, chain: &Chain) {
    message::begin(batch, message::NEW_CHAIN, CREATE, table)
        .attr_str(1, table)
        .attr_str(3, chain.name);
    if let Some((kind, hook, priority)) = chain.hook {
        batch.nest(4, |b| {
            b.attr_be32(1, hook).attr_be32(2, priority as u32);
        });
        batch.attr_str(7, kind);
    }
}

/// Only tables of ours can be named here.
fn check_table(table: &str) -> Result<(), Failure> {
    let ours = table.starts_with("hbx_") && table.len() <= 32;
    if !ours || !table.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(Failure::new(STEP, 0)
            .at(table)
            .saying("not the name of a table of ours"));
    }
    Ok(())
}

fn parse_subnet(text: &str) -> Result<Network, Failure> {
    match Cidr::parse(text)? {
        Cidr {
            ip: IpAddr::V4(ip),
            prefix,
        } => Ok(Network { ip, prefix }),
        Cidr { .. } => Err(Failure::new(STEP, 0)
            .at(text)
            .saying("the bridge's table takes IPv4 subnets")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ensure_refuses_tables_that_are_not_ours_and_ipv6_subnets() {
        let mut batch = Batch::default();
        for bad in ["filter", "nat", "hbx_", "hbx_a b", ""] {
            let refused = ensure(&mut batch, bad, "hbx0", &[]).is_err();
            assert_eq!(refused, bad != "hbx_", "{bad}");
            assert_eq!(delete(&mut batch, bad, true).is_err(), bad != "hbx_", "{bad}");
        }
        assert!(ensure(&mut batch, "hbx_1", "hbx0", &["fd00::/64".to_owned()]).is_err());
    }
}
