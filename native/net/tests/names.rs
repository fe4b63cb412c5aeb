//! The redirect of 127.0.0.11:53 on the real kernel, as root, inside network namespaces of their own.

mod lab;

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use hbx_protocol::hello::Hello;
use hbx_protocol::messages::NamesPrepare;
use hbx_protocol::{descriptors, frame};
use lab::in_fresh_namespace;
use serde::Serialize;

#[derive(Serialize)]
struct Word {
    t: &'static str,
}

/// A service that takes one hand-over with `word` and gives the descriptors back.
fn service(name: &str, word: &'static str) -> (NamesPrepare, std::thread::JoinHandle<Vec<OwnedFd>>) {
    let path = std::env::temp_dir().join(format!("hbx-names-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let socket = path.to_string_lossy().into_owned();
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        std::fs::remove_file(path).unwrap();
        let (_, fds) = descriptors::receive(&stream, &mut [0; 4096]).unwrap();
        frame::write(&stream, &Hello::ours("dns")).unwrap();
        frame::write(&stream, &Word { t: word }).unwrap();
        fds
    });
    (
        NamesPrepare {
            socket,
            key: "k".into(),
        },
        thread,
    )
}

/// Echoes one datagram and one connection on the sockets that were handed over.
fn serve(mut fds: Vec<OwnedFd>) {
    let tcp = std::net::TcpListener::from(fds.remove(1));
    let udp = UdpSocket::from(fds.remove(0));
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        let (n, from) = udp.recv_from(&mut bytes).unwrap();
        udp.send_to(&bytes[..n], from).unwrap();
    });
    std::thread::spawn(move || {
        let (mut stream, _) = tcp.accept().unwrap();
        let mut bytes = [0; 3];
        stream.read_exact(&mut bytes).unwrap();
        stream.write_all(&bytes).unwrap();
    });
}

fn check_both_ways() {
    let udp = UdpSocket::bind("0.0.0.0:0").unwrap();
    udp.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    udp.connect("127.0.0.11:53").unwrap();
    udp.send(b"udp").unwrap();
    let mut bytes = [0; 3];
    assert_eq!(udp.recv(&mut bytes).unwrap(), 3);
    let mut tcp = TcpStream::connect("127.0.0.11:53").unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    tcp.write_all(b"tcp").unwrap();
    tcp.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"tcp");
}

#[test]
fn questions_to_port_53_reach_the_sockets_and_port_53_stays_free() {
    in_fresh_namespace(|| {
        for name in ["first", "again"] {
            let (names, thread) = service(name, "ok");
            hbx_net::names::prepare(&names).unwrap();
            serve(thread.join().unwrap());
            check_both_ways();
        }
        let everywhere = UdpSocket::bind("0.0.0.0:53").unwrap();
        std::net::TcpListener::bind("0.0.0.0:53").unwrap();
        let elsewhere = UdpSocket::bind("127.0.0.1:0").unwrap();
        elsewhere.send_to(b"own", "127.0.0.1:53").unwrap();
        assert_eq!(
            everywhere.recv_from(&mut [0; 8]).unwrap().1,
            elsewhere.local_addr().unwrap()
        );
        assert_eq!(
            lab::ruleset().matches("oif != 1 accept").count() + lab::ruleset().matches("oif != \"lo\" accept").count(),
            2
        );
    });
}

#[test]
fn redirect_works_where_the_container_tracks_connections_itself() {
    in_fresh_namespace(|| {
        let (names, thread) = service("tracked", "ok");
        hbx_net::names::prepare(&names).unwrap();
        let rules = "table ip own { chain in { type filter hook input priority 0; ct state established,related accept; \
                     ct state new ip daddr 127.0.0.11 accept; drop; }; \
                     chain nat { type nat hook postrouting priority 100; oifname != lo masquerade; }; }";
        assert!(std::process::Command::new("nft").arg(rules).status().unwrap().success());
        serve(thread.join().unwrap());
        check_both_ways();
    });
}

#[test]
fn prepare_fails_without_a_service_and_leaves_no_redirect() {
    in_fresh_namespace(|| {
        let nowhere = NamesPrepare {
            socket: "/does/not/exist".into(),
            key: "k".into(),
        };
        assert_eq!(hbx_net::names::prepare(&nowhere).unwrap_err().errno, libc::ENOENT);
        let (names, thread) = service("refusing", "failed");
        assert!(hbx_net::names::prepare(&names).is_err());
        thread.join().unwrap();
        assert_eq!(lab::ruleset(), "");
    });
}
