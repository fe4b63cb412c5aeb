//! One change of the host's network. Rust twin of `NetOp` in `src/engines/native/protocol.ts`.

use std::net::IpAddr;

use hbx_protocol::messages::NetPrepare;
use serde::{Deserialize, Deserializer};

/// Reads nil as false.
fn nil_is_false<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<bool>::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PortProtocol {
    Tcp,
    Udp,
    Sctp,
}

/// What the firewall must know of a bridge.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkRules {
    pub table: String,
    pub bridge: String,
    /// Of its addresses, both families: `10.1.0.0/16`.
    pub subnets: Vec<String>,
    /// Nothing gets in or out but between its own containers.
    pub internal: bool,
    /// Its containers may reach each other.
    pub icc: bool,
    /// What leaves bears the host's address.
    pub masquerade4: bool,
    pub masquerade6: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    tag = "op",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum NetOp {
    /// Makes the bridge, or brings it up to date.
    Bridge {
        name: String,
        addresses: Vec<String>,
        mtu: u32,
    },
    /// Makes `link` a port of `bridge` again; with `missing_ok` a link that has gone is passed over.
    Port {
        link: String,
        bridge: String,
        #[serde(default, deserialize_with = "nil_is_false")]
        isolated: bool,
        #[serde(default, deserialize_with = "nil_is_false")]
        missing_ok: bool,
    },
    LinkDelete {
        name: String,
        #[serde(default, deserialize_with = "nil_is_false")]
        missing_ok: bool,
    },
    /// `path` is relative to `/proc/sys` and begins with `net/`.
    Sysctl {
        path: String,
        value: String,
        #[serde(default, deserialize_with = "nil_is_false")]
        missing_ok: bool,
    },
    /// A further interface for a namespace that is in use: `/proc/PID/ns/net`.
    Attach {
        namespace: String,
        net: NetPrepare,
    },
    /// Takes an interface that has no end on the host out of a namespace. One that is gone is fine.
    Detach {
        namespace: String,
        interface: String,
    },
    /// The default routes of a namespace; absent: none.
    DefaultRoutes {
        namespace: String,
        #[serde(default)]
        v4: Option<Route>,
        #[serde(default)]
        v6: Option<Route>,
    },
    /// Our table with its chains; networks and published ports in it stay.
    NftTable {
        table: String,
    },
    NftTableDelete {
        table: String,
        #[serde(default, deserialize_with = "nil_is_false")]
        missing_ok: bool,
    },
    NftNetwork(NetworkRules),
    NftNetworkDelete {
        table: String,
        bridge: String,
        subnets: Vec<String>,
    },
    NftPublish {
        table: String,
        protocol: PortProtocol,
        /// `0.0.0.0` or `::`: every address of the host.
        host_ip: IpAddr,
        host_port: u16,
        /// Of the same family.
        guest_ip: IpAddr,
        guest_port: u16,
    },
    NftUnpublish {
        table: String,
        protocol: PortProtocol,
        host_ip: IpAddr,
        host_port: u16,
        #[serde(default, deserialize_with = "nil_is_false")]
        missing_ok: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub interface: String,
    /// Absent: everything is on the link itself.
    #[serde(default)]
    pub via: Option<String>,
}
