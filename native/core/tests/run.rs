//! A container from start to exit.

mod support;

use std::fs;

use support::*;

#[test]
fn start_runs_a_program_and_reports_output_and_exit_code() {
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let plan = spare.plan(&["/bin/sh", "-c", "echo out; echo err >&2; exit 7"]);
    let answer = spare.start(plan);
    assert!(answer.pid > 1);
    let exit = spare.wait();
    assert_eq!((exit.code, exit.signal, exit.oom_killed), (7, None, false));
    let log = spare.log();
    assert!(log.contains("out\n") && log.contains("err\n"), "{log:?}");
    let file = fs::read_to_string(spare.home.join("exit")).unwrap();
    assert!(
        file.starts_with("{\"code\":7,\"oomKilled\":false,\"finishedAtNs\":"),
        "{file}"
    );
    assert!(spare.cgroups_left().is_empty() && !spare.control.exists());
    wait_until("shim and holder are gone", || {
        !alive(spare.shim_pid) && !alive(spare.holder_pid)
    });
}

#[test]
fn start_makes_the_process_number_one_of_its_own_namespaces() {
    let zygote = Zygote::start();
    let output = zygote
        .run(&["/bin/sh", "-c", "echo pid $$; hostname; cat /proc/self/oom_score_adj"])
        .output();
    assert!(output.starts_with("pid 1\n") && output.ends_with("\n0\n"), "{output:?}");
}

#[test]
fn signal_ends_the_container_with_128_and_its_number() {
    let zygote = Zygote::start();
    let mut spare = zygote.run(&["/bin/sleep", "1000"]);
    assert_eq!(
        spare
            .connection
            .ask(&Request {
                signo: Some(9),
                ..request("signal")
            })
            .t,
        "ok"
    );
    let exit = spare.wait();
    assert_eq!((exit.code, exit.signal), (137, Some(9)));
}

#[test]
fn state_tells_phases_and_pid() {
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let mut control = spare.control();
    assert_eq!(control.ask(&request("state")).phase, "spare");
    let plan = spare.plan(&["/bin/sleep", "1000"]);
    let pid = spare.start(plan).pid;
    let state = control.ask(&Request {
        seq: Some(42),
        ..request("state")
    });
    assert_eq!((state.phase.as_str(), state.pid, state.seq), ("running", pid, Some(42)));
    kill(pid);
    spare.wait();
}

#[test]
fn failed_exec_is_told_and_leaves_nothing() {
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let plan = spare.plan(&["/bin/nothing"]);
    let answer = spare.try_start(plan);
    assert_eq!(
        (answer.t.as_str(), answer.step.as_str(), answer.errno),
        ("failed", "exec", libc::ENOENT)
    );
    assert!(spare.connection.try_receive().is_none());
    assert!(spare.cgroups_left().is_empty() && !spare.control.exists());
    assert!(!spare.home.join("log").exists() && !spare.home.join("exit").exists());
}

#[test]
fn failed_limit_is_told_and_leaves_nothing() {
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let mut plan = spare.plan(&["/bin/true"]);
    plan.cgroup.writes = vec![hbx_protocol::plan::CgroupWrite {
        path: format!("{}/no.such.file", spare.dirs.first().or(spare.v2_dir.as_ref()).unwrap()),
        value: "1".into(),
        optional: false,
    }];
    let answer = spare.try_start(plan);
    assert_eq!((answer.t.as_str(), answer.step.as_str()), ("failed", "cgroup_write"));
    assert!(spare.connection.try_receive().is_none());
    assert!(spare.cgroups_left().is_empty());
}

#[test]
fn a_spare_whose_connection_closes_removes_what_it_made() {
    let zygote = Zygote::start();
    let spare = zygote.spare();
    let Spare {
        connection,
        control,
        dirs,
        shim_pid,
        holder_pid,
        ..
    } = spare;
    drop(connection);
    wait_until("the spare is gone", || !alive(shim_pid) && !alive(holder_pid));
    assert!(!control.exists() && dirs.iter().all(|dir| !fs::exists(dir).unwrap()));
}

