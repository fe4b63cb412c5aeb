//! A name service with clients and resolvers in a network namespace of the test's own.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hbx_dns::{Options, listen};
use hbx_protocol::hello::Hello;
use hbx_protocol::{descriptors, frame};
use serde::Serialize;

pub const SECOND: Duration = Duration::from_secs(1);
static COUNT: AtomicU32 = AtomicU32::new(0);

pub struct Lab {
    pub dir: PathBuf,
}

pub fn in_fresh_namespace(work: impl FnOnce(&Lab) + Send + 'static) {
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("hbx-dns-{}-{n}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let lab = Lab { dir: dir.clone() };
    let result = std::thread::spawn(move || {
        // SAFETY: no pointers; only this thread and those it starts move.
        assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWNET) }, 0, "this test needs root");
        assert!(
            Command::new("ip")
                .args(["link", "set", "lo", "up"])
                .status()
                .unwrap()
                .success()
        );
        lab.resolvers(&[]);
        let (socket, resolv_conf) = (lab.control(), lab.dir.join("resolv.conf"));
        let listening = listen(Options { socket, resolv_conf }).unwrap();
        std::thread::spawn(move || listening.serve());
        work(&lab);
    })
    .join();
    fs::remove_dir_all(&dir).unwrap();
    result.unwrap();
}

impl Lab {
    pub fn control(&self) -> PathBuf {
        self.dir.join("dns.sock")
    }

    pub fn resolvers(&self, addresses: &[&str]) {
        let lines: String = addresses
            .iter()
            .map(|address| format!("nameserver {address}\n"))
            .collect();
        let fresh = self.dir.join("resolv.new");
        fs::write(&fresh, lines).unwrap();
        fs::rename(fresh, self.dir.join("resolv.conf")).unwrap();
    }

    pub fn connect(&self) -> Connection {
        let connection = Connection(UnixStream::connect(self.control()).unwrap());
        connection.0.set_read_timeout(Some(5 * SECOND)).unwrap();
        frame::write(&connection.0, &Hello::ours("test")).unwrap();
        assert_eq!(connection.receive(), "hello");
        connection
    }

    /// Hands sockets over; they live as long as `process`.
    pub fn client(&self, key: &str, process: u32) -> Client {
        let ip = Ipv4Addr::new(127, 0, 0, 11);
        let (udp, tcp) = (UdpSocket::bind((ip, 0)).unwrap(), TcpListener::bind((ip, 0)).unwrap());
        let client = Client {
            udp: udp.local_addr().unwrap(),
            tcp: tcp.local_addr().unwrap(),
        };
        let pidfd = pidfd(process);
        let fds = [udp.as_fd(), tcp.as_fd(), pidfd.as_fd()];
        assert_eq!(self.connect().ask_with(&Sockets { t: "sockets", key }, &fds), "ok");
        client
    }

    pub fn own_client(&self, key: &str) -> Client {
        self.client(key, std::process::id())
    }
}

pub fn pidfd(process: u32) -> OwnedFd {
    // SAFETY: no pointers; the kernel has just given us this descriptor.
    unsafe { OwnedFd::from_raw_fd(libc::syscall(libc::SYS_pidfd_open, process, 0) as i32) }
}

#[derive(Serialize)]
pub struct Sockets<'a> {
    pub t: &'static str,
    pub key: &'a str,
}

#[derive(Serialize, Default)]
pub struct Names<'a> {
    pub t: &'static str,
    pub fresh: bool,
    pub join: Vec<Join<'a>>,
    pub leave: Vec<Leave<'a>>,
    pub askers: Vec<Asker<'a>>,
}

#[derive(Serialize)]
pub struct Join<'a> {
    pub network: &'a str,
    pub member: Member<'a>,
}

#[derive(Serialize)]
pub struct Leave<'a> {
    pub network: &'a str,
    pub key: &'a str,
}

