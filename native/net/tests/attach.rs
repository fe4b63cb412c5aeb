//! Interfaces that come and go while a namespace is in use, on the real kernel as root.

mod lab;

use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;

use hbx_net::{NetOp, Route, apply};
use hbx_protocol::frame;
use hbx_protocol::messages::{ChildPrepare, NetPrepare, VethPrepare};
use lab::{bridge_op, guest_link, in_fresh_namespace, interfaces, ip, prepare, thread_in, veth_plan};

fn second_bridge() -> NetOp {
    NetOp::Bridge {
        name: "hbxtest1".into(),
        addresses: vec!["10.98.0.1/24".into()],
        mtu: 1500,
    }
}

fn second(gateway: Option<&str>) -> NetPrepare {
    NetPrepare::Veth(VethPrepare {
        bridge: "hbxtest1".into(),
        host_if: "hvtest98".into(),
        isolated: false,
        guest: guest_link("eth1", "10.98.0.5/24", gateway),
    })
}

#[test]
fn second_interface_works_at_once_and_the_default_route_moves() {
    in_fresh_namespace(|| {
        apply(&[bridge_op(), second_bridge()]).unwrap();
        let guest = prepare(&NetPrepare::Veth(veth_plan(5))).unwrap();
        apply(&[NetOp::Attach {
            namespace: guest.path(),
            net: second(None),
        }])
        .unwrap();
        let listener = TcpListener::bind("10.98.0.1:7000").unwrap();
        thread_in(&guest, || {
            TcpStream::connect("10.98.0.1:7000").unwrap();
        })
        .join()
        .unwrap();
        listener.accept().unwrap();
        let routes = || thread_in(&guest, || ip(&["route", "show", "default"])).join().unwrap();
        assert_eq!(routes().trim(), "default via 10.99.0.1 dev eth0");
        let move_to = |interface: &str, via: &str| NetOp::DefaultRoutes {
            namespace: guest.path(),
            v4: Some(Route {
                interface: interface.into(),
                via: Some(via.into()),
            }),
            v6: None,
        };
        apply(&[move_to("eth1", "10.98.0.1")]).unwrap();
        assert_eq!(routes().trim(), "default via 10.98.0.1 dev eth1");
        apply(&[NetOp::LinkDelete {
            name: "hvtest98".into(),
            missing_ok: false,
        }])
        .unwrap();
        apply(&[move_to("eth0", "10.99.0.1")]).unwrap();
        assert_eq!(routes().trim(), "default via 10.99.0.1 dev eth0");
        let none = NetOp::DefaultRoutes {
            namespace: guest.path(),
            v4: None,
            v6: None,
        };
        apply(&[none.clone(), none]).unwrap();
        assert_eq!(routes(), "");
    });
}

#[test]
fn attach_that_fails_leaves_nothing() {
    in_fresh_namespace(|| {
        apply(&[bridge_op(), second_bridge()]).unwrap();
        let guest = prepare(&NetPrepare::Veth(veth_plan(5))).unwrap();
        let failure = apply(&[NetOp::Attach {
            namespace: guest.path(),
            net: second(Some("192.0.2.1")),
        }])
        .unwrap_err();
        assert_eq!(failure.step, "net_route");
        assert!(!interfaces().contains(&"hvtest98".to_owned()));
        for bad in ["/proc/self/ns/mnt", "/etc/passwd", "/proc/999999999/ns/net"] {
            let failure = apply(&[NetOp::Detach {
                namespace: bad.into(),
                interface: "eth1".into(),
            }])
            .unwrap_err();
            assert_eq!(failure.step, "net_namespace", "{bad}");
        }
    });
}

#[test]
fn port_of_a_bridge_that_was_deleted_comes_back() {
    in_fresh_namespace(|| {
        apply(&[bridge_op()]).unwrap();
        let guest = prepare(&NetPrepare::Veth(veth_plan(5))).unwrap();
        ip(&["link", "delete", "hbxtest0"]);
        let port = |link: &str| NetOp::Port {
            link: link.into(),
            bridge: "hbxtest0".into(),
            isolated: false,
            missing_ok: true,
        };
        apply(&[bridge_op(), port("hvtest5"), port("gone0")]).unwrap();
        let listener = TcpListener::bind("10.99.0.1:7000").unwrap();
        thread_in(&guest, || TcpStream::connect("10.99.0.1:7000").unwrap())
            .join()
            .unwrap();
        listener.accept().unwrap();
    });
}

