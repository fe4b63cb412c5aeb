//! Hostile images and volumes: whatever they hold, the host stays as it was.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use hbx_protocol::plan::MountPlan;
use support::{Sandbox, bind, tmpfs};

#[test]
#[ignore = "the sandbox's own side"]
fn inside() {
    support::inside();
}

fn relink(sandbox: &Sandbox, name: &str, content: &str) {
    let path = sandbox.lower(name);
    let _ = fs::remove_dir_all(&path);
    symlink(content, path).unwrap();
}

#[test]
fn targets_behind_links_end_inside() {
    let escapes = |host: &str| {
        [
            host.to_owned(),
            format!("../../../../../../../..{host}"),
            format!("/proc/1/root{host}"),
        ]
    };
    let sandbox = Sandbox::new();
    for content in escapes(&sandbox.host().display().to_string()) {
        let mut sandbox = Sandbox::new();
        relink(&sandbox, "data", &content);
        let volume = sandbox.dir.join("volume");
        fs::create_dir(&volume).unwrap();
        sandbox.plan.mounts.push(MountPlan::Bind(bind(&volume, "/data/new")));
        sandbox
            .plan
            .mounts
            .push(MountPlan::Bind(bind(&sandbox.host().join("secret"), "/data/secret2")));
        sandbox.plan.mounts.push(MountPlan::Tmpfs(tmpfs("/data/tmp", "")));
        sandbox.plan.symlinks.push(("/x".into(), "/data/link".into()));
        let seen = sandbox.shell("echo ran");
        if !content.starts_with("/proc") {
            assert_eq!(seen.text(), "ran", "{content}");
        }
        assert_eq!(sandbox.host_names(), ["secret"], "{content}");
    }
    assert_eq!(sandbox.host_names(), ["secret"]);
}

#[test]
fn dangling_links_are_made_where_the_container_looks() {
    let mut sandbox = Sandbox::new();
    symlink("../run/made/resolv.conf", sandbox.lower("etc/resolv.conf")).unwrap();
    symlink("/run/other", sandbox.lower("var")).unwrap();
    let secret = sandbox.host().join("secret");
    sandbox
        .plan
        .mounts
        .push(MountPlan::Bind(bind(&secret, "/etc/resolv.conf")));
    sandbox
        .plan
        .mounts
        .push(MountPlan::Bind(bind(&sandbox.host(), "/var/data")));
    let seen = sandbox.shell("cat /etc/resolv.conf /run/made/resolv.conf /run/other/data/secret");
    assert_eq!(seen.text(), "hosthosthost");
}

#[test]
fn link_loops_end_with_an_error() {
    let mut sandbox = Sandbox::new();
    relink(&sandbox, "a", "/b/x");
    relink(&sandbox, "b", "/a/x");
    sandbox.plan.mounts.push(MountPlan::Bind(bind(&sandbox.host(), "/a/y")));
    assert_eq!(sandbox.shell("true").reason().errno, libc::ELOOP);
}

#[test]
fn kernel_file_systems_are_not_mounted_through_links() {
    for (name, content) in [("proc", "/elsewhere"), ("sys", "/elsewhere")] {
        let mut sandbox = Sandbox::new();
        fs::create_dir(sandbox.lower("elsewhere")).unwrap();
        relink(&sandbox, name, content);
        assert_eq!(sandbox.shell("true").reason().errno, libc::ELOOP, "{name}");
    }
}

#[test]
fn procfs_takes_no_mounts_over_processes() {
    for target in ["/proc/self/attr", "/proc/sys", "/proc", "/link"] {
        let mut sandbox = Sandbox::new();
        relink(&sandbox, "link", "/proc/self");
        sandbox.plan.mounts.push(MountPlan::Bind(bind(&sandbox.host(), target)));
        assert_eq!(sandbox.shell("true").reason().step, "mount", "{target}");
    }
    let mut sandbox = Sandbox::new();
    sandbox
        .plan
        .mounts
        .push(MountPlan::Bind(bind(&sandbox.host().join("secret"), "/proc/uptime")));
    assert_eq!(sandbox.shell("cat /proc/uptime").text(), "host");
}

#[test]
fn parent_parts_in_targets_are_refused() {
    let mut sandbox = Sandbox::new();
    sandbox
        .plan
        .mounts
        .push(MountPlan::Bind(bind(&sandbox.host(), "/data/../../x")));
    assert_eq!(sandbox.shell("true").reason().step, "plan");
}

/// Somebody who shares a volume swaps a directory of it for a link to the host while a container mounts below it.
#[test]
fn a_swapped_directory_never_reaches_the_host() {
    let mut sandbox = Sandbox::new();
    let volume = sandbox.dir.join("volume");
    fs::create_dir_all(volume.join("spot")).unwrap();
    symlink(sandbox.host(), volume.join("trap")).unwrap();
    sandbox.plan.mounts.push(MountPlan::Bind(bind(&volume, "/vol")));
    let mut copied = tmpfs("/vol/spot", "size=1m");
    copied.copy_up = true;
    sandbox.plan.mounts.push(MountPlan::Bind(bind(
        &sandbox.dir.join("volume"),
        "/vol/spot/deep/inner",
    )));
    sandbox
        .plan
        .mounts
        .push(MountPlan::Bind(bind(&sandbox.host().join("secret"), "/vol/spot/file")));
    sandbox.plan.mounts.push(MountPlan::Tmpfs(copied));
    let stop = AtomicBool::new(false);
    let exchange = || {
        let path = |name: &str| std::ffi::CString::new(volume.join(name).display().to_string()).unwrap();
        let (spot, trap) = (path("spot"), path("trap"));
        while !stop.load(Ordering::Relaxed) {
            // SAFETY: C strings that outlive the call.
            unsafe {
                libc::syscall(
                    libc::SYS_renameat2,
                    libc::AT_FDCWD,
                    spot.as_ptr(),
                    libc::AT_FDCWD,
                    trap.as_ptr(),
                    libc::RENAME_EXCHANGE,
                );
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(exchange);
        for _ in 0..40 {
            let seen = sandbox.shell("cat /vol/spot/secret");
            assert!(
                !seen.output.contains("host") || seen.failure.is_some(),
                "{}",
                seen.output
            );
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(sandbox.host_names(), ["secret"]);
}
