//! RunPlan: everything needed to start one container, as plain data. The Rust twin of `src/engines/native/plan.ts`.
//!
//! Unknown fields are refused: an option that this core does not know must not be ignored. Absent, nil and empty
//! mean the same for lists, and false for switches marked optional in the TypeScript twin.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// Reads nil as the type's default.
fn nil_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CgroupWrite {
    pub path: String,
    pub value: String,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub optional: bool,
}

/// Where a namespace comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum NamespaceSource {
    New,
    Host,
    /// `/proc/PID/ns/X` of a running process, or a path where a namespace is bound.
    Join {
        path: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum NetSource {
    /// The holder's own namespace, made at `prepare`.
    Prepared,
    Host,
    Join {
        path: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdMap {
    pub container_id: u32,
    pub host_id: u32,
    pub size: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserNamespace {
    pub uid_map: Vec<IdMap>,
    pub gid_map: Vec<IdMap>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TimeOffsets {
    pub monotonic_offset_sec: i64,
    pub boottime_offset_sec: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Namespaces {
    pub pid: NamespaceSource,
    pub uts: NamespaceSource,
    pub ipc: NamespaceSource,
    pub cgroup: NamespaceSource,
    pub net: NetSource,
    /// Absent: no user namespace of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserNamespace>,
    /// Absent: the host's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeOffsets>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RootPlan {
    /// Topmost first, as overlayfs wants them.
    pub lowers: Vec<String>,
    /// Layers that only hold the contents which files of `lowers` refer to.
    #[serde(default, deserialize_with = "nil_is_default")]
    pub data: Vec<String>,
    pub upper: String,
    pub work: String,
    pub volatile: bool,
    pub readonly: bool,
    pub propagation: Propagation,
    /// The lower layers are idmapped by the user namespace's ids.
    #[serde(default, deserialize_with = "nil_is_default")]
    pub idmap: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Propagation {
    Private,
    Rprivate,
    Shared,
    Rshared,
    Slave,
    Rslave,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindMount {
    pub source: String,
    /// The mount namespace (`/proc/PID/ns/mnt`) in which `source` is found; absent: the host's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    pub target: String,
    pub readonly: bool,
    pub recursive: bool,
    pub propagation: Propagation,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub flags: Vec<MountFlag>,
    /// The word a person knows this mount by ("volume data").
    pub label: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TmpfsMount {
    pub target: String,
    pub data: String,
    pub readonly: bool,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub flags: Vec<MountFlag>,
    /// Copies what the image has at the target into the new file system.
    pub copy_up: bool,
    pub label: String,
}

/// A kernel file system that has no options of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KernelMount {
    pub target: String,
    pub readonly: bool,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub flags: Vec<MountFlag>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DevptsMount {
    pub target: String,
    pub data: String,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub flags: Vec<MountFlag>,
}

/// One mount below the new root, done in order. Targets are guest paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum MountPlan {
    Bind(BindMount),
    Tmpfs(TmpfsMount),
    Proc(KernelMount),
    Sysfs(KernelMount),
    Mqueue(KernelMount),
    Cgroup(KernelMount),
    Devpts(DevptsMount),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountFlag {
    Nosuid,
    Nodev,
    Noexec,
    Relatime,
    Strictatime,
    Noatime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceKind {
    #[serde(rename = "c")]
    Char,
    #[serde(rename = "b")]
    Block,
    #[serde(rename = "p")]
    Fifo,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeviceNode {
    pub path: String,
    #[serde(rename = "type")]
    pub kind: DeviceKind,
    pub major: u32,
    pub minor: u32,
    /// Permission bits.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rlimit {
    pub resource: RlimitName,
    /// -1: unlimited.
    pub soft: i64,
    pub hard: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RlimitName {
    As,
    Core,
    Cpu,
    Data,
    Fsize,
    Locks,
    Memlock,
    Msgqueue,
    Nice,
    Nofile,
    Nproc,
    Rss,
    Rtprio,
    Rttime,
    Sigpending,
    Stack,
}

/// Capabilities by kernel number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapabilitySets {
    #[serde(default, deserialize_with = "nil_is_default")]
    pub bounding: Vec<u8>,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub effective: Vec<u8>,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub permitted: Vec<u8>,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub inheritable: Vec<u8>,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub ambient: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeccompPlan {
    /// An array of `struct sock_filter` (8 bytes each, native byte order).
    #[serde(with = "serde_bytes")]
    pub program: Vec<u8>,
    /// SECCOMP_FILTER_FLAG_*
    pub flags: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProcessPlan {
    pub args: Vec<String>,
    /// `KEY=value`; HOME is added from the user database when missing.
    #[serde(default, deserialize_with = "nil_is_default")]
    pub env: Vec<String>,
    pub cwd: String,
    pub create_cwd: bool,
    /// As Docker takes it: "", "1000", "app", "app:staff", "1000:1000".
    pub user: String,
    /// Added groups, names or numbers.
    #[serde(default, deserialize_with = "nil_is_default")]
    pub groups: Vec<String>,
    pub capabilities: CapabilitySets,
    pub no_new_privileges: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seccomp: Option<SeccompPlan>,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub rlimits: Vec<Rlimit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom_score_adj: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub umask: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StdioPlan {
    pub tty: bool,
    pub rows: u16,
    pub cols: u16,
    /// Keep a writable stdin; otherwise /dev/null.
    pub open_stdin: bool,
    /// Close stdin when the first attached client's input ends.
    pub stdin_once: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogPlan {
    pub path: String,
    pub max_bytes: u64,
    pub max_files: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CgroupPlan {
    #[serde(default, deserialize_with = "nil_is_default")]
    pub writes: Vec<CgroupWrite>,
    /// v2 only: an eBPF device program (array of 8-byte instructions).
    #[serde(default, with = "serde_bytes", skip_serializing_if = "Option::is_none")]
    pub device_program: Option<Vec<u8>>,
    /// v1 only: the memory cgroup whose oom_control is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom_watch_dir: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunPlan {
    pub version: u32,
    /// Container id, 64 hex digits.
    pub id: String,
    pub exit_file: String,
    #[serde(default)]
    pub log: Option<LogPlan>,
    pub stdio: StdioPlan,
    pub namespaces: Namespaces,
    pub hostname: String,
    pub domainname: String,
    pub root: RootPlan,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub mounts: Vec<MountPlan>,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub devices: Vec<DeviceNode>,
    /// Symlinks to make: (link content, guest path).
    #[serde(default, deserialize_with = "nil_is_default")]
    pub symlinks: Vec<(String, String)>,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub masked_paths: Vec<String>,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub readonly_paths: Vec<String>,
    #[serde(default, deserialize_with = "nil_is_default")]
    pub sysctls: BTreeMap<String, String>,
    pub cgroup: CgroupPlan,
    /// Run a reaping init as PID 1 and the process as its child.
    pub init: bool,
    pub process: ProcessPlan,
}
