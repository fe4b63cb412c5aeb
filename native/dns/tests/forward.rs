//! Names that a resolver has to know.

mod lab;

use lab::{Client, Heard, Lab, Names, addresses, asker, in_fresh_namespace, question, resolver};

fn client(lab: &Lab, forward: bool) -> Client {
    let client = lab.own_client("a");
    let names = Names {
        t: "names",
        askers: vec![asker("a", &[], forward)],
        ..Names::default()
    };
    assert_eq!(lab.connect().tell(&names), "ok");
    client
}

fn count(heard: &Heard) -> usize {
    heard.lock().unwrap().len()
}

#[test]
fn replies_are_kept_as_long_as_they_say_and_counted_down() {
    in_fresh_namespace(|lab| {
        let heard = resolver("127.0.0.53", |message| Some(addresses(message, 2, 60)));
        lab.resolvers(&["127.0.0.53"]);
        let client = client(lab, true);
        assert_eq!(client.look_up("example.com"), ["192.0.2.0", "192.0.2.1"]);
        let reply = client.ask("EXAMPLE.com", 1).unwrap();
        assert_eq!((reply.records.len(), count(&heard)), (2, 1));
        assert_eq!(&reply.bytes[13..20], b"EXAMPLE");
        assert_eq!(client.ask("example.com", 28).unwrap().rcode, 0);
        assert_eq!(count(&heard), 2);
        assert_eq!(client.ask_stream(&[question("other.org", 1, None)])[0].records.len(), 2);
        assert_eq!(count(&heard), 3);
    });
}

#[test]
fn what_must_not_be_kept_is_asked_again() {
    in_fresh_namespace(|lab| {
        let heard = resolver("127.0.0.53", |message| Some(addresses(message, 1, 0)));
        lab.resolvers(&["127.0.0.53"]);
        let client = client(lab, true);
        assert_eq!(client.look_up("example.com"), client.look_up("example.com"));
        assert_eq!(count(&heard), 2);
    });
}

#[test]
fn a_silent_or_failing_resolver_is_passed_over_and_asked_last_from_then_on() {
    in_fresh_namespace(|lab| {
        let silent = resolver("127.0.0.51", |_| None);
        let failing = resolver("127.0.0.52", |message| {
            let mut reply = addresses(message, 0, 0);
            reply[3] |= 2;
            Some(reply)
        });
        let good = resolver("127.0.0.53", |message| Some(addresses(message, 1, 0)));
        lab.resolvers(&["127.0.0.51", "127.0.0.52", "127.0.0.53"]);
        let client = client(lab, true);
        assert_eq!(client.look_up("example.com"), ["192.0.2.0"]);
        assert_eq!((count(&silent), count(&failing), count(&good)), (1, 1, 1));
        assert_eq!(client.look_up("example.com"), ["192.0.2.0"]);
        assert_eq!((count(&silent), count(&good)), (1, 2));
    });
}

#[test]
fn without_a_resolver_that_answers_the_client_is_told() {
    in_fresh_namespace(|lab| {
        let client = client(lab, true);
        assert_eq!(client.look_up("example.com"), ["rcode 2"]);
        // Nobody listens there.
        lab.resolvers(&["127.0.0.54"]);
        while !lab_knows(lab) {
            client.look_up("x.example");
        }
        assert_eq!(client.look_up("example.com"), ["rcode 2"]);
        let failing = resolver("127.0.0.54", |message| {
            let mut reply = addresses(message, 0, 0);
            reply[3] |= 5;
            Some(reply)
        });
        assert_eq!(client.look_up("example.com"), ["rcode 5"]);
        assert!(count(&failing) > 0);
    });
}

/// Whether the service has read its resolvers again.
fn lab_knows(lab: &Lab) -> bool {
    let connection = lab.connect();
    hbx_protocol::frame::write(&connection.0, &lab::Sockets { t: "state", key: "" }).unwrap();
    let body = hbx_protocol::frame::read(&connection.0).unwrap().unwrap();
    String::from_utf8_lossy(&body).contains("127.0.0.54:53")
}

#[test]
fn internal_networks_ask_nobody_outside() {
    in_fresh_namespace(|lab| {
        let heard = resolver("127.0.0.53", |message| Some(addresses(message, 1, 60)));
        lab.resolvers(&["127.0.0.53"]);
        let client = client(lab, false);
        assert_eq!(
            (client.look_up("example.com"), client.look_up("single")),
            (vec!["rcode 2".into()], vec!["rcode 3".into()])
        );
        assert_eq!(count(&heard), 0);
    });
}

#[test]
fn forged_replies_are_not_believed() {
    in_fresh_namespace(|lab| {
        // Wrong number, then another question, then no reply at all but the question sent back.
        let forge = |change: fn(&mut Vec<u8>)| {
            move |message: &[u8]| {
                let mut reply = addresses(message, 1, 60);
                change(&mut reply);
                Some(reply)
            }
        };
        let heard = resolver("127.0.0.51", forge(|reply| reply[0] ^= 1));
        resolver("127.0.0.52", forge(|reply| reply[13] ^= 0x20));
        resolver("127.0.0.53", forge(|reply| reply[2] = 1));
        lab.resolvers(&["127.0.0.51", "127.0.0.52", "127.0.0.53"]);
        assert_eq!(client(lab, true).look_up("example.com"), ["rcode 2"]);
        assert!(count(&heard) > 0);
    });
}

#[test]
fn long_replies_are_cut_for_who_cannot_take_them() {
    in_fresh_namespace(|lab| {
        resolver("127.0.0.53", |message| Some(addresses(message, 60, 60)));
        lab.resolvers(&["127.0.0.53"]);
        let client = client(lab, true);
        let short = client.ask("example.com", 1).unwrap();
        assert_eq!((short.truncated, short.records.len()), (true, 0));
        assert_eq!(
            client
                .ask_raw(&question("example.com", 1, Some(4096)))
                .unwrap()
                .records
                .len(),
            60
        );
        assert_eq!(
            client.ask_stream(&[question("example.com", 1, None)])[0].records.len(),
            60
        );
    });
}

#[test]
fn own_resolvers_are_asked_from_the_container_and_nobody_else_gets_their_answers() {
    in_fresh_namespace(|lab| {
        let host = resolver("127.0.0.53", |message| Some(addresses(message, 1, 60)));
        let own = resolver("127.0.0.77", |message| Some(addresses(message, 3, 60)));
        lab.resolvers(&["127.0.0.53"]);
        // The namespace of this process: the thread's own differs from that of the machine, where nobody answers.
        let (a, b) = (client(lab, true), lab.own_client("b"));
        let mut with_own = asker("b", &[], true);
        with_own.upstreams = vec!["127.0.0.77"];
        assert_eq!(
            lab.connect().tell(&Names {
                t: "names",
                askers: vec![with_own],
                ..Names::default()
            }),
            "ok"
        );
        assert_eq!(a.look_up("example.com").len(), 1);
        let _ = b.look_up("example.com");
        assert_eq!((count(&host), count(&own)), (1, 0));
    });
}
