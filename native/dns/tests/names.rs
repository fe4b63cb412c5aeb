//! What containers find out about each other.

mod lab;

use std::process::Command;

use lab::{Leave, Names, asker, in_fresh_namespace, join, question};

const AAAA: u16 = 28;
const PTR: u16 = 12;

#[test]
fn names_aliases_and_addresses_are_found_and_nothing_of_other_networks() {
    in_fresh_namespace(|lab| {
        let daemon = lab.connect();
        let (a, b) = (lab.own_client("a"), lab.own_client("b"));
        let names = Names {
            t: "names",
            join: vec![
                join(
                    "front",
                    "a",
                    &["web", "web.front", "0123456789ab"],
                    &["10.1.0.2", "fd00::2"],
                ),
                join("back", "b", &["db"], &["10.2.0.2"]),
            ],
            askers: vec![asker("a", &["front"], false), asker("b", &["front", "back"], false)],
            ..Names::default()
        };
        assert_eq!(daemon.tell(&names), "ok");
        for name in ["web", "WEB", "web.front", "0123456789ab"] {
            assert_eq!(a.look_up(name), ["10.1.0.2"], "{name}");
        }
        assert_eq!(a.ask("web", AAAA).unwrap().records, ["fd00::2"]);
        assert_eq!(b.look_up("db"), ["10.2.0.2"]);
        assert_eq!(a.look_up("db"), ["rcode 3"]);
        assert_eq!(a.ask("2.0.2.10.in-addr.arpa", PTR).unwrap().rcode, 2);
        assert_eq!(b.ask("2.0.2.10.in-addr.arpa", PTR).unwrap().records, [".b.back."]);
        let none = b.ask("db", AAAA).unwrap();
        assert_eq!((none.rcode, none.records.len()), (0, 0));
        let text = b.ask("db", 16).unwrap();
        assert_eq!((text.rcode, text.records.len()), (0, 0));
    });
}

#[test]
fn one_alias_of_several_gives_all_addresses_in_turn() {
    in_fresh_namespace(|lab| {
        let keys: Vec<String> = (0..40).map(|n| format!("c{n}")).collect();
        let ips: Vec<String> = (0..40).map(|n| format!("10.1.0.{n}")).collect();
        let members = keys.iter().zip(&ips).map(|(key, ip)| join("n", key, &["all"], &[ip]));
        let client = lab.own_client("c0");
        let names = Names {
            t: "names",
            join: members.collect(),
            askers: vec![asker("c0", &["n"], false)],
            ..Names::default()
        };
        assert_eq!(lab.connect().tell(&names), "ok");
        let firsts: Vec<String> = (0..3).map(|_| client.look_up("all").remove(0)).collect();
        assert_eq!(firsts, ips[..3]);
        let short = client.ask("all", 1).unwrap();
        assert!(short.truncated && short.bytes.len() <= 512);
        let large = client.ask_raw(&question("all", 1, Some(1232))).unwrap();
        assert_eq!((large.truncated, large.records.len()), (false, 40));
        let whole = client.ask_stream(&[question("all", 1, None), question("nobody", 1, None)]);
        assert_eq!(
            (whole[0].records.len(), whole[0].truncated, whole[1].rcode),
            (40, false, 3)
        );
    });
}

#[test]
fn names_change_at_once_and_end_with_the_container() {
    in_fresh_namespace(|lab| {
        let daemon = lab.connect();
        let mut process = Command::new("sleep").arg("1000").spawn().unwrap();
        let ended = lab::pidfd(process.id());
        lab.client("gone", process.id());
        let client = lab.own_client("a");
        let join_both = vec![
            join("n", "gone", &["web"], &["10.1.0.2"]),
            join("n", "a", &["me"], &["10.1.0.3"]),
        ];
        let askers = vec![asker("a", &["n"], false)];
        let names = Names {
            t: "names",
            join: join_both,
            askers,
            ..Names::default()
        };
        assert_eq!(daemon.tell(&names), "ok");
        assert_eq!(client.look_up("web"), ["10.1.0.2"]);
        process.kill().unwrap();
        process.wait().unwrap();
        lab::wait_for(&ended);
        while client.look_up("web") != ["rcode 3"] {}
        let join = vec![join("n", "a", &["other"], &["10.1.0.4"])];
        let renamed = Names {
            t: "names",
            join,
            ..Names::default()
        };
        assert_eq!(daemon.tell(&renamed), "ok");
        assert_eq!(
            (client.look_up("me"), client.look_up("other")),
            (vec!["rcode 3".into()], vec!["10.1.0.4".into()])
        );
        let leave = vec![Leave { network: "n", key: "a" }];
        assert_eq!(
            daemon.tell(&Names {
                t: "names",
                leave,
                ..Names::default()
            }),
            "ok"
        );
        assert_eq!(client.look_up("other"), ["rcode 3"]);
    });
}

#[test]
fn wrong_requests_are_refused_and_change_nothing() {
    in_fresh_namespace(|lab| {
        use std::os::fd::AsFd;
        let daemon = lab.connect();
        let client = lab.own_client("a");
        let good = || join("n", "a", &["me"], &["10.1.0.3"]);
        let askers = vec![asker("a", &["n"], false)];
        assert_eq!(
            daemon.tell(&Names {
                t: "names",
                join: vec![good()],
                askers,
                ..Names::default()
            }),
            "ok"
        );
        for bad in [
            join("n", "b", &["x..y"], &["10.1.0.9"]),
            join("n", "b", &["y"], &["10.1"]),
        ] {
            let names = Names {
                t: "names",
                fresh: true,
                join: vec![join("n", "b", &["ok"], &["10.1.0.8"]), bad],
                ..Names::default()
            };
            assert_eq!(daemon.tell(&names), "failed");
        }
        assert_eq!(
            daemon.tell(&lab::Sockets {
                t: "surprise",
                key: "a"
            }),
            "failed"
        );
        assert_eq!(daemon.tell(&lab::Sockets { t: "sockets", key: "a" }), "failed");
        let file = std::fs::File::open("/dev/null").unwrap();
        let fds = [file.as_fd(), file.as_fd(), file.as_fd()];
        assert_eq!(
            daemon.ask_with(&lab::Sockets { t: "sockets", key: "a" }, &fds),
            "failed"
        );
        assert_eq!(
            (client.look_up("me"), client.look_up("ok")),
            (vec!["10.1.0.3".into()], vec!["rcode 3".into()])
        );
    });
}

#[test]
fn garbage_is_answered_with_an_error_or_not_at_all_and_the_service_goes_on() {
    in_fresh_namespace(|lab| {
        let daemon = lab.connect();
        let client = lab.own_client("a");
        let (join, askers) = (
            vec![join("n", "a", &["me"], &["10.1.0.3"])],
            vec![asker("a", &["n"], true)],
        );
        assert_eq!(
            daemon.tell(&Names {
                t: "names",
                join,
                askers,
                ..Names::default()
            }),
            "ok"
        );
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(client.udp).unwrap();
        let mut seed = 1_u32;
        for n in 0..20_000 {
            let mut bytes = question("me.example", 1, Some(1232));
            for _ in 0..=n % 7 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (seed >> 8) as usize % bytes.len();
                bytes[at] = (seed >> 24) as u8;
            }
            bytes.truncate(bytes.len() - (seed >> 4) as usize % 30);
            let _ = socket.send(&bytes);
            if n % 50 == 0 {
                assert_eq!(client.look_up("me"), ["10.1.0.3"]);
            }
        }
    });
}
