//! Plans as the daemon would make them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hbx_protocol::plan::*;

use super::Spare;

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
                data: Vec::new(),
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
