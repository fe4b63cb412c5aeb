//! Frames of the zygote's connections.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::plan::CgroupWrite;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prepare {
    pub t: String,
    pub id: String,
    pub control_socket: String,
    pub cgroup: PrepareCgroup,
    pub net: NetPrepare,
    /// With a name service: it gets sockets of the new namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<NamesPrepare>,
    /// How long a client that does not read may hold output back; absent: a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall_timeout_ms: Option<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrepareCgroup {
    #[serde(default)]
    pub dirs: Vec<String>,
    #[serde(default)]
    pub writes: Vec<CgroupWrite>,
    #[serde(default)]
    pub v2_dir: Option<String>,
}

/// Who answers on 127.0.0.11:53 of a namespace, and under which key it knows who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamesPrepare {
    /// The name service's control socket.
    pub socket: String,
    pub key: String,
}

/// The network that the holder gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum NetPrepare {
    /// The daemon's own network namespace.
    Host,
    /// A fresh namespace with only the loopback device.
    None,
    Veth(VethPrepare),
    /// A fresh namespace with a child of one of the host's interfaces.
    Macvlan(ChildPrepare),
    Ipvlan(ChildPrepare),
}

impl NetPrepare {
    /// What is configured inside; nothing for `host` and `none`.
    pub fn guest(&self) -> Option<&GuestLink> {
        match self {
            Self::Host | Self::None => None,
            Self::Veth(veth) => Some(&veth.guest),
            Self::Macvlan(child) | Self::Ipvlan(child) => Some(&child.guest),
        }
    }
}

/// The interface inside the namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GuestLink {
    /// `eth0`
    pub interface: String,
    /// Absent: the kernel's choice (ipvlan has its parent's).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    pub mtu: u32,
    /// With prefix length: "172.18.0.5/16".
    pub addresses: Vec<String>,
    /// Where the default routes lead; absent: none by this interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway6: Option<String>,
}

/// One end of a pair is the guest's interface; `host_if`, the other end, is a port of `bridge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VethPrepare {
    pub bridge: String,
    pub host_if: String,
    /// The port reaches the bridge but no other port of this kind.
    #[serde(default)]
    pub isolated: bool,
    #[serde(flatten)]
    pub guest: GuestLink,
}

/// The guest's interface is a child of the host's interface `parent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChildPrepare {
    pub parent: String,
    /// macvlan: `bridge`, `private`, `vepa`, `passthru`; ipvlan: `l2`, `l3`, `l3s`.
    pub mode: String,
    #[serde(flatten)]
    pub guest: GuestLink,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Prepared {
    pub t: &'static str,
    pub shim_pid: i32,
    pub holder_pid: i32,
}

impl Prepared {
    pub fn new(shim_pid: i32, holder_pid: i32) -> Self {
        Self {
            t: "prepared",
            shim_pid,
            holder_pid,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Started<T: Serialize> {
    pub t: &'static str,
    pub pid: i32,
    pub start_time_ns: u64,
    pub timings: T,
}

impl<T: Serialize> Started<T> {
    pub fn new(pid: i32, start_time_ns: u64, timings: T) -> Self {
        Self {
            t: "started",
            pid,
            start_time_ns,
            timings,
        }
    }
}

/// `failed` as it goes over the wire; `seq` repeats the request's.
#[derive(Debug, Serialize)]
pub struct Failed<'a> {
    pub t: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    #[serde(flatten)]
    pub failure: &'a Failure,
}

impl<'a> Failed<'a> {
    pub fn new(seq: Option<u32>, failure: &'a Failure) -> Self {
        Self {
            t: "failed",
            seq,
            failure,
        }
    }
}

/// `done {}` of a job that has nothing more to say.
#[derive(Debug, Serialize)]
pub struct Done {
    pub t: &'static str,
}

impl Done {
    pub fn new() -> Self {
        Self { t: "done" }
    }
}

impl Default for Done {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame;

    #[test]
    fn prepare_refuses_unknown_fields() {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wrong {
            t: &'static str,
            id: &'static str,
            control_socket: &'static str,
            cgroup: PrepareCgroup,
            net: NetPrepare,
            surprise: bool,
        }
        let wrong = Wrong {
            t: "prepare",
            id: "x",
            control_socket: "/s",
            cgroup: PrepareCgroup::default(),
            net: NetPrepare::None,
            surprise: true,
        };
        let error = frame::parse::<Prepare>(&frame::encode(&wrong)[4..]).unwrap_err();
        assert!(error.message.unwrap().contains("surprise"));
    }

    #[test]
    fn net_prepare_is_tagged_by_kind() {
        let guest = GuestLink {
            interface: "eth0".into(),
            mac: Some("02:00:00:00:00:01".into()),
            mtu: 1500,
            addresses: vec!["172.18.0.5/16".into()],
            gateway: None,
            gateway6: None,
        };
        let veth = VethPrepare {
            bridge: "hbx0".into(),
            host_if: "v1".into(),
            isolated: false,
            guest: guest.clone(),
        };
        let child = ChildPrepare {
            parent: "eth9".into(),
            mode: "bridge".into(),
            guest,
        };
        let kinds = [
            NetPrepare::Host,
            NetPrepare::None,
            NetPrepare::Veth(veth),
            NetPrepare::Macvlan(child),
        ];
        for net in kinds {
            assert_eq!(frame::parse::<NetPrepare>(&frame::encode(&net)[4..]).unwrap(), net);
        }
    }

    #[test]
    fn failed_carries_the_failure_flat() {
        let bytes = frame::encode(&Failed::new(Some(3), &Failure::new("exec", 2).at("/bin/x")));
        let head = frame::head(&bytes[4..]).unwrap();
        assert_eq!((head.t, head.seq), ("failed", Some(3)));
        assert_eq!(
            frame::parse::<Failure>(&bytes[4..]).unwrap(),
            Failure::new("exec", 2).at("/bin/x")
        );
    }
}