#[derive(Serialize)]
pub struct Member<'a> {
    pub key: &'a str,
    pub names: Vec<&'a str>,
    pub addresses: Vec<&'a str>,
    pub pointer: Option<String>,
}

#[derive(Serialize)]
pub struct Asker<'a> {
    pub key: &'a str,
    pub networks: Vec<&'a str>,
    pub forward: bool,
    pub upstreams: Vec<&'a str>,
}

pub fn join<'a>(network: &'a str, key: &'a str, names: &[&'a str], addresses: &[&'a str]) -> Join<'a> {
    let (names, addresses) = (names.to_vec(), addresses.to_vec());
    let pointer = Some(format!("{key}.{network}"));
    Join {
        network,
        member: Member {
            key,
            names,
            addresses,
            pointer,
        },
    }
}

pub fn asker<'a>(key: &'a str, networks: &[&'a str], forward: bool) -> Asker<'a> {
    Asker {
        key,
        networks: networks.to_vec(),
        forward,
        upstreams: vec![],
    }
}

pub struct Connection(pub UnixStream);

impl Connection {
    pub fn tell<T: Serialize>(&self, request: &T) -> String {
        frame::write(&self.0, request).unwrap();
        self.receive()
    }

    pub fn ask_with<T: Serialize>(&self, request: &T, fds: &[std::os::fd::BorrowedFd]) -> String {
        descriptors::send(&self.0, &frame::encode(request), fds).unwrap();
        self.receive()
    }

    /// The type of the next frame.
    pub fn receive(&self) -> String {
        let body = frame::read(&self.0)
            .unwrap()
            .expect("the service closed the connection");
        frame::head(&body).unwrap().t.to_owned()
    }
}

pub struct Client {
    pub udp: SocketAddr,
    pub tcp: SocketAddr,
}

pub fn question(name: &str, kind: u16, edns: Option<u16>) -> Vec<u8> {
    let mut bytes = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(edns.is_some())];
    for label in name.split('.') {
        bytes.push(label.len() as u8);
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1]);
    if let Some(size) = edns {
        bytes.extend([0, 0, 41]);
        bytes.extend(size.to_be_bytes());
        bytes.extend([0; 6]);
    }
    bytes
}

#[derive(Debug, PartialEq)]
pub struct Reply {
    pub rcode: u8,
    pub truncated: bool,
    /// Addresses; other records as `kind:length`.
    pub records: Vec<String>,
    pub bytes: Vec<u8>,
}

impl Client {
    pub fn ask(&self, name: &str, kind: u16) -> Option<Reply> {
        self.ask_raw(&question(name, kind, None))
    }

    pub fn ask_raw(&self, message: &[u8]) -> Option<Reply> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(6 * SECOND)).unwrap();
        socket.connect(self.udp).unwrap();
        socket.send(message).unwrap();
        let mut bytes = [0; 65536];
        let n = socket.recv(&mut bytes).ok()?;
        Some(read_reply(message, &bytes[..n]))
    }

    pub fn ask_stream(&self, messages: &[Vec<u8>]) -> Vec<Reply> {
        let mut socket = TcpStream::connect(self.tcp).unwrap();
        socket.set_read_timeout(Some(6 * SECOND)).unwrap();
        for message in messages {
            socket.write_all(&(message.len() as u16).to_be_bytes()).unwrap();
            socket.write_all(message).unwrap();
        }
        let one = |message: &Vec<u8>| {
            let mut length = [0; 2];
            socket.read_exact(&mut length).unwrap();
            let mut bytes = vec![0; u16::from_be_bytes(length).into()];
            socket.read_exact(&mut bytes).unwrap();
            read_reply(message, &bytes)
        };
        messages.iter().map(one).collect()
    }

    /// The addresses, or else the name of the answer's code.
    pub fn look_up(&self, name: &str) -> Vec<String> {
        let reply = self.ask(name, 1).expect("no answer");
        if reply.rcode == 0 {
            reply.records
        } else {
            vec![format!("rcode {}", reply.rcode)]
        }
    }
}

