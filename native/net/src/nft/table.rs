//! Our table: its chains, and the rules that never change while it stands, however many networks and ports there are.

use super::element::{self, PORTS_4, PORTS_6};
use super::expression::Verdict;
use super::rule::{self, Part};
use super::{STEP, message};
use crate::Batch;
use crate::address::{Cidr, check_name};
use crate::op::NetworkRules;
use hbx_protocol::Failure;

const CREATE: i32 = libc::NLM_F_CREATE;
const APPEND: i32 = libc::NLM_F_CREATE | libc::NLM_F_APPEND;

struct Chain {
    name: &'static str,
    /// Type, hook (NF_INET_*), priority; none for a chain that is only jumped to.
    hook: Option<(&'static str, u32, i32)>,
    /// None: others fill it, and it stays as it is.
    rules: Option<Vec<Vec<Part<'static>>>>,
}

/// Creates the table, or brings its rules up to date; networks and published ports stay.
pub fn ensure(batch: &mut Batch, table: &str) -> Result<(), Failure> {
    check_table(table)?;
    message::begin(batch, message::NEW_TABLE, CREATE, table).attr_str(1, table);
    element::create_sets(batch, table);
    let chains = chains();
    for chain in &chains {
        create_chain(batch, table, chain);
    }
    for chain in &chains {
        let Some(rules) = &chain.rules else { continue };
        message::begin(batch, message::DELETE_RULE, 0, table)
            .attr_str(1, table)
            .attr_str(2, chain.name);
        for parts in rules {
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

pub fn add_network(batch: &mut Batch, rules: &NetworkRules) -> Result<(), Failure> {
    check_table(&rules.table)?;
    check_name(STEP, &rules.bridge)?;
    element::add_network(batch, rules, &parse(&rules.subnets)?);
    Ok(())
}

pub fn remove_network(batch: &mut Batch, table: &str, bridge: &str, subnets: &[String]) -> Result<(), Failure> {
    check_table(table)?;
    check_name(STEP, bridge)?;
    element::remove_network(batch, table, bridge, &parse(subnets)?);
    Ok(())
}

fn parse(subnets: &[String]) -> Result<Vec<Cidr>, Failure> {
    subnets.iter().map(|text| Cidr::parse(text)).collect()
}

fn chains() -> Vec<Chain> {
    use Part::{
        Between, DestinationIsHost, Established, From, FromLoopback4, FromNetwork4, FromNetwork6, Ipv4, Ipv6,
        Masquerade, NotFrom, NotTo, RedirectByAddress, RedirectByPort, Redirected, Then, To, ToLoopback4, ToLoopback6,
    };
    use Verdict::{Accept, Drop, Jump};
    use element::{BRIDGES, INTERNAL, MASQUERADE_4, MASQUERADE_6, NEIGHBOURS, SUBNETS_4, SUBNETS_6};
    vec![
        Chain {
            name: "publish",
            hook: None,
            rules: Some(vec![
                vec![Ipv4, RedirectByAddress(&PORTS_4)],
                vec![Ipv4, RedirectByPort(&PORTS_4)],
                vec![Ipv6, RedirectByAddress(&PORTS_6)],
                vec![Ipv6, RedirectByPort(&PORTS_6)],
            ]),
        },
        // Where rules for what single containers may reach will stand; see docs/networking.md.
        Chain {
            name: "egress",
            hook: None,
            rules: None,
        },
        // The bridges have route_localnet, so that 127.0.0.1 reaches published ports; a container must not profit from it.
        Chain {
            name: "guard",
            hook: Some(("filter", 0, -300)),
            rules: Some(vec![vec![Ipv4, ToLoopback4, From(BRIDGES), Then(Drop)]]),
        },
        Chain {
            name: "prerouting",
            hook: Some(("nat", 0, -100)),
            rules: Some(vec![vec![DestinationIsHost, Then(Jump("publish"))]]),
        },
        Chain {
            name: "output",
            hook: Some(("nat", 3, -100)),
            // From ::1 nothing gets off the loopback: the daemon, which holds the port, passes it on.
            rules: Some(vec![
                vec![Ipv6, ToLoopback6, Then(Accept)],
                vec![DestinationIsHost, Then(Jump("publish"))],
            ]),
        },
        Chain {
            name: "forward",
            hook: Some(("filter", 2, 0)),
            rules: Some(vec![
                vec![NotFrom(BRIDGES), NotTo(BRIDGES), Then(Accept)],
                vec![Established, Then(Accept)],
                vec![From(BRIDGES), Then(Jump("egress"))],
                vec![Between(NEIGHBOURS), Then(Accept)],
                vec![From(INTERNAL), Then(Drop)],
                vec![To(INTERNAL), Then(Drop)],
                vec![To(BRIDGES), Redirected, Then(Accept)],
                vec![To(BRIDGES), Then(Drop)],
            ]),
        },
        Chain {
            name: "postrouting",
            hook: Some(("nat", 4, 100)),
            rules: Some(vec![
                vec![Ipv4, From(MASQUERADE_4), NotTo(BRIDGES), Masquerade],
                vec![Ipv6, From(MASQUERADE_6), NotTo(BRIDGES), Masquerade],
                // A container that reaches another, or itself, by a published port: the answer must come back through us.
                vec![Ipv4, To(BRIDGES), Redirected, FromNetwork4(SUBNETS_4), Masquerade],
                vec![Ipv6, To(BRIDGES), Redirected, FromNetwork6(SUBNETS_6), Masquerade],
                vec![Ipv4, FromLoopback4, To(BRIDGES), Masquerade],
            ]),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_are_not_ours_are_refused() {
        let mut batch = Batch::default();
        for bad in ["filter", "nat", "hbx_", "hbx_a b", ""] {
            let refused = ensure(&mut batch, bad).is_err();
            assert_eq!(refused, bad != "hbx_", "{bad}");
            assert_eq!(delete(&mut batch, bad, true).is_err(), bad != "hbx_", "{bad}");
            assert_eq!(
                remove_network(&mut batch, bad, "b", &[]).is_err(),
                bad != "hbx_",
                "{bad}"
            );
        }
    }
}
