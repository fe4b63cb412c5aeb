//! A throw-away host: a thread in a fresh network namespace, and guests beside it.
#![allow(dead_code)] // each test file uses its own part

pub mod traffic;

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hbx_net::NetOp;
use hbx_protocol::Failure;
use hbx_protocol::messages::{GuestLink, NetPrepare, VethPrepare};

/// Runs `test` in a thread whose namespace is new and has loopback.
pub fn in_fresh_namespace(test: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            unshare();
            hbx_net::prepare_guest(&NetPrepare::None).unwrap();
            test();
        });
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

pub fn bridge_op() -> NetOp {
    NetOp::Bridge {
        name: "hbxtest0".into(),
        addresses: vec!["10.99.0.1/24".into()],
        mtu: 1500,
    }
}

pub fn veth_plan(n: u8) -> VethPrepare {
    VethPrepare {
        bridge: "hbxtest0".into(),
        host_if: format!("hvtest{n}"),
        isolated: false,
        guest: guest_link("eth0", &format!("10.99.0.{n}/24"), Some("10.99.0.1")),
    }
}

pub fn guest_link(interface: &str, address: &str, gateway: Option<&str>) -> GuestLink {
    let octets: Vec<u8> = address
        .split(['.', '/'])
        .take(4)
        .map(|part| part.parse().unwrap())
        .collect();
    GuestLink {
        interface: interface.into(),
        mac: Some(format!(
            "02:42:{:02x}:{:02x}:{:02x}:{:02x}",
            octets[0], octets[1], octets[2], octets[3]
        )),
        mtu: 1500,
        addresses: vec![address.into()],
        gateway: gateway.map(Into::into),
        gateway6: None,
    }
}

pub fn interfaces() -> Vec<String> {
    let text = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    text.lines()
        .skip(2)
        .filter_map(|line| line.split(':').next())
        .map(|name| name.trim().to_owned())
        .collect()
}

/// A thread inside the prepared namespace.
pub fn thread_in<T: Send + 'static>(guest: &Guest, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let namespace = guest.namespace.try_clone().unwrap();
    thread::spawn(move || {
        // SAFETY: plain system call on an open descriptor; only this thread moves.
        assert_eq!(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) }, 0);
        work()
    })
}

/// Waits for what the kernel does behind our back (5 s at most).
pub fn until(mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(5), "still not so after 5 s");
        thread::yield_now();
    }
}

/// A guest: a thread that plays the holder, in a namespace of its own that lives as long as this.
pub struct Guest {
    _stay: Sender<()>,
    namespace: File,
    tid: i32,
}

impl Guest {
    /// As the core names it. A thread's name in /proc leads there like a process's.
    pub fn path(&self) -> String {
        format!("/proc/{}/ns/net", self.tid)
    }
}

/// What the core does at `prepare`: unshare in the holder, the host's half, the guest's half.
pub fn prepare(net: &NetPrepare) -> Result<Guest, Failure> {
    let (unshared_to, unshared) = channel();
    let (go, wait) = channel::<()>();
    let (done_to, done) = channel();
    let plan = net.clone();
    thread::spawn(move || {
        unshare();
        hbx_net::prepare_defaults(&plan).unwrap();
        // SAFETY: plain system call.
        unshared_to.send((unsafe { libc::gettid() }, current())).unwrap();
        if wait.recv().is_ok() {
            done_to.send(hbx_net::prepare_guest(&plan)).unwrap();
            let _ = wait.recv();
        }
    });
    let (tid, namespace) = unshared.recv().unwrap();
    hbx_net::prepare_host(net, tid)?;
    go.send(()).unwrap();
    done.recv().unwrap()?;
    hbx_net::settle_host(net)?;
    Ok(Guest {
        _stay: go,
        namespace,
        tid,
    })
}

fn unshare() {
    // SAFETY: plain system call; only this thread moves.
    assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWNET) }, 0, "needs root");
}

fn current() -> File {
    File::open("/proc/thread-self/ns/net").unwrap()
}

/// The namespace's rules in the words of `nft`.
pub fn ruleset() -> String {
    run("nft", &["list", "ruleset"])
}

pub fn ip(arguments: &[&str]) -> String {
    run("ip", arguments)
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = std::process::Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Another machine on a wire of its own.
pub fn outside(host_address: &str, address: &str) -> Guest {
    hbx_net::apply(&[NetOp::Bridge {
        name: "wire0".into(),
        addresses: vec![format!("{host_address}/24")],
        mtu: 1500,
    }])
    .unwrap();
    let plan = VethPrepare {
        bridge: "wire0".into(),
        host_if: "outside0".into(),
        isolated: false,
        guest: guest_link("eth0", &format!("{address}/24"), None),
    };
    prepare(&NetPrepare::Veth(plan)).unwrap()
}

pub fn nft(commands: &str) {
    run("nft", &[commands]);
}
