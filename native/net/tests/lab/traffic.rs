//! A table, published ports, a server and somebody who asks.
#![allow(dead_code)] // each test file uses its own part

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc::channel;
use std::time::Duration;

use hbx_net::{NetOp, NetworkRules, PortProtocol, apply};
use hbx_protocol::messages::NetPrepare;

use super::{Guest, bridge_op, prepare, thread_in, veth_plan};

pub const TABLE: &str = "hbx_test";

pub fn table_op() -> NetOp {
    NetOp::NftTable { table: TABLE.into() }
}

pub fn network_rules(bridge: &str) -> NetworkRules {
    NetworkRules {
        table: TABLE.into(),
        bridge: bridge.into(),
        subnets: vec!["10.99.0.0/24".into(), "fd99::/64".into()],
        internal: false,
        icc: true,
        masquerade4: true,
        masquerade6: true,
    }
}

pub fn network_op() -> NetOp {
    NetOp::NftNetwork(network_rules("hbxtest0"))
}

pub fn publish(protocol: PortProtocol, host: &str, host_port: u16, guest: &str) -> NetOp {
    let (host_ip, guest_ip) = (host.parse().unwrap(), guest.parse().unwrap());
    NetOp::NftPublish {
        table: TABLE.into(),
        protocol,
        host_ip,
        host_port,
        guest_ip,
        guest_port: 80,
    }
}

pub fn unpublish(host: &str, host_port: u16, missing_ok: bool) -> NetOp {
    let (protocol, host_ip) = (PortProtocol::Tcp, host.parse().unwrap());
    NetOp::NftUnpublish {
        table: TABLE.into(),
        protocol,
        host_ip,
        host_port,
        missing_ok,
    }
}

pub fn sysctl(path: &str) -> NetOp {
    NetOp::Sysctl {
        path: path.into(),
        value: "1".into(),
        missing_ok: false,
    }
}

pub fn set_up() {
    let localnet = sysctl("net/ipv4/conf/hbxtest0/route_localnet");
    let forward6 = sysctl("net/ipv6/conf/all/forwarding");
    apply(&[bridge_op(), localnet, forward6]).unwrap();
    apply(&[sysctl("net/ipv4/ip_forward"), table_op(), network_op()]).unwrap();
}

pub fn guest(n: u8) -> Guest {
    prepare(&NetPrepare::Veth(veth_plan(n))).unwrap()
}

/// A server in the guest that answers each connection with the peer's address, as it sees it.
pub fn serve(net: &Guest) {
    let (ready_to, ready) = channel();
    thread_in(net, move || {
        let listener = TcpListener::bind("[::]:80").unwrap();
        let udp = UdpSocket::bind("0.0.0.0:80").unwrap();
        ready_to.send(()).unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 64];
            while let Ok((_, from)) = udp.recv_from(&mut buffer) {
                let _ = udp.send_to(from.ip().to_string().as_bytes(), from);
            }
        });
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let peer = stream.peer_addr().unwrap().ip().to_canonical().to_string();
            let _ = stream.write_all(peer.as_bytes());
        }
    });
    ready.recv().unwrap();
}

pub fn ask(address: &str) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address.parse().unwrap(), Duration::from_millis(700)).ok()?;
    stream.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

pub fn ask_udp(address: &str) -> Option<String> {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
    socket.connect(address).ok()?;
    socket.send(b"?").ok()?;
    let mut buffer = [0; 64];
    let got = socket.recv(&mut buffer).ok()?;
    Some(String::from_utf8_lossy(&buffer[..got]).into_owned())
}
