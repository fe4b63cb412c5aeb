//! Builds containers from a busybox layer in a process of their own: this test program again, in the mode `inside`.
//! Needs root.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use hbx_protocol::plan::*;
use hbx_protocol::{Failure, Timings};
use hbx_setup::{container, process};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// One container's files, removed at the end.
pub struct Sandbox {
    pub dir: PathBuf,
    pub plan: RunPlan,
}

pub struct Outcome {
    pub code: i32,
    pub output: String,
    pub failure: Option<Failure>,
}

impl Outcome {
    /// The output of a container that started.
    pub fn text(&self) -> &str {
        assert!(self.failure.is_none(), "{}", self.failure.as_ref().unwrap());
        self.output.trim_end()
    }

    /// The reason of one that did not.
    pub fn reason(&self) -> &Failure {
        self.failure
            .as_ref()
            .unwrap_or_else(|| panic!("it started: {}", self.output))
    }
}

fn kernel(target: &str, readonly: bool) -> KernelMount {
    let flags = vec![MountFlag::Nosuid, MountFlag::Nodev, MountFlag::Noexec];
    KernelMount {
        target: target.into(),
        readonly,
        flags,
    }
}

pub fn bind(source: &Path, target: &str) -> BindMount {
    BindMount {
        source: source.display().to_string(),
        namespace: None,
        target: target.into(),
        readonly: false,
        recursive: true,
        propagation: Propagation::Rprivate,
        flags: vec![],
        label: "volume data".into(),
    }
}

pub fn tmpfs(target: &str, data: &str) -> TmpfsMount {
    TmpfsMount {
        target: target.into(),
        data: data.into(),
        readonly: false,
        flags: vec![],
        copy_up: false,
        label: "tmpfs".into(),
    }
}

impl Sandbox {
    pub fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("hbx-setup-{}-{number}", std::process::id()));
        for part in ["lower/bin", "lower/etc", "upper", "work", "host"] {
            fs::create_dir_all(dir.join(part)).unwrap();
        }
        fs::copy("/bin/busybox", dir.join("lower/bin/busybox")).unwrap();
        for name in [
            "sh", "cat", "ls", "id", "stat", "touch", "mkdir", "mount", "grep", "pwd", "readlink", "umount",
        ] {
            symlink("busybox", dir.join("lower/bin").join(name)).unwrap();
        }
        fs::write(
            dir.join("lower/etc/passwd"),
            "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n",
        )
        .unwrap();
        fs::write(dir.join("lower/etc/group"), "root:x:0:\nstaff:x:50:app\n").unwrap();
        fs::write(dir.join("host/secret"), "host").unwrap();
        let plan = plan(&dir);
        Self { dir, plan }
    }

    pub fn lower(&self, path: &str) -> PathBuf {
        self.dir.join("lower").join(path)
    }

    pub fn host(&self) -> PathBuf {
        self.dir.join("host")
    }

    /// What the host's directory holds, to see that nothing was made there.
    pub fn host_names(&self) -> Vec<String> {
        let names = fs::read_dir(self.host()).unwrap();
        names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    pub fn shell(&mut self, script: &str) -> Outcome {
        self.plan.process.args = vec!["sh".into(), "-c".into(), script.into()];
        self.run()
    }

    pub fn run(&self) -> Outcome {
        for part in ["upper", "work"] {
            let _ = fs::remove_dir_all(self.dir.join(part));
            fs::create_dir_all(self.dir.join(part)).unwrap();
        }
        fs::write(self.dir.join("plan"), rmp_serde::to_vec_named(&self.plan).unwrap()).unwrap();
        for name in ["failure", "output"] {
            let _ = fs::remove_file(self.dir.join(name));
        }
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "inside", "--ignored", "--nocapture"])
            .env("HBX_SANDBOX", &self.dir)
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&status.stdout).into_owned() + &String::from_utf8_lossy(&status.stderr);
        assert!(!words.contains("the host's mounts"), "{words}");
        Outcome {
            code: status.status.code().unwrap_or(-1),
            output: fs::read_to_string(self.dir.join("output")).unwrap_or(words),
            failure: fs::read(self.dir.join("failure"))
                .ok()
                .filter(|bytes| !bytes.is_empty())
                .map(|bytes| rmp_serde::from_slice(&bytes).unwrap()),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Docker's default capabilities.
pub const DEFAULT_CAPABILITIES: [u8; 14] = [0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31];

fn plan(dir: &Path) -> RunPlan {
    let path = |name: &str| dir.join(name).display().to_string();
    let device = |name: &str, minor| DeviceNode {
        path: format!("/dev/{name}"),
        kind: DeviceKind::Char,
        major: 1,
        minor,
        mode: 0o666,
        uid: 0,
        gid: 0,
    };
    let set = DEFAULT_CAPABILITIES.to_vec();
    RunPlan {
        version: 1,
        id: "a".repeat(64),
        exit_file: path("exit"),
        log: None,
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
            lowers: vec![path("lower")],
            data: Vec::new(),
            upper: path("upper"),
            work: path("work"),
            volatile: true,
            readonly: false,
            propagation: Propagation::Rprivate,
            idmap: false,
        },
        mounts: vec![
            MountPlan::Proc(kernel("/proc", false)),
            MountPlan::Tmpfs(tmpfs("/dev", "mode=755,size=65536k")),
            MountPlan::Devpts(DevptsMount {
                target: "/dev/pts".into(),
                data: "newinstance,ptmxmode=0666,mode=0620,gid=5".into(),
                flags: vec![MountFlag::Nosuid, MountFlag::Noexec],
            }),
            MountPlan::Sysfs(kernel("/sys", true)),
            MountPlan::Cgroup(kernel("/sys/fs/cgroup", true)),
            MountPlan::Mqueue(kernel("/dev/mqueue", false)),
            MountPlan::Tmpfs(tmpfs("/dev/shm", "mode=1777,size=65536k")),
        ],
        devices: vec![
            device("null", 3),
            device("zero", 5),
            device("full", 7),
            device("urandom", 9),
        ],
        symlinks: vec![
            ("/proc/self/fd".into(), "/dev/fd".into()),
            ("pts/ptmx".into(), "/dev/ptmx".into()),
        ],
        masked_paths: [
            "/proc/kcore",
            "/proc/keys",
            "/proc/acpi",
            "/proc/scsi",
            "/sys/firmware",
            "/proc/none",
        ]
        .map(Into::into)
        .into(),
        readonly_paths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
            .map(Into::into)
            .into(),
        sysctls: BTreeMap::new(),
        cgroup: CgroupPlan::default(),
        init: false,
        process: ProcessPlan {
            args: vec!["true".into()],
            env: vec!["PATH=/bin".into()],
            cwd: "/".into(),
            create_cwd: false,
            user: String::new(),
            groups: vec![],
            capabilities: CapabilitySets {
                bounding: set.clone(),
                effective: set.clone(),
                permitted: set,
                inheritable: vec![],
                ambient: vec![],
            },
            no_new_privileges: false,
            seccomp: None,
            rlimits: vec![],
            oom_score_adj: None,
            umask: None,
        },
    }
}

