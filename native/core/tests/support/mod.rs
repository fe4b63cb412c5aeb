//! Drives the real binary over its socket, with a busybox root file system. Needs root.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use hbx_protocol::frame;
use hbx_protocol::messages::{NetPrepare, Prepare, PrepareCgroup};
use hbx_protocol::plan::*;
use serde::{Deserialize, Serialize};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A v1 hierarchy whose memory controller the tests use; absent on pure v2 hosts.
pub fn v1(controller: &str) -> Option<String> {
    let dir = format!("/sys/fs/cgroup/{controller}");
    Path::new(&dir).join("tasks").exists().then_some(dir)
}

/// Any answer or event of the core.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Answer {
    pub t: String,
    pub seq: Option<u32>,
    pub version: Option<u32>,
    pub pid: i32,
    pub shim_pid: i32,
    pub holder_pid: i32,
    pub step: String,
    pub errno: i32,
    pub path: Option<String>,
    pub message: Option<String>,
    pub phase: String,
    pub exit: Option<Exit>,
    pub exit_code: Option<i32>,
    pub exec_id: Option<String>,
    pub oom_killed: bool,
    pub timings: BTreeMap<String, u32>,
    pub execs: Vec<ExecState>,
    pub ok: bool,
    pub detail: String,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Exit {
    pub code: i32,
    pub signal: Option<i32>,
    pub oom_killed: bool,
    pub finished_at_ns: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecState {
    pub exec_id: String,
    pub running: bool,
    pub exit_code: Option<i32>,
}

/// Any request to the core; what is absent is left out.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    pub t: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<RunPlan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signo: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cols: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessPlan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdio: Option<StdioPlan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attach: Option<Streams>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mux: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writes: Option<Vec<CgroupWrite>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct Streams {
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    pub mux: bool,
}

pub const ALL_STREAMS: Streams = Streams {
    stdin: true,
    stdout: true,
    stderr: true,
    mux: false,
};

pub fn request(t: &'static str) -> Request {
    Request {
        t,
        ..Request::default()
    }
}

pub fn attach(streams: Streams) -> Request {
    let Streams {
        stdin,
        stdout,
        stderr,
        mux,
    } = streams;
    Request {
        stdin: Some(stdin),
        stdout: Some(stdout),
        stderr: Some(stderr),
        mux: Some(mux),
        ..request("attach")
    }
}

/// One connection, hello exchanged.
pub struct Connection(pub UnixStream);

impl Connection {
    pub fn open(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut connection = Self(stream);
        connection.send(&Request {
            version: Some(1),
            ..request("hello")
        });
        assert_eq!(connection.receive().version, Some(1));
        connection
    }

    pub fn send(&mut self, message: &impl Serialize) {
        frame::write(&self.0, message).unwrap();
    }

    pub fn try_receive(&mut self) -> Option<Answer> {
        frame::read(&self.0).unwrap().map(|body| frame::parse(&body).unwrap())
    }

    pub fn receive(&mut self) -> Answer {
        self.try_receive().expect("the core closed the connection")
    }

    pub fn expect(&mut self, t: &str) -> Answer {
        let answer = self.receive();
        assert_eq!(answer.t, t, "{answer:?}");
        answer
    }

    pub fn ask(&mut self, message: &impl Serialize) -> Answer {
        self.send(message);
        self.receive()
    }

    pub fn read_to_end(&mut self) -> String {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads until `text` has come.
    pub fn read_until(&mut self, text: &str) -> String {
        let mut seen = String::new();
        let mut buffer = [0; 4096];
        while !seen.contains(text) {
            let n = self
                .0
                .read(&mut buffer)
                .unwrap_or_else(|e| panic!("waiting for {text:?}: {e}; came: {seen:?}"));
            assert!(n > 0, "the stream ended without {text:?}: {seen:?}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
        seen
    }

    pub fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    pub fn end_input(&self) {
        self.0.shutdown(std::net::Shutdown::Write).unwrap();
    }
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
    pub fn plan(&self, args: &[&str]) -> RunPlan {
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let device = |path: &str, minor| DeviceNode {
            path: path.into(),
            kind: DeviceKind::Char,
            major: 1,
            minor,
            mode: 0o666,
            uid: 0,
            gid: 0,
        };
        let flags = vec![MountFlag::Nosuid, MountFlag::Noexec];
        RunPlan {
            version: 1,
            id: "0".repeat(64),
            exit_file: text(self.home.join("exit")),
            log: Some(LogPlan {
                path: text(self.home.join("log")),
                max_bytes: 0,
                max_files: 1,
            }),
            stdio: StdioPlan {
                tty: false,
                rows: 0,
                cols: 0,
                open_stdin: false,
                stdin_once: false,
            },
            namespaces: Namespaces {
                pid: NamespaceSource::New,
                uts: NamespaceSource::New,
                ipc: NamespaceSource::New,
                cgroup: NamespaceSource::New,
                net: NetSource::Prepared,
                user: None,
                time: None,
            },
            hostname: "box".into(),
            domainname: String::new(),
            root: RootPlan {
                lowers: vec![text(self.image.clone())],
                upper: text(self.home.join("upper")),
                work: text(self.home.join("work")),
                volatile: true,
                readonly: false,
                propagation: Propagation::Rprivate,
                idmap: false,
            },
            mounts: vec![
                MountPlan::Proc(KernelMount {
                    target: "/proc".into(),
                    readonly: false,
                    flags: flags.clone(),
                }),
                MountPlan::Tmpfs(TmpfsMount {
                    target: "/dev".into(),
                    data: "mode=755,size=65536k".into(),
                    readonly: false,
                    flags: vec![MountFlag::Nosuid],
                    copy_up: false,
                    label: "/dev".into(),
                }),
                MountPlan::Devpts(DevptsMount {
                    target: "/dev/pts".into(),
                    data: "newinstance,ptmxmode=0666,mode=0620".into(),
                    flags,
                }),
            ],
            devices: vec![
                device("/dev/null", 3),
                device("/dev/zero", 5),
                device("/dev/urandom", 9),
            ],
            symlinks: vec![("pts/ptmx".into(), "/dev/ptmx".into())],
            masked_paths: vec![],
            readonly_paths: vec![],
            sysctls: BTreeMap::new(),
            cgroup: CgroupPlan::default(),
            init: false,
            process: process(args),
        }
    }

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

pub fn process(args: &[&str]) -> ProcessPlan {
    // What Docker gives by default.
    let all: Vec<u8> = vec![0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31];
    ProcessPlan {
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
        env: vec!["PATH=/bin".into()],
        cwd: "/".into(),
        create_cwd: false,
        user: String::new(),
        groups: vec![],
        capabilities: CapabilitySets {
            bounding: all.clone(),
            effective: all.clone(),
            permitted: all,
            inheritable: vec![],
            ambient: vec![],
        },
        no_new_privileges: false,
        seccomp: None,
        rlimits: vec![],
        oom_score_adj: None,
        umask: None,
    }
}

pub fn pipes(open_stdin: bool) -> StdioPlan {
    StdioPlan {
        tty: false,
        rows: 0,
        cols: 0,
        open_stdin,
        stdin_once: open_stdin,
    }
}

pub fn terminal() -> StdioPlan {
    StdioPlan {
        tty: true,
        rows: 24,
        cols: 80,
        open_stdin: true,
        stdin_once: false,
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
