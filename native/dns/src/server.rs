//! The loop, and all that it owns.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use hbx_protocol::{Failure, steps};

use crate::asker::Sockets;
use crate::cache::Cache;
use crate::control::Control;
use crate::datagrams::Datagrams;
use crate::forward::{Flight, Health};
use crate::resolv_conf::HostResolvers;
use crate::slab::{Place, Slab, pack, unpack};
use crate::stream::Stream;
use crate::sys::{self, Epoll};
use crate::tables::{Asker, Tables};

/// Without anybody to serve or to obey for so long, the process ends.
const LONELY: Duration = Duration::from_secs(10);

pub struct Options {
    pub socket: PathBuf,
    pub resolv_conf: PathBuf,
}

/// What an event or a time limit is about.
pub mod kind {
    pub const LISTENER: u8 = 0;
    pub const CONTROL: u8 = 1;
    pub const UDP: u8 = 2;
    pub const TCP: u8 = 3;
    pub const ENDED: u8 = 4;
    pub const STREAM: u8 = 5;
    pub const FLIGHT: u8 = 6;
}

#[derive(Default)]
pub struct Counters {
    pub queries: u64,
    pub forwarded: u64,
    pub cached: u64,
    pub failed: u64,
}

pub struct Server {
    pub epoll: Epoll,
    listener: UnixListener,
    socket: PathBuf,
    identity: Option<(u64, u64)>,
    pub controls: Slab<Control>,
    pub sockets: Slab<Sockets>,
    pub by_key: HashMap<String, Place>,
    pub askers: HashMap<String, Rc<Asker>>,
    pub streams: Slab<Stream>,
    pub flights: Slab<Flight>,
    pub tables: Tables,
    pub cache: Cache,
    pub resolvers: HostResolvers,
    pub health: Health,
    pub counters: Counters,
    deadlines: BinaryHeap<Reverse<(Instant, u8, Place)>>,
    lonely_since: Instant,
    /// A daemon was here: when it and all containers are gone, so are we.
    pub was_needed: bool,
    pub datagrams: Box<Datagrams>,
    /// One answer at a time.
    pub output: Vec<u8>,
}

/// A server that can be connected to but does not answer yet.
pub struct Listening(UnixListener, Epoll, Options);

/// Takes the place of whatever was at the socket's path, in one step.
pub fn listen(options: Options) -> Result<Listening, Failure> {
    let failed = |e: io::Error| Failure::io(steps::CONTROL_SOCKET, &e).at(options.socket.to_string_lossy());
    let mut fresh = options.socket.clone().into_os_string();
    fresh.push(".new");
    let _ = fs::remove_file(&fresh);
    let listener = UnixListener::bind(&fresh).map_err(failed)?;
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    fs::rename(&fresh, &options.socket).map_err(failed)?;
    let epoll = Epoll::new().map_err(failed)?;
    epoll
        .add(
            &listener,
            sys::IN,
            pack(kind::LISTENER, Slab::<()>::default().insert(())),
        )
        .map_err(failed)?;
    sys::raise_descriptor_limit();
    Ok(Listening(listener, epoll, options))
}

impl Listening {
    /// Serves until nobody needs it any more.
    pub fn serve(self) {
        let Self(listener, epoll, options) = self;
        let mut server = Server {
            epoll,
            listener,
            identity: identity(&options.socket),
            socket: options.socket,
            controls: Slab::default(),
            sockets: Slab::default(),
            by_key: HashMap::new(),
            askers: HashMap::new(),
            streams: Slab::default(),
            flights: Slab::default(),
            tables: Tables::default(),
            cache: Cache::default(),
            resolvers: HostResolvers::new(&options.resolv_conf),
            health: Health::default(),
            counters: Counters::default(),
            deadlines: BinaryHeap::new(),
            lonely_since: Instant::now(),
            was_needed: false,
            datagrams: Box::default(),
            output: Vec::new(),
        };
        server.run();
        server.remove_socket();
    }
}

impl Server {
    fn run(&mut self) {
        let mut ready = Vec::new();
        while !self.is_over() {
            self.epoll.wait(self.timeout_ms(), &mut ready);
            for &(token, events) in &ready {
                let (kind, place) = unpack(token);
                match kind {
                    kind::LISTENER => self.accept_control(),
                    kind::CONTROL => self.serve_control(place),
                    kind::UDP => self.serve_datagrams(place),
                    kind::TCP => self.accept_stream(place),
                    kind::ENDED => self.drop_sockets(place),
                    kind::STREAM => self.serve_stream(place, events),
                    _ => self.serve_flight(place, events),
                }
            }
            self.expire();
        }
    }

    fn is_over(&mut self) -> bool {
        if self.sockets.len() + self.controls.len() > 0 {
            self.lonely_since = Instant::now();
            return false;
        }
        self.was_needed || self.lonely_since.elapsed() >= LONELY
    }

    pub fn accept_control(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            if stream.set_nonblocking(true).is_err() {
                continue;
            }
            let place = self.controls.insert(Control::new(stream));
            let added = self
                .controls
                .get(place)
                .map(|c| self.epoll.add(&c.stream, sys::IN, pack(kind::CONTROL, place)));
            if !matches!(added, Some(Ok(()))) {
                self.controls.remove(place);
            }
        }
    }

    /// `place` is looked at again at `at`, if it is still there.
    pub fn remind(&mut self, at: Instant, kind: u8, place: Place) {
        self.deadlines.push(Reverse((at, kind, place)));
    }

    fn timeout_ms(&self) -> i32 {
        let until = |at: Instant| at.saturating_duration_since(Instant::now()).as_millis() as i32 + 1;
        let deadline = self.deadlines.peek().map(|Reverse((at, ..))| until(*at));
        let alone = self.sockets.len() + self.controls.len() == 0;
        let lonely = alone.then(|| until(self.lonely_since + LONELY));
        deadline.into_iter().chain(lonely).min().unwrap_or(-1)
    }

    fn expire(&mut self) {
        let now = Instant::now();
        while let Some(&Reverse((at, kind, place))) = self.deadlines.peek() {
            if at > now {
                break;
            }
            self.deadlines.pop();
            match kind {
                kind::FLIGHT => self.flight_is_late(place, now),
                _ => self.stream_is_late(place, now),
            }
        }
    }

    /// Not what another server put there meanwhile.
    fn remove_socket(&self) {
        if identity(&self.socket).is_some_and(|found| Some(found) == self.identity) {
            let _ = fs::remove_file(&self.socket);
        }
    }
}

/// Device and inode.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|m| (m.dev(), m.ino()))
}