fn read_reply(message: &[u8], bytes: &[u8]) -> Reply {
    assert_eq!((&bytes[..2], bytes[2] & 0x80), (&message[..2], 0x80));
    let mut records = Vec::new();
    let mut at = 12;
    while bytes.len() > at && bytes[at] != 0 {
        at += 1 + usize::from(bytes[at]);
    }
    at += 5;
    for _ in 0..u16::from_be_bytes([bytes[6], bytes[7]]) {
        let length = usize::from(bytes[at + 11]);
        let data = &bytes[at + 12..at + 12 + length];
        records.push(match bytes[at + 3] {
            1 => Ipv4Addr::new(data[0], data[1], data[2], data[3]).to_string(),
            28 => std::net::Ipv6Addr::from(<[u8; 16]>::try_from(data).unwrap()).to_string(),
            12 => String::from_utf8_lossy(data).replace(|c: char| c.is_control(), "."),
            kind => format!("{kind}:{length}"),
        });
        at += 12 + length;
    }
    let (rcode, truncated) = (bytes[3] & 15, bytes[2] & 2 != 0);
    Reply {
        rcode,
        truncated,
        records,
        bytes: bytes.to_vec(),
    }
}

/// What a resolver was asked: names in the order in which they came.
pub type Heard = Arc<Mutex<Vec<String>>>;

/// A resolver on `address`:53 that answers what `reply` makes of the question's bytes; None: nothing.
pub fn resolver(address: &str, reply: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync + 'static) -> Heard {
    let heard = Heard::default();
    let socket = UdpSocket::bind((address, 53)).unwrap();
    let listener = TcpListener::bind((address, 53)).unwrap();
    let reply = Arc::new(reply);
    let (ours, theirs) = (heard.clone(), reply.clone());
    let hear = |heard: &Heard, message: &[u8]| {
        let name = message[12..].iter().take_while(|&&b| b != 0);
        let name = name.map(|&b| if b < 64 { '.' } else { b as char }).collect();
        heard.lock().unwrap().push(name);
    };
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok((n, from)) = socket.recv_from(&mut bytes) {
            hear(&ours, &bytes[..n]);
            if let Some(reply) = theirs(&bytes[..n]) {
                let _ = socket.send_to(&reply, from);
            }
        }
    });
    let ours = heard.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut length = [0; 2];
            if stream.read_exact(&mut length).is_err() {
                continue;
            }
            let mut bytes = vec![0; u16::from_be_bytes(length).into()];
            let _ = stream.read_exact(&mut bytes);
            hear(&ours, &bytes);
            if let Some(reply) = reply(&bytes) {
                let _ = stream.write_all(&(reply.len() as u16).to_be_bytes());
                let _ = stream.write_all(&reply);
            }
        }
    });
    heard
}

/// A reply with `records` addresses 192.0.2.n that may be kept for `ttl` seconds.
pub fn addresses(message: &[u8], records: u8, ttl: u32) -> Vec<u8> {
    let end = 12 + message[12..].iter().position(|&b| b == 0).unwrap() + 5;
    let mut bytes = message[..end].to_vec();
    (bytes[2], bytes[3], bytes[7], bytes[11]) = (0x81, 0x80, records, 0);
    for n in 0..records {
        bytes.extend([0xc0, 12, 0, 1, 0, 1]);
        bytes.extend(ttl.to_be_bytes());
        bytes.extend([0, 4, 192, 0, 2, n]);
    }
    bytes
}

/// Blocks until the descriptor's process has ended.
pub fn wait_for(process: &OwnedFd) {
    let mut poll = libc::pollfd {
        fd: process.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one valid pollfd.
    unsafe { libc::poll(&raw mut poll, 1, 5000) };
}
