//! Deaths, hostile peers, and leaks.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use support::*;

#[test]
fn containers_survive_the_zygote_and_can_still_be_used() {
    let mut zygote = Zygote::start();
    let mut spare = zygote.run(&["/bin/sleep", "1000"]);
    zygote.child.kill().unwrap();
    zygote.child.wait().unwrap();
    let mut client = spare.control();
    assert_eq!(client.ask(&request("state")).phase, "running");
    assert_eq!(
        client
            .ask(&Request {
                signo: Some(9),
                ..request("signal")
            })
            .t,
        "ok"
    );
    assert_eq!(spare.wait().code, 137);
}

#[test]
fn the_zygote_ends_with_its_life_line_and_containers_do_not() {
    let mut zygote = Zygote::start();
    let mut spare = zygote.run(&["/bin/sleep", "1000"]);
    zygote.cut_life_line();
    assert!(zygote.child.wait().unwrap().success());
    assert_eq!(spare.control().ask(&request("state")).phase, "running");
    spare.connection.send(&Request {
        signo: Some(9),
        ..request("signal")
    });
    spare.connection.expect("ok");
    spare.wait();
}

#[test]
fn containers_survive_the_daemons_connections() {
    let zygote = Zygote::start();
    let spare = zygote.run(&["/bin/sh", "-c", "sleep 0.2; echo end; exit 5"]);
    let (exit, shim) = (spare.home.join("exit"), spare.shim_pid);
    drop(spare.connection);
    wait_until("the shim is gone", || !alive(shim));
    assert!(fs::read_to_string(exit).unwrap().starts_with("{\"code\":5,"));
}

#[test]
fn a_killed_shim_takes_its_container_with_it() {
    let zygote = Zygote::start();
    for pid_source in [
        hbx_protocol::plan::NamespaceSource::New,
        hbx_protocol::plan::NamespaceSource::Host,
    ] {
        let mut spare = zygote.spare();
        let mut plan = spare.plan(&["/bin/sh", "-c", "sleep 1000 & echo pid $!; wait"]);
        plan.namespaces.pid = pid_source;
        let pid = spare.start(plan).pid;
        wait_until("it runs", || spare.log().contains("pid"));
        kill(spare.shim_pid);
        wait_until("container and holder are gone", || {
            !alive(pid) && !alive(spare.holder_pid)
        });
        for dir in &spare.dirs {
            assert_eq!(fs::read_to_string(format!("{dir}/cgroup.procs")).unwrap(), "");
            fs::remove_dir(dir).unwrap();
        }
    }
}

#[test]
fn a_killed_holder_fails_execs_and_not_the_container() {
    let zygote = Zygote::start();
    let mut spare = zygote.run(&["/bin/sleep", "1000"]);
    kill(spare.holder_pid);
    let mut client = spare.control();
    let answer = client.ask(&Request {
        exec_id: Some("e".into()),
        process: Some(process(&["/bin/true"])),
        stdio: Some(pipes(false)),
        ..request("exec")
    });
    assert_eq!((answer.t.as_str(), answer.step.as_str()), ("failed", "holder"));
    assert_eq!(
        client
            .ask(&Request {
                signo: Some(9),
                ..request("signal")
            })
            .t,
        "ok"
    );
    assert_eq!(spare.wait().code, 137);
    assert!(spare.cgroups_left().is_empty());
}

