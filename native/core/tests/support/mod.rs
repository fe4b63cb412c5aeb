//! Drives the real binary over its socket, with a busybox root file system. Needs root.
#![allow(dead_code, unused_imports, reason = "every test file uses its own part")]

mod connection;
mod frames;
mod plan;

pub use connection::Connection;
pub use frames::*;
pub use plan::{pipes, process, terminal};

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use hbx_protocol::messages::{NetPrepare, Prepare, PrepareCgroup};
use hbx_protocol::plan::*;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A v1 hierarchy whose memory controller the tests use; absent on pure v2 hosts.
pub fn v1(controller: &str) -> Option<String> {
    let dir = format!("/sys/fs/cgroup/{controller}");
    Path::new(&dir).join("tasks").exists().then_some(dir)
}

/// A zygote with a directory of its own; everything goes when it is dropped.
pub struct Zygote {
    pub dir: PathBuf,
    pub child: Child,
    socket: PathBuf,
    life: Option<UnixStream>,
    cgroup: String,
}

impl Zygote {
    pub fn start() -> Self {
        let name = format!(
            "hbx-core-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let dir = std::env::temp_dir().join(&name);
        let root = dir.join("image");
        for sub in ["bin", "proc", "dev", "sys", "etc", "tmp", "root"] {
            fs::create_dir_all(root.join(sub)).unwrap();
        }
        fs::copy("/bin/busybox", root.join("bin/busybox")).expect("busybox-static is installed");
        for applet in [
            "sh", "cat", "echo", "sleep", "true", "stty", "head", "dd", "id", "ps", "kill", "tail", "yes", "hostname",
            "setsid",
        ] {
            std::os::unix::fs::symlink("busybox", root.join("bin").join(applet)).unwrap();
        }
        fs::write(
            root.join("etc/passwd"),
            "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/tmp:/bin/sh\n",
        )
        .unwrap();
        fs::write(root.join("etc/group"), "root:x:0:\napp:x:1000:\n").unwrap();
        let socket = dir.join("z");
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hbx-core"));
        command
            .args(["zygote", "--socket", socket.to_str().unwrap(), "--life-fd", "3"])
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command.stderr(fs::File::create(dir.join("stderr")).unwrap());
        let life = theirs.as_raw_fd();
        // SAFETY: dup2 is async-signal-safe.
        unsafe {
            command.pre_exec(move || {
                if libc::dup2(life, 3) < 0 {
                    Err(std::io::Error::last_os_error())
                } else {
                    Ok(())
                }
            });
        }
        let child = command.spawn().unwrap();
        let zygote = Self {
            dir,
            child,
            socket,
            life: Some(ours),
            cgroup: name,
        };
        wait_until("the zygote listens", || UnixStream::connect(&zygote.socket).is_ok());
        zygote
    }

    pub fn connect(&self) -> Connection {
        Connection::open(&self.socket)
    }

    /// Closes the line whose end tells the zygote to end.
    pub fn cut_life_line(&mut self) {
        self.life = None;
    }

    fn cgroups(&self, id: &str) -> (Vec<String>, Option<String>) {
        let dirs: Vec<_> = ["memory", "pids", "freezer"].iter().filter_map(|c| v1(c)).collect();
        let v2 = dirs.is_empty().then(|| format!("/sys/fs/cgroup/{}/{id}", self.cgroup));
        (
            dirs.iter().map(|dir| format!("{dir}/{}/{id}", self.cgroup)).collect(),
            v2,
        )
    }

    /// A spare with v1 cgroups where the host has them.
    pub fn spare(&self) -> Spare {
        self.spare_with(NetPrepare::None, false)
    }

    pub fn spare_with(&self, net: NetPrepare, v2: bool) -> Spare {
        let id = format!("c{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let (mut dirs, mut v2_dir) = self.cgroups(&id);
        if v2 && v2_dir.is_none() {
            dirs.clear();
            v2_dir = Some(format!("/sys/fs/cgroup/unified/{}/{id}", self.cgroup));
        }
        let control = self.dir.join(format!("{id}.s"));
        let prepare = Prepare {
            t: "prepare".into(),
            id: id.clone(),
            control_socket: control.to_str().unwrap().into(),
            cgroup: PrepareCgroup {
                dirs: dirs.clone(),
                writes: vec![],
                v2_dir: v2_dir.clone(),
            },
            net,
            names: None,
            stall_timeout_ms: Some(1000),
        };
        let mut connection = self.connect();
        let answer = connection.ask(&prepare);
        assert_eq!(answer.t, "prepared", "{answer:?}");
        let home = self.dir.join(&id);
        for sub in ["upper", "work", "merged"] {
            fs::create_dir_all(home.join(sub)).unwrap();
        }
        let (shim_pid, holder_pid) = (answer.shim_pid, answer.holder_pid);
        let image = self.dir.join("image");
        let guard = ShimGuard(shim_pid);
        Spare {
            connection,
            control,
            home,
            image,
            dirs,
            v2_dir,
            shim_pid,
            holder_pid,
            guard,
        }
    }

    /// A running container.
    pub fn run(&self, args: &[&str]) -> Spare {
        self.run_with(args, |_| {})
    }

    pub fn run_with(&self, args: &[&str], change: impl FnOnce(&mut RunPlan)) -> Spare {
        let mut spare = self.spare();
        let mut plan = spare.plan(args);
        change(&mut plan);
        spare.start(plan);
        spare
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for controller in ["memory", "pids", "freezer", "unified", "."] {
            let dir = format!("/sys/fs/cgroup/{controller}/{}", self.cgroup);
            wait_a_moment(|| {
                for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
                    let _ = fs::remove_dir(entry.path());
                }
                let _ = fs::remove_dir(&dir);
                !Path::new(&dir).exists()
            });
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

pub struct Spare {
    /// The connection that prepared it: answers and events.
    pub connection: Connection,
    pub control: PathBuf,
    pub home: PathBuf,
    image: PathBuf,
    pub dirs: Vec<String>,
    pub v2_dir: Option<String>,
    pub shim_pid: i32,
    pub holder_pid: i32,
    guard: ShimGuard,
}

/// A test that fails half-way leaves no container.
pub struct ShimGuard(i32);

impl Drop for ShimGuard {
    fn drop(&mut self) {
        if alive(self.0) {
            kill(self.0);
        }
    }
}

impl Spare {
    pub fn start(&mut self, plan: RunPlan) -> Answer {
        let answer = self.try_start(plan);
        assert_eq!(answer.t, "started", "{answer:?}");
        answer
    }

    pub fn try_start(&mut self, plan: RunPlan) -> Answer {
        self.connection.ask(&Request {
            plan: Some(plan),
            ..request("start")
        })
    }

    pub fn control(&self) -> Connection {
        Connection::open(&self.control)
    }

    /// A connection that has become a stream of the container.
    pub fn attach(&self, streams: Streams) -> Connection {
        let mut connection = self.control();
        connection.send(&attach(streams));
        connection.expect("attached");
        connection
    }

    /// Waits for the end of the container and of its shim.
    pub fn wait(&mut self) -> Exit {
        loop {
            let answer = self.connection.receive();
            if answer.t == "exited" {
                assert!(self.connection.try_receive().is_none(), "nothing follows the exit");
                return answer.exit.unwrap();
            }
            assert!(["execExited", "oom"].contains(&answer.t.as_str()), "{answer:?}");
        }
    }

    /// Payload of the log, both streams.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.home.join("log")).unwrap_or_default();
        let mut text = String::new();
        let mut rest = &bytes[..];
        while rest.len() >= 16 {
            let length = u32::from_be_bytes(rest[4..8].try_into().unwrap()) as usize;
            text.push_str(&String::from_utf8_lossy(&rest[16..16 + length]));
            rest = &rest[16 + length..];
        }
        text
    }

    pub fn output(mut self) -> String {
        self.wait();
        self.log()
    }

    pub fn cgroups_left(&self) -> Vec<&String> {
        self.dirs
            .iter()
            .chain(&self.v2_dir)
            .filter(|dir| Path::new(dir.as_str()).exists())
            .collect()
    }
}

/// Polls for what no event tells us.
pub fn wait_a_moment(mut done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        if done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

pub fn wait_until(what: &str, done: impl FnMut() -> bool) {
    assert!(wait_a_moment(done), "timed out: {what}");
}

/// Whether the process is there and not a zombie.
pub fn alive(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

pub fn kill(pid: i32) {
    // SAFETY: no pointers; the pid is one of a process that the test has started.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}
