//! On the real kernel, as root, inside network namespaces of their own.

mod lab;

use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Instant;

use hbx_net::{apply, enter, guest_configure, guest_unshare, host_create_veth, host_delete_link, prepare_namespace};
use hbx_protocol::{NetOp, NetPrepare};
use lab::{bridge_op, holder, in_fresh_namespace, interfaces, veth_plan};

#[test]
fn prepare_namespace_none_has_loopback_only_and_leaves_the_caller_where_it_was() {
    in_fresh_namespace(|| {
        apply(&[bridge_op()]).unwrap();
        let net = prepare_namespace(&NetPrepare::None).unwrap().unwrap();
        assert!(interfaces().contains(&"hbxtest0".to_owned()));
        enter(net.namespace.as_fd()).unwrap();
        assert!(!interfaces().contains(&"hbxtest0".to_owned()));
        assert!(!interfaces().contains(&"eth0".to_owned()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    });
}

#[test]
fn prepare_namespace_host_makes_nothing() {
    assert!(prepare_namespace(&NetPrepare::Host).unwrap().is_none());
}

#[test]
fn prepare_namespace_veth_talks_to_the_bridge_and_dies_with_the_namespace() {
    in_fresh_namespace(|| {
        apply(&[bridge_op()]).unwrap();
        let net = prepare_namespace(&NetPrepare::Veth(veth_plan(5))).unwrap().unwrap();
        assert!(interfaces().contains(&"hvtest5".to_owned()));
        let listener = TcpListener::bind("10.99.0.1:7000").unwrap();
        let guest = lab::thread_in(&net, || {
            let stream = TcpStream::connect("10.99.0.1:7000").unwrap();
            let mac = std::fs::read_to_string("/proc/thread-self/net/arp").unwrap();
            (stream.local_addr().unwrap().ip().to_string(), mac)
        });
        listener.accept().unwrap();
        let (ip, _) = guest.join().unwrap();
        assert_eq!(ip, "10.99.0.5");
        drop(net);
        lab::until(|| !interfaces().contains(&"hvtest5".to_owned()));
    });
}

#[test]
fn host_and_guest_halves_make_the_same_as_prepare_namespace() {
    in_fresh_namespace(|| {
        apply(&[bridge_op()]).unwrap();
        let plan = veth_plan(6);
        let net = NetPrepare::Veth(plan.clone());
        let holder = holder(move || guest_unshare().unwrap(), move || guest_configure(&net).unwrap());
        host_create_veth(&plan, holder.tid()).unwrap();
        holder.configure();
        assert!(interfaces().contains(&"hvtest6".to_owned()));
        host_delete_link("hvtest6").unwrap();
        host_delete_link("hvtest6").unwrap();
        assert!(!interfaces().contains(&"hvtest6".to_owned()));
    });
}

#[test]
fn prepare_namespace_says_which_bridge_is_missing_and_comes_back() {
    in_fresh_namespace(|| {
        let before = std::fs::read_link("/proc/thread-self/ns/net").unwrap();
        let error = prepare_namespace(&NetPrepare::Veth(veth_plan(7))).err().unwrap();
        assert_eq!((error.step, error.errno), ("net_link", libc::ENODEV));
        assert_eq!(error.object.as_deref(), Some("hbxtest0"));
        assert_eq!(std::fs::read_link("/proc/thread-self/ns/net").unwrap(), before);
    });
}

#[test]
fn prepare_namespace_refuses_a_name_in_use_in_the_kernels_words() {
    in_fresh_namespace(|| {
        apply(&[bridge_op()]).unwrap();
        let _first = prepare_namespace(&NetPrepare::Veth(veth_plan(8))).unwrap();
        let error = prepare_namespace(&NetPrepare::Veth(veth_plan(8))).err().unwrap();
        assert_eq!((error.step, error.errno), ("net_link_create", libc::EEXIST));
    });
}

#[test]
fn bridge_is_idempotent_and_foreign_links_stay() {
    in_fresh_namespace(|| {
        apply(&[bridge_op(), NetOp::Bridge { name: "other0".into(), addresses: vec![], mtu: 1500 }]).unwrap();
        apply(&[bridge_op()]).unwrap();
        apply(&[NetOp::LinkDelete { name: "hbxtest0".into(), missing_ok: false }]).unwrap();
        apply(&[NetOp::LinkDelete { name: "hbxtest0".into(), missing_ok: true }]).unwrap();
        let error = apply(&[NetOp::LinkDelete { name: "hbxtest0".into(), missing_ok: false }]).unwrap_err();
        assert_eq!((error.step, error.errno), ("net_link_delete", libc::ENODEV));
        assert!(interfaces().contains(&"other0".to_owned()));
    });
}

/// `cargo test -p hbx-net --release -- --ignored --nocapture timing`
#[test]
#[ignore = "a measurement"]
fn timing_of_prepare() {
    in_fresh_namespace(|| {
        apply(&[bridge_op()]).unwrap();
        let mut kept = Vec::new();
        for (label, veth) in [("none", false), ("veth", true)] {
            let mut times: Vec<u128> = (0..100u8)
                .map(|n| {
                    let plan = if veth { NetPrepare::Veth(veth_plan(n + 10)) } else { NetPrepare::None };
                    let begin = Instant::now();
                    kept.push(prepare_namespace(&plan).unwrap());
                    begin.elapsed().as_micros()
                })
                .collect();
            times.sort_unstable();
            println!("prepare {label}: median {} µs, p95 {} µs", times[50], times[95]);
        }
    });
}