#[test]
fn macvlan_is_a_neighbour_of_its_parents_network() {
    in_fresh_namespace(|| {
        let outside = lab::outside("192.0.2.1", "192.0.2.9");
        ip(&["link", "add", "up0", "type", "veth", "peer", "name", "up1"]);
        ip(&["link", "set", "up1", "master", "wire0", "up"]);
        ip(&["link", "set", "up0", "up"]);
        let net = NetPrepare::Macvlan(ChildPrepare {
            parent: "up0".into(),
            mode: "bridge".into(),
            guest: guest_link("eth0", "192.0.2.77/24", Some("192.0.2.1")),
        });
        let guest = match prepare(&net) {
            Err(failure) if failure.errno == libc::EOPNOTSUPP => {
                println!("skipped: this kernel has no macvlan");
                return;
            }
            result => result.unwrap(),
        };
        let (ready_to, ready) = std::sync::mpsc::channel();
        let server = thread_in(&outside, move || {
            let listener = TcpListener::bind("192.0.2.9:7000").unwrap();
            ready_to.send(()).unwrap();
            listener.accept().unwrap().1.ip().to_string()
        });
        ready.recv().unwrap();
        thread_in(&guest, || TcpStream::connect("192.0.2.9:7000").unwrap())
            .join()
            .unwrap();
        assert_eq!(server.join().unwrap(), "192.0.2.77");
        apply(&[NetOp::Detach {
            namespace: guest.path(),
            interface: "eth0".into(),
        }])
        .unwrap();
        let seen = thread_in(&guest, interfaces).join().unwrap();
        assert!(!seen.contains(&"eth0".to_owned()), "{seen:?}");
        let unknown = NetPrepare::Macvlan(ChildPrepare {
            parent: "up0".into(),
            mode: "bride".into(),
            guest: guest_link("eth0", "192.0.2.78/24", None),
        });
        assert_eq!(prepare(&unknown).err().unwrap().path.as_deref(), Some("bride"));
    });
}

#[test]
fn watch_tells_of_a_flush_by_others_and_of_a_bridge_that_goes() {
    #[derive(serde::Serialize)]
    struct Job {
        t: &'static str,
        table: &'static str,
    }
    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Told {
        what: String,
        name: String,
    }
    in_fresh_namespace(|| {
        let table = || NetOp::NftTable {
            table: "hbx_test".into(),
        };
        apply(&[bridge_op(), table()]).unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
        std::thread::scope(|scope| {
            let watching = scope.spawn(move || {
                let job = Job {
                    t: "watchNetwork",
                    table: "hbx_test",
                };
                hbx_net::watch(&frame::encode(&job)[4..], &theirs)
            });
            let next = || frame::parse::<Told>(&frame::read(&ours).unwrap().unwrap()).unwrap();
            let told = |what: &str, name: &str| Told {
                what: what.into(),
                name: name.into(),
            };
            assert_eq!(next(), told("watching", "hbx_test"));
            lab::nft("add table ip other; delete table ip other");
            lab::nft("flush ruleset");
            assert_eq!(next(), told("table", "hbx_test"));
            apply(&[table()]).unwrap();
            lab::nft("flush chain inet hbx_test forward");
            assert_eq!(next(), told("table", "hbx_test"));
            ip(&["link", "add", "x0", "type", "veth", "peer", "name", "x1"]);
            ip(&["link", "delete", "x0"]);
            ip(&["link", "add", "hvtest1", "type", "veth", "peer", "name", "x1"]);
            ip(&["link", "delete", "x1"]);
            assert_eq!(next(), told("link", "hvtest1"));
            ip(&["link", "delete", "hbxtest0"]);
            assert_eq!(next(), told("link", "hbxtest0"));
            drop(ours);
            watching.join().unwrap().unwrap();
        });
    });
}
