//! Who is called what, per network, and who may ask which. Filled by the daemon; nothing here decides anything.

use std::cell::Cell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;

use hbx_protocol::{Failure, steps};
use serde::Deserialize;

use crate::wire::name::Name;

/// One container on one network. `key` is that of its sockets: its names go when it does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    pub key: String,
    /// Every name by which others on this network find it.
    pub names: Vec<String>,
    pub addresses: Vec<String>,
    /// What a reverse lookup of its addresses says.
    pub pointer: Option<String>,
}

/// What the container with the sockets of `key` sees.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asker {
    pub key: String,
    /// In the order in which they are searched.
    pub networks: Vec<String>,
    /// Whether other names are asked of a resolver.
    pub forward: bool,
    /// Resolvers of its own, asked from inside its namespace; without any the host's are asked.
    #[serde(default)]
    pub upstreams: Vec<String>,
}

struct Host {
    key: Rc<str>,
    address: IpAddr,
}

#[derive(Default)]
pub struct Hosts {
    list: Vec<Host>,
    turn: Cell<usize>,
}

impl Hosts {
    /// Every address, each time beginning with the next one.
    pub fn rotated(&self) -> impl Iterator<Item = IpAddr> {
        let turn = self.turn.get();
        self.turn.set(turn.wrapping_add(1));
        let (tail, head) = self.list.split_at(turn % self.list.len().max(1));
        head.iter().chain(tail).map(|host| host.address)
    }
}

#[derive(Default)]
struct Network {
    names: HashMap<Box<[u8]>, Hosts>,
    pointers: HashMap<IpAddr, (Rc<str>, Box<[u8]>)>,
}

#[derive(Default)]
pub struct Tables {
    networks: HashMap<String, Network>,
}

impl Tables {
    /// Adds a member or replaces what was said of it before on this network.
    pub fn put(&mut self, network: &str, member: &Member) -> Result<(), Failure> {
        let names = member
            .names
            .iter()
            .map(|name| parse_name(name))
            .collect::<Result<Vec<_>, _>>()?;
        let pointer = member.pointer.as_deref().map(parse_name).transpose()?;
        let addresses = member
            .addresses
            .iter()
            .map(|text| parse_address(text))
            .collect::<Result<Vec<_>, _>>()?;
        self.remove(network, &member.key);
        let table = self.networks.entry(network.to_owned()).or_default();
        let key: Rc<str> = Rc::from(member.key.as_str());
        for name in names {
            let hosts = table.names.entry(name.bytes().into()).or_default();
            for &address in &addresses {
                if !hosts.list.iter().any(|host| host.address == address) {
                    hosts.list.push(Host {
                        key: key.clone(),
                        address,
                    });
                }
            }
        }
        for address in addresses {
            if let Some(pointer) = &pointer {
                table.pointers.insert(address, (key.clone(), pointer.bytes().into()));
            }
        }
        Ok(())
    }

    pub fn remove(&mut self, network: &str, key: &str) {
        let Some(table) = self.networks.get_mut(network) else {
            return;
        };
        table.names.retain(|_, hosts| {
            hosts.list.retain(|host| *host.key != *key);
            !hosts.list.is_empty()
        });
        table.pointers.retain(|_, (owner, _)| **owner != *key);
        if table.names.is_empty() && table.pointers.is_empty() {
            self.networks.remove(network);
        }
    }

    /// Removes a container from every network.
    pub fn forget(&mut self, key: &str) {
        let networks: Vec<String> = self.networks.keys().cloned().collect();
        for network in networks {
            self.remove(&network, key);
        }
    }

    /// The first of `networks` that knows the name answers.
    pub fn find(&self, networks: &[String], name: &Name) -> Option<&Hosts> {
        networks
            .iter()
            .find_map(|id| self.networks.get(id)?.names.get(name.bytes()))
    }

    pub fn find_pointer(&self, networks: &[String], address: IpAddr) -> Option<&[u8]> {
        let found = networks
            .iter()
            .find_map(|id| self.networks.get(id)?.pointers.get(&address));
        found.map(|(_, name)| &**name)
    }
}

fn parse_name(text: &str) -> Result<Name, Failure> {
    Name::parse(text).ok_or_else(|| {
        Failure::new(steps::DNS_TABLE, 0)
            .at(text)
            .saying("expected a domain name")
    })
}

fn parse_address(text: &str) -> Result<IpAddr, Failure> {
    text.parse()
        .map_err(|_| Failure::new(steps::DNS_TABLE, 0).at(text).saying("expected an address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(key: &str, names: &[&str], addresses: &[&str]) -> Member {
        let list = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Member {
            key: key.to_owned(),
            names: list(names),
            addresses: list(addresses),
            pointer: Some(format!("{key}.net")),
        }
    }

    fn addresses(tables: &Tables, networks: &[&str], name: &str) -> Vec<String> {
        let networks: Vec<String> = networks.iter().map(|&id| id.to_owned()).collect();
        let hosts = tables.find(&networks, &Name::parse(name).unwrap());
        hosts.map_or(vec![], |hosts| hosts.rotated().map(|ip| ip.to_string()).collect())
    }

    #[test]
    fn find_sees_the_networks_it_is_given_and_no_other() {
        let mut tables = Tables::default();
        tables.put("a", &member("1", &["web"], &["10.0.0.1"])).unwrap();
        tables.put("b", &member("2", &["web", "db"], &["10.1.0.1"])).unwrap();
        assert_eq!(addresses(&tables, &["a"], "WEB"), ["10.0.0.1"]);
        assert_eq!(addresses(&tables, &["b", "a"], "web"), ["10.1.0.1"]);
        assert!(addresses(&tables, &["a"], "db").is_empty());
        assert!(addresses(&tables, &[], "web").is_empty());
        let of = |id: &str| tables.find_pointer(&[id.to_owned()], "10.1.0.1".parse().unwrap());
        assert_eq!((of("b"), of("a")), (Some(&b"\x012\x03net\0"[..]), None));
    }

    #[test]
    fn rotated_begins_with_another_each_time() {
        let mut tables = Tables::default();
        for n in 1..=3 {
            let address = format!("10.0.0.{n}");
            tables.put("a", &member(&n.to_string(), &["all"], &[&address])).unwrap();
        }
        let firsts: Vec<String> = (0..4).map(|_| addresses(&tables, &["a"], "all").remove(0)).collect();
        assert_eq!(firsts, ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1"]);
    }

    #[test]
    fn put_replaces_and_forget_leaves_nothing() {
        let mut tables = Tables::default();
        tables.put("a", &member("1", &["old"], &["10.0.0.1"])).unwrap();
        tables
            .put("a", &member("1", &["new"], &["10.0.0.1", "fd00::1"]))
            .unwrap();
        assert!(addresses(&tables, &["a"], "old").is_empty());
        assert_eq!(addresses(&tables, &["a"], "new").len(), 2);
        tables.forget("1");
        assert!(tables.networks.is_empty());
    }

    #[test]
    fn put_refuses_a_wrong_member_and_changes_nothing() {
        let mut tables = Tables::default();
        tables.put("a", &member("1", &["web"], &["10.0.0.1"])).unwrap();
        assert!(tables.put("a", &member("1", &["we..b"], &["10.0.0.2"])).is_err());
        assert!(tables.put("a", &member("1", &["web"], &["10.0.0"])).is_err());
        assert_eq!(addresses(&tables, &["a"], "web"), ["10.0.0.1"]);
    }
}