#[test]
fn containers_run_inside_a_v2_cgroup() {
    if !fs::exists("/sys/fs/cgroup/unified/cgroup.procs").unwrap() && v1("memory").is_some() {
        panic!("this test needs a v2 hierarchy");
    }
    let zygote = Zygote::start();
    let mut spare = zygote.spare_with(hbx_protocol::messages::NetPrepare::None, true);
    let plan = spare.plan(&["/bin/sleep", "1000"]);
    let pid = spare.start(plan).pid;
    let dir = spare.v2_dir.clone().unwrap();
    assert_eq!(
        fs::read_to_string(format!("{dir}/cgroup.procs")).unwrap(),
        format!("{pid}\n")
    );
    kill(pid);
    spare.wait();
    assert!(spare.cgroups_left().is_empty());
}

#[test]
fn the_host_pid_namespace_is_swept_at_the_end() {
    let zygote = Zygote::start();
    let mut spare = zygote.run_with(&["/bin/sh", "-c", "sleep 1000 & echo pid $!"], |plan| {
        plan.namespaces.pid = hbx_protocol::plan::NamespaceSource::Host;
    });
    assert_eq!(spare.wait().code, 0);
    let log = spare.log();
    let left: i32 = log.trim().strip_prefix("pid ").unwrap().parse().unwrap();
    assert!(!alive(left) && spare.cgroups_left().is_empty());
}

#[test]
fn init_reaps_orphans_and_passes_signals_on() {
    let zygote = Zygote::start();
    let script = "trap 'echo got; exit 3' TERM; (sleep 0.01 &) ; echo ready; while true; do sleep 0.01; done";
    let mut spare = zygote.spare();
    let mut plan = spare.plan(&["/bin/sh", "-c", script]);
    plan.init = true;
    spare.start(plan);
    wait_until("the script is ready", || spare.log().contains("ready"));
    assert_eq!(
        spare
            .connection
            .ask(&Request {
                signo: Some(libc::SIGTERM),
                ..request("signal")
            })
            .t,
        "ok"
    );
    assert_eq!(spare.wait().code, 3);
    assert!(spare.log().contains("got"));
}

#[test]
fn a_user_namespace_maps_the_containers_root() {
    let zygote = Zygote::start();
    let map = vec![hbx_protocol::plan::IdMap {
        container_id: 0,
        host_id: 100_000,
        size: 65_536,
    }];
    let mut spare = zygote.spare();
    let mut plan = spare.plan(&["/bin/sleep", "1000"]);
    plan.namespaces.user = Some(hbx_protocol::plan::UserNamespace {
        uid_map: map.clone(),
        gid_map: map,
    });
    plan.root.idmap = true;
    let pid = spare.start(plan).pid;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    assert!(status.contains("Uid:\t100000\t100000\t100000\t100000"), "{status}");
    let mut client = spare.control();
    client.send(&Request {
        exec_id: Some("e".into()),
        process: Some(process(&["/bin/id", "-u"])),
        stdio: Some(pipes(false)),
        attach: Some(Streams {
            stdin: false,
            ..ALL_STREAMS
        }),
        ..request("exec")
    });
    client.expect("execStarted");
    assert_eq!(client.read_to_end(), "0\n");
    kill(pid);
    spare.connection.expect("execExited");
    spare.wait();
}

#[test]
fn a_plan_larger_than_a_socket_buffer_arrives() {
    let zygote = Zygote::start();
    let mut spare = zygote.run_with(&["/bin/sh", "-c", "echo ${#V9}"], |plan| {
        plan.process
            .env
            .extend((0..10).map(|i| format!("V{i}={}", "x".repeat(100_000))));
    });
    spare.wait();
    assert_eq!(spare.log(), "100000\n");
}

#[test]
fn an_unknown_field_of_a_plan_is_refused() {
    #[derive(serde::Serialize)]
    struct Start {
        t: &'static str,
        plan: Plan,
    }
    #[derive(serde::Serialize)]
    struct Plan {
        #[serde(flatten)]
        plan: hbx_protocol::plan::RunPlan,
        surprise: bool,
    }
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let plan = Plan {
        plan: spare.plan(&["/bin/true"]),
        surprise: true,
    };
    let answer = spare.connection.ask(&Start { t: "start", plan });
    assert_eq!((answer.t.as_str(), answer.step.as_str()), ("failed", "plan"));
    assert!(answer.message.unwrap().contains("surprise"));
}
