//! nftables on the real kernel, as root, inside network namespaces of their own.

mod lab;

use std::net::TcpListener;
use std::time::Instant;

use hbx_net::{NetOp, PortProtocol, apply};
use lab::traffic::{TABLE, ask, ask_udp, guest, network_op, publish, serve, set_up, table_op, unpublish};
use lab::{Guest, in_fresh_namespace, ruleset, thread_in};

#[test]
fn table_appears_whole_is_idempotent_and_goes_without_a_trace() {
    in_fresh_namespace(|| {
        apply(&[
            table_op(),
            network_op(),
            publish(PortProtocol::Tcp, "0.0.0.0", 8080, "10.99.0.5"),
        ])
        .unwrap();
        let first = ruleset();
        assert!(first.contains("tcp . 8080 : 10.99.0.5 . 80"), "{first}");
        apply(&[table_op(), network_op()]).unwrap();
        assert_eq!(ruleset(), first);
        let gone = NetOp::NftNetworkDelete {
            table: TABLE.into(),
            bridge: "hbxtest0".into(),
            subnets: vec!["10.99.0.0/24".into(), "fd99::/64".into()],
        };
        apply(&[gone.clone()]).unwrap();
        apply(&[gone]).unwrap();
        let left = ruleset();
        assert!(!left.contains("hbxtest0") && !left.contains("10.99.0.0"), "{left}");
        let delete = |missing_ok| NetOp::NftTableDelete {
            table: TABLE.into(),
            missing_ok,
        };
        apply(&[delete(true)]).unwrap();
        assert_eq!(ruleset(), "");
        apply(&[delete(true)]).unwrap();
        assert_eq!(apply(&[delete(false)]).unwrap_err().errno, libc::ENOENT);
    });
}

#[test]
fn published_port_is_reached_from_the_host_from_loopback_and_from_containers() {
    in_fresh_namespace(|| {
        set_up();
        let (server, client) = (guest(5), guest(6));
        serve(&server);
        assert_eq!(ask("10.99.0.1:8080"), None);
        let ops = [PortProtocol::Tcp, PortProtocol::Udp].map(|p| publish(p, "0.0.0.0", 8080, "10.99.0.5"));
        apply(&ops).unwrap();
        assert_eq!(ask("10.99.0.5:80").as_deref(), Some("10.99.0.1"));
        assert_eq!(ask("10.99.0.1:8080").as_deref(), Some("10.99.0.1"));
        assert_eq!(ask("127.0.0.1:8080").as_deref(), Some("10.99.0.1"));
        assert_eq!(ask_udp("127.0.0.1:8080").as_deref(), Some("10.99.0.1"));
        let from = |net: &Guest| thread_in(net, || (ask("10.99.0.1:8080"), ask_udp("10.99.0.1:8080"))).join();
        let through_host = Some("10.99.0.1".to_owned());
        assert_eq!(from(&client).unwrap(), (through_host.clone(), through_host.clone()));
        assert_eq!(from(&server).unwrap(), (through_host.clone(), through_host));
        apply(&[unpublish("0.0.0.0", 8080, false)]).unwrap();
        assert_eq!(ask("127.0.0.1:8080"), None);
    });
}

#[test]
fn published_port_works_where_bridged_packets_pass_the_ip_firewall() {
    in_fresh_namespace(|| {
        set_up();
        if std::fs::write("/proc/sys/net/bridge/bridge-nf-call-iptables", "1").is_err() {
            println!("skipped: this kernel has no br_netfilter");
            return;
        }
        let (server, client) = (guest(5), guest(6));
        serve(&server);
        apply(&[publish(PortProtocol::Tcp, "0.0.0.0", 8080, "10.99.0.5")]).unwrap();
        let from = |net: &Guest| {
            thread_in(net, || (ask("10.99.0.1:8080"), ask("10.99.0.5:80")))
                .join()
                .unwrap()
        };
        assert_eq!(from(&client), (Some("10.99.0.1".into()), Some("10.99.0.6".into())));
        assert!(from(&server).0.is_some());
    });
}

#[test]
fn port_published_on_one_address_answers_there_only() {
    in_fresh_namespace(|| {
        set_up();
        let server = guest(5);
        serve(&server);
        apply(&[publish(PortProtocol::Tcp, "127.0.0.1", 8081, "10.99.0.5")]).unwrap();
        assert!(ask("127.0.0.1:8081").is_some());
        assert_eq!(ask("10.99.0.1:8081"), None);
    });
}

