//! One change of the host's network. Rust twin of `NetOp` in `src/engines/native/protocol.ts`.

use std::net::Ipv4Addr;

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
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    tag = "op",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum NetOp {
    Bridge {
        name: String,
        addresses: Vec<String>,
        mtu: u32,
    },
    LinkDelete {
        name: String,
        #[serde(default, deserialize_with = "nil_is_false")]
        missing_ok: bool,
    },
    /// `path` is relative to `/proc/sys` and begins with `net/`.
    Sysctl { path: String, value: String },
    NftTable {
        table: String,
        bridge: String,
        subnets: Vec<String>,
    },
    NftTableDelete {
        table: String,
        #[serde(default, deserialize_with = "nil_is_false")]
        missing_ok: bool,
    },
    NftPublish {
        table: String,
        protocol: PortProtocol,
        /// `0.0.0.0`: every address of the host.
        host_ip: Ipv4Addr,
        host_port: u16,
        guest_ip: Ipv4Addr,
        guest_port: u16,
    },
    NftUnpublish {
        table: String,
        protocol: PortProtocol,
        host_ip: Ipv4Addr,
        host_port: u16,
        #[serde(default, deserialize_with = "nil_is_false")]
        missing_ok: bool,
    },
}