fn mounts() -> usize {
    fs::read_to_string("/proc/self/mountinfo").unwrap().lines().count()
}

/// The child's side: what the core does around this crate. The mounts around the container are shared, as systemd has
/// them, and have to be the same afterwards.
pub fn inside() {
    let dir = PathBuf::from(std::env::var_os("HBX_SANDBOX").expect("only for the sandbox"));
    let plan: RunPlan = rmp_serde::from_slice(&fs::read(dir.join("plan")).unwrap()).unwrap();
    let mut failure_file = fs::File::create(dir.join("failure")).unwrap();
    let output = fs::File::create(dir.join("output")).unwrap();
    let flags =
        libc::CLONE_NEWPID | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC | libc::CLONE_NEWCGROUP | libc::CLONE_NEWNET;
    let root = CString::new("/").unwrap();
    let nothing = std::ptr::null();
    // SAFETY: plain numbers and constant strings; the fork's child uses only what this thread owns, and the other
    // thread of this process waits for this one.
    let status = unsafe {
        assert_eq!(libc::unshare(flags | libc::CLONE_NEWNS), 0);
        let shared = libc::MS_REC | libc::MS_SHARED;
        assert_eq!(
            libc::mount(
                nothing,
                root.as_ptr(),
                nothing,
                libc::MS_REC | libc::MS_PRIVATE,
                nothing.cast()
            ),
            0
        );
        assert_eq!(libc::mount(nothing, root.as_ptr(), nothing, shared, nothing.cast()), 0);
        let before = mounts();
        let child = libc::fork();
        if child == 0 {
            let failure = become_container(&plan, &output);
            let _ = failure_file.write_all(&rmp_serde::to_vec_named(&failure).unwrap());
            libc::_exit(125);
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        assert_eq!(before, mounts(), "the host's mounts have changed");
        status
    };
    std::process::exit(libc::WEXITSTATUS(status));
}

fn become_container(plan: &RunPlan, output: &fs::File) -> Failure {
    let null = fs::OpenOptions::new().read(true).write(true).open("/dev/null").unwrap();
    let mut timings = Timings::start();
    let context = container::Context {
        userns: None,
        v2_cgroup: false,
    };
    if let Err(failure) = container::build(plan, &context, Default::default(), &mut timings) {
        return failure;
    }
    // SAFETY: open descriptors.
    unsafe {
        libc::dup2(null.as_raw_fd(), 0);
        libc::dup2(output.as_raw_fd(), 1);
        libc::dup2(output.as_raw_fd(), 2);
    }
    let context = process::Context {
        userns: None,
        die_with_parent: true,
    };
    match process::apply(&plan.process, &context, &mut timings) {
        Ok(ready) => {
            if let Some(path) = std::env::var_os("HBX_TIMINGS") {
                let _ = path;
                eprintln!("{:?}", timings.steps());
            }
            ready.exec()
        }
        Err(failure) => failure,
    }
}