#[test]
fn container_cannot_reach_the_hosts_loopback_through_route_localnet() {
    in_fresh_namespace(|| {
        set_up();
        let listener = TcpListener::bind("127.0.0.1:9000").unwrap();
        listener.set_nonblocking(true).unwrap();
        let client = guest(6);
        let sneak = thread_in(&client, || {
            // 127/8 by the gateway instead of the own loopback
            lab::ip(&["addr", "flush", "dev", "lo"]);
            lab::ip(&[
                "route",
                "add",
                "127.0.0.0/8",
                "via",
                "10.99.0.1",
                "dev",
                "eth0",
                "src",
                "10.99.0.6",
            ]);
            std::fs::write("/proc/thread-self/root/proc/sys/net/ipv4/conf/eth0/route_localnet", "1").unwrap();
            lab::ip(&["rule", "add", "pref", "0", "lookup", "main"]);
            ask("127.0.0.1:9000")
        });
        assert_eq!(sneak.join().unwrap(), None);
        assert!(listener.accept().is_err());
    });
}

#[test]
fn outside_is_reached_with_the_hosts_address_and_cannot_reach_in_unasked() {
    in_fresh_namespace(|| {
        set_up();
        let outside = lab::outside("192.0.2.1", "192.0.2.9");
        let server = guest(5);
        serve(&server);
        serve(&outside);
        assert_eq!(
            thread_in(&server, || ask("192.0.2.9:80")).join().unwrap().as_deref(),
            Some("192.0.2.1")
        );
        let from_outside = |address: &'static str| {
            let ask_it = move || {
                lab::ip(&["route", "replace", "10.99.0.0/24", "via", "192.0.2.1"]);
                ask(address)
            };
            thread_in(&outside, ask_it).join().unwrap()
        };
        assert_eq!(from_outside("10.99.0.5:80"), None);
        apply(&[publish(PortProtocol::Tcp, "0.0.0.0", 8080, "10.99.0.5")]).unwrap();
        assert_eq!(from_outside("192.0.2.1:8080").as_deref(), Some("192.0.2.9"));
    });
}

#[test]
fn transaction_is_all_or_nothing_and_leaves_out_what_may_be_missing() {
    in_fresh_namespace(|| {
        apply(&[table_op(), publish(PortProtocol::Tcp, "0.0.0.0", 1, "10.99.0.5")]).unwrap();
        let before = ruleset();
        let taken = publish(PortProtocol::Tcp, "0.0.0.0", 1, "10.99.0.6");
        let error = apply(&[publish(PortProtocol::Tcp, "0.0.0.0", 2, "10.99.0.5"), taken]).unwrap_err();
        assert_eq!(error.path.as_deref(), Some("0.0.0.0:1"));
        assert_eq!(error.step, "nft_transaction");
        assert_eq!(
            apply(&[unpublish("0.0.0.0", 3, false)]).unwrap_err().errno,
            libc::ENOENT
        );
        assert_eq!(ruleset(), before);
        apply(&[unpublish("0.0.0.0", 3, true), unpublish("0.0.0.0", 1, true)]).unwrap();
        assert!(!ruleset().contains("10.99.0.5"));
    });
}

/// `cargo test -p hbx-net -- --ignored --nocapture timing`
#[test]
#[ignore = "a measurement"]
fn timing_of_publish() {
    in_fresh_namespace(|| {
        let begin = Instant::now();
        set_up();
        println!("bridge, settings and table: {} µs", begin.elapsed().as_micros());
        let mut times: Vec<u128> = (0..1000u16)
            .map(|n| {
                let begin = Instant::now();
                apply(&[publish(PortProtocol::Tcp, "0.0.0.0", 10_000 + n, "10.99.0.5")]).unwrap();
                begin.elapsed().as_micros()
            })
            .collect();
        let (first, last) = (
            times[..50].iter().sum::<u128>() / 50,
            times[950..].iter().sum::<u128>() / 50,
        );
        times.sort_unstable();
        println!(
            "publish: median {} µs, p95 {} µs, first 50 {first}, last 50 {last}",
            times[500], times[950]
        );
        let begin = Instant::now();
        apply(&[unpublish("0.0.0.0", 10_000, false)]).unwrap();
        println!("unpublish: {} µs", begin.elapsed().as_micros());
        let all: Vec<NetOp> = (0..3000u16)
            .map(|n| publish(PortProtocol::Udp, "0.0.0.0", 10_000 + n, "10.99.0.5"))
            .collect();
        let begin = Instant::now();
        apply(&all).unwrap();
        println!("3000 in one transaction: {} µs", begin.elapsed().as_micros());
    });
}
