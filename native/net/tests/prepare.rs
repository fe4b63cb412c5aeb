//! On the real kernel, as root, inside network namespaces of their own.

mod lab;

use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use hbx_net::{NetOp, apply, delete_link};
use hbx_protocol::messages::NetPrepare;
use lab::{bridge_op, in_fresh_namespace, interfaces, prepare, thread_in, veth_plan};

#[test]
fn none_has_loopback_only() {
    in_fresh_namespace(|| {
        apply(&[bridge_op()]).unwrap();
        let guest = prepare(&NetPrepare::None).unwrap();
        let seen = thread_in(&guest, || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            interfaces()
        });
        let seen = seen.join().unwrap();
        assert!(
            !seen.contains(&"hbxtest0".to_owned()) && !seen.contains(&"eth0".to_owned()),
            "{seen:?}"
        );
    });
}

#[test]
fn veth_talks_to_the_bridge_and_dies_with_the_namespace() {
    in_fresh_namespace(|| {
        apply(&[bridge_op()]).unwrap();
        let guest = prepare(&NetPrepare::Veth(veth_plan(5))).unwrap();
        assert!(interfaces().contains(&"hvtest5".to_owned()));
        let listener = TcpListener::bind("10.99.0.1:7000").unwrap();
        let inside = thread_in(&guest, || {
            let stream = TcpStream::connect("10.99.0.1:7000").unwrap();
            (
                stream.local_addr().unwrap().ip().to_string(),
                lab::ip(&["-o", "addr", "show", "dev", "eth0"]),
                ["eth0", "default", "lo"]
                    .map(|name| std::fs::read_to_string(format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6"))),
            )
        });
        listener.accept().unwrap();
        let (ip, addresses, without_ipv6) = inside.join().unwrap();
        assert_eq!(ip, "10.99.0.5");
        // Of its interfaces only this one is without, and those that are made later are as they ever were.
        assert_eq!(
            without_ipv6.map(|setting| setting.unwrap().trim().to_owned()),
            ["1", "0", "0"]
        );
        assert!(
            addresses.contains("10.99.0.5/24 brd 10.99.0.255") && !addresses.contains("inet6"),
            "{addresses}"
        );
        assert!(lab::ip(&["neigh", "show", "dev", "hbxtest0"]).contains("02:42:0a:63:00:05"));
        drop(guest);
        lab::until(|| !interfaces().contains(&"hvtest5".to_owned()));
    });
}

#[test]
fn veth_takes_ipv6_without_waiting_for_duplicate_detection() {
    in_fresh_namespace(|| {
        let addresses = vec!["10.99.0.1/24".into(), "fd99::1/64".into()];
        apply(&[NetOp::Bridge {
            name: "hbxtest0".into(),
            addresses,
            mtu: 1500,
        }])
        .unwrap();
        let mut plan = veth_plan(5);
        plan.guest.addresses.push("fd99::5/64".into());
        plan.guest.gateway6 = Some("fd99::1".into());
        let guest = prepare(&NetPrepare::Veth(plan)).unwrap();
        let listener = TcpListener::bind("[fd99::1]:7000").unwrap();
        let inside = thread_in(&guest, || {
            let stream = TcpStream::connect("[fd99::1]:7000").unwrap();
            (
                stream.local_addr().unwrap().ip().to_string(),
                lab::ip(&["-6", "route", "show", "default"]),
            )
        });
        listener.accept().unwrap();
        let (ip, route) = inside.join().unwrap();
        assert_eq!(ip, "fd99::5");
        assert!(route.contains("via fd99::1"), "{route}");
    });
}

#[test]
fn missing_bridge_is_named() {
    in_fresh_namespace(|| {
        let failure = prepare(&NetPrepare::Veth(veth_plan(7))).err().unwrap();
        assert_eq!((failure.step.as_str(), failure.errno), ("net_link", libc::ENODEV));
        assert_eq!(failure.path.as_deref(), Some("hbxtest0"));
    });
}

#[test]
fn name_in_use_is_refused_and_the_first_stays() {
    in_fresh_namespace(|| {
        apply(&[bridge_op()]).unwrap();
        let _first = prepare(&NetPrepare::Veth(veth_plan(8))).unwrap();
        let failure = prepare(&NetPrepare::Veth(veth_plan(8))).err().unwrap();
        assert_eq!(
            (failure.step.as_str(), failure.errno),
            ("net_link_create", libc::EEXIST)
        );
        delete_link("hvtest8").unwrap();
        delete_link("hvtest8").unwrap();
        assert!(!interfaces().contains(&"hvtest8".to_owned()));
    });
}

#[test]
fn kernels_own_words_are_passed_on() {
    in_fresh_namespace(|| {
        apply(&[bridge_op()]).unwrap();
        let mut plan = veth_plan(9);
        plan.guest.gateway = Some("192.0.2.1".into());
        let failure = prepare(&NetPrepare::Veth(plan)).err().unwrap();
        assert_eq!((failure.step.as_str(), failure.errno), ("net_route", libc::ENETUNREACH));
        assert!(failure.message.unwrap().contains("Nexthop"));
    });
}

#[test]
fn bridge_is_idempotent_and_foreign_links_stay() {
    in_fresh_namespace(|| {
        apply(&[
            bridge_op(),
            NetOp::Bridge {
                name: "other0".into(),
                addresses: vec![],
                mtu: 1500,
            },
        ])
        .unwrap();
        apply(&[bridge_op()]).unwrap();
        let delete = |missing_ok| {
            apply(&[NetOp::LinkDelete {
                name: "hbxtest0".into(),
                missing_ok,
            }])
        };
        delete(false).unwrap();
        delete(true).unwrap();
        let failure = delete(false).unwrap_err();
        assert_eq!(
            (failure.step.as_str(), failure.errno),
            ("net_link_delete", libc::ENODEV)
        );
        assert!(interfaces().contains(&"other0".to_owned()));
    });
}

/// `cargo test -p hbx-net -- --ignored --nocapture timing`
#[test]
#[ignore = "a measurement"]
fn timing_of_prepare() {
    in_fresh_namespace(|| {
        apply(&[bridge_op()]).unwrap();
        let mut kept = Vec::new();
        for (label, veth) in [("none", false), ("veth", true)] {
            let mut times: Vec<u128> = (0..100u8)
                .map(|n| {
                    let plan = if veth {
                        NetPrepare::Veth(veth_plan(n + 10))
                    } else {
                        NetPrepare::None
                    };
                    let begin = Instant::now();
                    kept.push(prepare(&plan).unwrap());
                    begin.elapsed().as_micros()
                })
                .collect();
            times.sort_unstable();
            println!("prepare {label}: median {} µs, p95 {} µs", times[50], times[95]);
        }
    });
}

#[test]
fn the_first_packet_of_a_fresh_guest_arrives() {
    in_fresh_namespace(|| {
        apply(&[bridge_op()]).unwrap();
        let listener = TcpListener::bind("10.99.0.1:7000").unwrap();
        std::thread::spawn(move || listener.incoming().for_each(drop));
        for n in 10..40 {
            let guest = prepare(&NetPrepare::Veth(veth_plan(n))).unwrap();
            let begin = Instant::now();
            thread_in(&guest, || TcpStream::connect("10.99.0.1:7000").unwrap())
                .join()
                .unwrap();
            // A lost packet is repeated after a second.
            assert!(
                begin.elapsed().as_millis() < 900,
                "guest {n} waited {} ms",
                begin.elapsed().as_millis()
            );
        }
    });
}
