//! Several networks, and both families, on the real kernel as root.

mod lab;

use hbx_net::{NetOp, NetworkRules, PortProtocol, apply};
use hbx_protocol::messages::{NetPrepare, VethPrepare};
use lab::traffic::{ask, guest, network_rules, publish, serve, set_up};
use lab::{Guest, in_fresh_namespace, prepare, thread_in, veth_plan};

fn other_network(rules: NetworkRules) -> NetworkRules {
    apply(&[NetOp::Bridge {
        name: rules.bridge.clone(),
        addresses: vec!["10.98.0.1/24".into()],
        mtu: 1500,
    }])
    .unwrap();
    rules
}

fn guest_of_other(n: u8, isolated: bool) -> Guest {
    let plan = VethPrepare {
        bridge: "hbxtest1".into(),
        host_if: format!("hvother{n}"),
        isolated,
        guest: lab::guest_link("eth0", &format!("10.98.0.{n}/24"), Some("10.98.0.1")),
    };
    prepare(&NetPrepare::Veth(plan)).unwrap()
}

#[test]
fn networks_reach_each_other_by_published_ports_only() {
    in_fresh_namespace(|| {
        set_up();
        let rules = other_network(NetworkRules {
            subnets: vec!["10.98.0.0/24".into()],
            ..network_rules("hbxtest1")
        });
        apply(&[NetOp::NftNetwork(rules)]).unwrap();
        let (server, stranger) = (guest(5), guest_of_other(6, false));
        serve(&server);
        apply(&[publish(PortProtocol::Tcp, "0.0.0.0", 8080, "10.99.0.5")]).unwrap();
        let seen = thread_in(&stranger, || (ask("10.99.0.5:80"), ask("10.98.0.1:8080")));
        assert_eq!(seen.join().unwrap(), (None, Some("10.99.0.1".into())));
    });
}

#[test]
fn internal_network_has_no_way_out_or_in_and_isolated_ports_none_to_each_other() {
    in_fresh_namespace(|| {
        set_up();
        let rules = NetworkRules {
            subnets: vec!["10.98.0.0/24".into()],
            internal: true,
            icc: false,
            ..network_rules("hbxtest1")
        };
        apply(&[NetOp::NftNetwork(other_network(rules))]).unwrap();
        let outside = lab::outside("192.0.2.1", "192.0.2.9");
        let open = guest(5);
        let (a, b) = (guest_of_other(6, true), guest_of_other(7, true));
        for server in [&outside, &open, &a, &b] {
            serve(server);
        }
        apply(&[
            publish(PortProtocol::Tcp, "0.0.0.0", 8080, "10.98.0.6"),
            publish(PortProtocol::Tcp, "0.0.0.0", 8081, "10.99.0.5"),
        ])
        .unwrap();
        let seen = thread_in(&a, || {
            ["192.0.2.9:80", "10.99.0.5:80", "10.98.0.7:80", "10.98.0.1:8081"].map(ask)
        });
        assert_eq!(seen.join().unwrap(), [None, None, None, None]);
        let from_open = thread_in(&open, || ["10.98.0.6:80", "10.99.0.1:8080"].map(ask));
        assert_eq!(from_open.join().unwrap(), [None, None]);
        // The host itself is on the network, as with any bridge.
        assert!(ask("10.98.0.6:80").is_some());
    });
}

#[test]
fn ipv6_is_published_masqueraded_and_closed_like_ipv4() {
    in_fresh_namespace(|| {
        set_up();
        apply(&[NetOp::Bridge {
            name: "hbxtest0".into(),
            addresses: vec!["10.99.0.1/24".into(), "fd99::1/64".into()],
            mtu: 1500,
        }])
        .unwrap();
        let outside = lab::outside("192.0.2.1", "192.0.2.9");
        lab::ip(&["addr", "add", "2001:db8::1/64", "dev", "wire0", "nodad"]);
        thread_in(&outside, || {
            std::fs::write("/proc/thread-self/root/proc/sys/net/ipv6/conf/eth0/disable_ipv6", "0").unwrap();
            lab::ip(&["addr", "add", "2001:db8::9/64", "dev", "eth0", "nodad"]);
            lab::ip(&["route", "add", "fd99::/64", "via", "2001:db8::1"]);
        })
        .join()
        .unwrap();
        let [server, client] = [5u8, 6].map(|n| {
            let mut plan = veth_plan(n);
            plan.guest.addresses.push(format!("fd99::{n}/64"));
            plan.guest.gateway6 = Some("fd99::1".into());
            prepare(&NetPrepare::Veth(plan)).unwrap()
        });
        serve(&server);
        serve(&outside);
        apply(&[publish(PortProtocol::Tcp, "::", 8080, "fd99::5")]).unwrap();
        let from_client = thread_in(&client, || {
            ["[2001:db8::9]:80", "[fd99::1]:8080", "[fd99::5]:80"].map(ask)
        });
        assert_eq!(
            from_client.join().unwrap(),
            [
                Some("2001:db8::1".into()),
                Some("fd99::1".into()),
                Some("fd99::6".into())
            ]
        );
        let from_outside = thread_in(&outside, || ["[fd99::5]:80", "[2001:db8::1]:8080"].map(ask));
        assert_eq!(from_outside.join().unwrap(), [None, Some("2001:db8::9".into())]);
        assert_eq!(ask("[2001:db8::1]:8080").as_deref(), Some("2001:db8::1"));
        // What cannot be redirected is left to whoever holds the port.
        let held = std::net::TcpListener::bind("[::1]:8080").unwrap();
        std::thread::spawn(move || held.accept().unwrap());
        assert_eq!(ask("[::1]:8080").as_deref(), Some(""));
    });
}
