//! What a container's network namespace gets, and the changes of the host's network. Rust twin of `NetPrepare` and
//! `NetOp` in `src/engines/native/protocol.ts`.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum NetPrepare {
    /// The host's own namespace.
    Host,
    /// A fresh namespace with loopback.
    None,
    /// A fresh namespace with loopback and `eth0`, the other end of which is a port of a bridge.
    Veth(VethPlan),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VethPlan {
    pub bridge: String,
    /// Name of the host's end.
    pub host_if: String,
    /// `02:42:…` of the guest's end.
    pub mac: String,
    pub mtu: u32,
    /// `172.18.0.5/16`, IPv4 or IPv6.
    pub addresses: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway6: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PortProtocol {
    Tcp,
    Udp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum NetOp {
    Bridge {
        name: String,
        addresses: Vec<String>,
        mtu: u32,
    },
    LinkDelete {
        name: String,
        #[serde(default)]
        missing_ok: bool,
    },
    /// `path` is relative to `/proc/sys` and begins with `net/`.
    Sysctl {
        path: String,
        value: String,
    },
    NftTable {
        table: String,
        bridge: String,
        subnets: Vec<String>,
    },
    NftTableDelete {
        table: String,
        #[serde(default)]
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
        #[serde(default)]
        missing_ok: bool,
    },
}
