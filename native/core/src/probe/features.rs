//! Probes of everything that is not a file system.

use std::fs;
use std::os::fd::AsFd;

use hbx_net::NetOp;
use hbx_protocol::messages::{ChildPrepare, GuestLink, NetPrepare, VethPrepare};

use super::{Outcome, because};
use crate::sys::{check, clone, fd, process};

pub const CLONE_NEWTIME: i32 = 0x80;
const RESOLVE_IN_ROOT: u64 = 0x10;

pub fn namespace(flag: i32) -> Outcome {
    process::unshare(flag)
        .map(|()| "made one".to_owned())
        .map_err(because("unshare"))
}

/// Our own cgroup in the v2 hierarchy.
fn own_v2_cgroup() -> Result<String, String> {
    let text = fs::read_to_string("/proc/self/cgroup").map_err(because("/proc/self/cgroup"))?;
    let path = text
        .lines()
        .find_map(|line| line.strip_prefix("0::"))
        .ok_or("there is no v2 hierarchy")?;
    let roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
    let root = roots
        .iter()
        .find(|root| fs::exists(format!("{root}/cgroup.controllers")).unwrap_or(false));
    let root = root.ok_or("the v2 hierarchy is not mounted")?;
    Ok(format!("{root}{}", path.trim_end_matches('/')))
}

pub fn cgroup2_delegation() -> Outcome {
    let own = own_v2_cgroup()?;
    let dir = format!("{own}/hbx-probe-{}", std::process::id());
    fs::create_dir(&dir).map_err(because(&dir))?;
    let _ = fs::remove_dir(&dir);
    let controllers = fs::read_to_string(format!("{own}/cgroup.controllers")).map_err(because(&own))?;
    let controllers = controllers.trim();
    if controllers.is_empty() {
        Err(format!("no controllers at {own}"))
    } else {
        Ok(controllers.to_owned())
    }
}

pub fn clone_into_cgroup() -> Outcome {
    let own = own_v2_cgroup()?;
    let dir = fd::open(&own, libc::O_PATH | libc::O_DIRECTORY, 0).map_err(because(&own))?;
    match clone::clone3(0, Some(dir.as_fd())).map_err(because("clone3"))? {
        None => clone::exit_now(0),
        Some(pid) => {
            clone::wait_for(pid);
            Ok("made a process".to_owned())
        }
    }
}

pub fn seccomp() -> Outcome {
    let action: u32 = libc::SECCOMP_RET_KILL_PROCESS;
    // SAFETY: `action` outlives the call.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const action) };
    check(result)
        .map(|_| "filters can kill a process".to_owned())
        .map_err(because("seccomp"))
}

pub fn landlock() -> Outcome {
    const ASK_VERSION: u32 = 1;
    // SAFETY: no pointers but null.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<u8>(),
            0,
            ASK_VERSION,
        )
    };
    check(version)
        .map(|version| format!("version {version}"))
        .map_err(because("landlock_create_ruleset"))
}

pub fn openat2() -> Outcome {
    // struct open_how: flags, mode, resolve
    let how = [(libc::O_PATH | libc::O_CLOEXEC) as u64, 0, RESOLVE_IN_ROOT];
    let (at, size) = (how.as_ptr(), size_of_val(&how));
    // SAFETY: `how` and the path outlive the call; the process ends soon, and the descriptor with it.
    let result = unsafe { libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, c"/".as_ptr(), at, size) };
    check(result)
        .map(|_| "resolves in a root".to_owned())
        .map_err(because("openat2"))
}

fn own_network() -> Result<(), String> {
    process::unshare(libc::CLONE_NEWNET).map_err(because("new network namespace"))
}

fn bridge(name: &str) -> NetOp {
    NetOp::Bridge {
        name: name.to_owned(),
        addresses: vec!["192.0.2.1/24".to_owned()],
        mtu: 1500,
    }
}

fn guest() -> GuestLink {
    GuestLink {
        interface: "eth0".to_owned(),
        mac: None,
        mtu: 1500,
        addresses: vec!["192.0.2.2/24".to_owned()],
        gateway: None,
        gateway6: None,
    }
}

/// An interface of `kind` as the child of one end of a pair.
pub fn child(kind: fn(ChildPrepare) -> NetPrepare, mode: &str) -> Outcome {
    own_network()?;
    let parent = NetPrepare::Veth(VethPrepare {
        bridge: "hbxprobe".to_owned(),
        host_if: "hbxprobe0".to_owned(),
        isolated: false,
        guest: guest(),
    });
    let net = kind(ChildPrepare {
        parent: "eth0".to_owned(),
        mode: mode.to_owned(),
        guest: GuestLink {
            interface: "child0".to_owned(),
            ..guest()
        },
    });
    let pid = std::process::id() as i32;
    let made = hbx_net::apply(&[bridge("hbxprobe")])
        .and_then(|()| hbx_net::prepare_host(&parent, pid))
        .and_then(|()| hbx_net::prepare_host(&net, pid));
    made.map(|()| "made one".to_owned())
        .map_err(|failure| failure.to_string())
}

pub fn nftables() -> Outcome {
    own_network()?;
    let table = NetOp::NftTable {
        table: "hbx_probe".to_owned(),
    };
    hbx_net::apply(&[table])
        .map(|()| "made a table".to_owned())
        .map_err(|failure| failure.to_string())
}

pub fn veth() -> Outcome {
    own_network()?;
    let net = NetPrepare::Veth(VethPrepare {
        bridge: "hbxprobe".to_owned(),
        host_if: "hbxprobe0".to_owned(),
        isolated: false,
        guest: guest(),
    });
    let made = hbx_net::apply(&[bridge("hbxprobe")])
        .and_then(|()| hbx_net::prepare_host(&net, std::process::id() as i32))
        .and_then(|()| hbx_net::prepare_guest(&net));
    made.map(|()| "made a pair on a bridge".to_owned())
        .map_err(|failure| failure.to_string())
}
