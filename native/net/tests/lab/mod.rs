//! A throw-away host: a thread in a fresh network namespace, and guests beside it.
#![allow(dead_code)] // each test file uses its own part

use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hbx_net::{PreparedNet, enter};
use hbx_protocol::{NetOp, VethPlan};

/// Runs `test` in a thread whose namespace is new and has loopback.
pub fn in_fresh_namespace(test: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            hbx_net::guest_unshare().unwrap();
            hbx_net::guest_configure(&hbx_protocol::NetPrepare::None).unwrap();
            test();
        });
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

pub fn bridge_op() -> NetOp {
    NetOp::Bridge { name: "hbxtest0".into(), addresses: vec!["10.99.0.1/24".into()], mtu: 1500 }
}

pub fn veth_plan(n: u8) -> VethPlan {
    VethPlan {
        bridge: "hbxtest0".into(),
        host_if: format!("hvtest{n}"),
        mac: format!("02:42:0a:63:00:{n:02x}"),
        mtu: 1500,
        addresses: vec![format!("10.99.0.{n}/24")],
        gateway: Some("10.99.0.1".into()),
        gateway6: None,
    }
}

pub fn interfaces() -> Vec<String> {
    let text = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    text.lines().skip(2).filter_map(|line| line.split(':').next()).map(|name| name.trim().to_owned()).collect()
}

/// A thread inside the prepared namespace.
pub fn thread_in<T: Send + 'static>(net: &PreparedNet, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let namespace = net.namespace.try_clone().unwrap();
    thread::spawn(move || {
        enter(namespace.as_fd()).unwrap();
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

/// A thread that plays the holder process: unshares, waits, configures.
pub struct Holder {
    tid: i32,
    go: Sender<()>,
    done: Receiver<()>,
}

pub fn holder(first: impl FnOnce() + Send + 'static, then: impl FnOnce() + Send + 'static) -> Holder {
    let (ready_to, ready) = channel();
    let (go, wait) = channel();
    let (done_to, done) = channel();
    thread::spawn(move || {
        first();
        // SAFETY: plain system call.
        ready_to.send(unsafe { libc::gettid() }).unwrap();
        wait.recv().unwrap();
        then();
        done_to.send(()).unwrap();
        let _ = wait.recv();
    });
    Holder { tid: ready.recv().unwrap(), go, done }
}

impl Holder {
    pub fn tid(&self) -> i32 {
        self.tid
    }

    pub fn configure(&self) {
        self.go.send(()).unwrap();
        self.done.recv().unwrap();
    }
}