/// Sends raw bytes and returns all that comes back.
fn provoke(path: &std::path::Path, bytes: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let _ = stream.write_all(bytes);
    let mut seen = Vec::new();
    let _ = stream.read_to_end(&mut seen);
    seen
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn garbage_and_oversized_frames_are_answered_and_end_the_connection_alone() {
    let zygote = Zygote::start();
    let mut spare = zygote.run(&["/bin/sleep", "1000"]);
    let hello = hbx_protocol::frame::encode(&hbx_protocol::hello::Hello::ours("daemon"));
    let mut wrong_version = hbx_protocol::hello::Hello::ours("daemon");
    wrong_version.version = 99;
    let wrong_version = hbx_protocol::frame::encode(&wrong_version);
    let with_hello = |bytes: &[u8]| [&hello[..], bytes].concat();
    let cases = [
        (with_hello(&[0, 0, 0, 3, 1, 2, 3]), "protocol"),
        (with_hello(&[0xff; 64]), "protocol"),
        (with_hello(&[0, 0, 0, 0]), "protocol"),
        (vec![0, 0, 0, 1, 0xc0], "protocol"),
        (wrong_version, "hello"),
        (with_hello(&hbx_protocol::frame::encode(&request("reboot"))), "protocol"),
    ];
    let socket = zygote.dir.join("z");
    for (bytes, step) in &cases {
        for path in [&socket, &spare.control] {
            let seen = provoke(path, bytes);
            assert!(
                contains(&seen, "failed") && contains(&seen, step),
                "{bytes:?} at {path:?}: {seen:?}"
            );
        }
    }
    assert_eq!(spare.connection.ask(&request("state")).phase, "running");
    assert_eq!(zygote.connect().ask(&request("reboot")).t, "failed");
}

#[test]
fn random_frames_do_not_end_the_shim() {
    let zygote = Zygote::start();
    let mut spare = zygote.run(&["/bin/sleep", "1000"]);
    let hello = hbx_protocol::frame::encode(&hbx_protocol::hello::Hello::ours("daemon"));
    let mut seed = 7_u64;
    for round in 0..300_usize {
        let mut bytes = hello.clone();
        let length = 1 + round % 40;
        bytes.extend_from_slice(&(length as u32).to_be_bytes());
        for _ in 0..length {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            bytes.push((seed >> 56) as u8);
        }
        let mut stream = UnixStream::connect(&spare.control).unwrap();
        let _ = stream.write_all(&bytes);
    }
    assert_eq!(spare.connection.ask(&request("state")).phase, "running");
}

fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

fn namespaces_of_ours(dir: &std::path::Path) -> usize {
    fs::read_to_string("/proc/self/mountinfo")
        .unwrap()
        .lines()
        .filter(|l| l.contains(dir.to_str().unwrap()))
        .count()
}

#[test]
fn five_hundred_starts_leave_nothing_behind() {
    let zygote = Zygote::start();
    let before = descriptors(zygote.child.id());
    let mut pids = Vec::new();
    for _ in 0..500 {
        let mut spare = zygote.run(&["/bin/true"]);
        assert_eq!(spare.wait().code, 0);
        assert!(spare.cgroups_left().is_empty() && !spare.control.exists());
        pids.extend([spare.shim_pid, spare.holder_pid]);
        let _ = fs::remove_dir_all(&spare.home);
    }
    wait_until("no shim and no holder is left", || pids.iter().all(|&pid| !alive(pid)));
    wait_until("the zygote holds no more descriptors", || {
        descriptors(zygote.child.id()) <= before
    });
    assert_eq!(namespaces_of_ours(&zygote.dir), 0);
}

#[test]
fn out_of_memory_is_told_while_it_happens_and_at_the_exit() {
    let Some(_) = v1("memory") else {
        panic!("this test needs the memory controller of cgroup v1")
    };
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let memory = spare.dirs[0].clone();
    let mut plan = spare.plan(&["/bin/sh", "-c", "x=$(tail /dev/zero)"]);
    plan.cgroup.oom_watch_dir = Some(memory.clone());
    plan.cgroup.writes = vec![hbx_protocol::plan::CgroupWrite {
        path: format!("{memory}/memory.limit_in_bytes"),
        value: "16777216".into(),
        optional: false,
    }];
    spare.start(plan);
    assert_eq!(spare.connection.receive().t, "oom");
    let exit = spare.wait();
    assert!(exit.oom_killed, "{exit:?}");
    assert!(
        fs::read_to_string(spare.home.join("exit"))
            .unwrap()
            .contains("\"oomKilled\":true")
    );
}

#[test]
fn an_idle_container_costs_little_private_memory() {
    let zygote = Zygote::start();
    let spare = zygote.run(&["/bin/sh", "-c", "head -c 3000000 /dev/zero; sleep 1000"]);
    std::thread::sleep(Duration::from_millis(1500));
    // Anonymous memory alone: the program's own pages, sealed in memory, are one copy for all shims.
    let private = |pid: i32| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
        let line = text.lines().find(|line| line.starts_with("Anonymous:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u32>().unwrap()
    };
    let (shim, holder) = (private(spare.shim_pid), private(spare.holder_pid));
    println!("anonymous: shim {shim} kB, holder {holder} kB");
    assert!(shim + holder < 200, "shim {shim} kB, holder {holder} kB");
    kill(spare.shim_pid);
    wait_until("the holder is gone", || !alive(spare.holder_pid));
}
