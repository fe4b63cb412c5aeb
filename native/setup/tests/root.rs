//! What a container sees: its root, its mounts, its devices.

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use hbx_protocol::plan::{MountPlan, Propagation};
use support::{Sandbox, bind, tmpfs};

#[test]
#[ignore = "the sandbox's own side"]
fn inside() {
    support::inside();
}

#[test]
fn it_is_alone_in_its_root() {
    let mut sandbox = Sandbox::new();
    let seen = sandbox.shell("echo $$; cat /proc/sys/kernel/hostname; ls /; ls /proc/1/fd; readlink /proc/1/cwd");
    assert_eq!(seen.text(), "1\nbox\nbin\ndev\netc\nproc\nsys\n0\n1\n2\n/");
}

#[test]
fn the_host_s_mounts_are_gone() {
    let mut sandbox = Sandbox::new();
    let seen = sandbox.shell("cat /proc/self/mountinfo");
    let places: Vec<&str> = seen.text().lines().filter_map(|line| line.split(' ').nth(4)).collect();
    assert_eq!(places.first(), Some(&"/"));
    assert!(
        places
            .iter()
            .all(|place| *place == "/" || ["/proc", "/dev", "/sys"].iter().any(|top| place.starts_with(top)))
    );
}

#[test]
fn a_shared_root_takes_nothing_from_the_host() {
    let mut sandbox = Sandbox::new();
    sandbox.plan.root.propagation = Propagation::Rshared;
    // The sandbox counts the mounts around it, before and after.
    assert_eq!(sandbox.shell("echo here").text(), "here");
}

#[test]
fn kernel_paths_are_masked_and_read_only() {
    let mut sandbox = Sandbox::new();
    // What a kernel may lack is left out; these every one has.
    sandbox
        .plan
        .masked_paths
        .extend(["/proc/interrupts".into(), "/proc/tty".into()]);
    let seen = sandbox.shell(
        "cat /proc/interrupts; ls /proc/tty; echo 1 >/proc/sys/kernel/hostname; echo 0 >/proc/irq/default_smp_affinity; \
         touch /proc/tty/x; mkdir /sys/fs/cgroup/x; mkdir /sys/x; true",
    );
    let text = seen.text();
    assert_eq!(text.matches("Read-only file system").count(), 5, "{text}");
    assert_eq!(text.lines().count(), 5, "{text}");
}

#[test]
fn devices_and_links_work() {
    let mut sandbox = Sandbox::new();
    let seen = sandbox.shell("echo lost >/dev/null; stat -c '%t:%T %a' /dev/null /dev/zero; readlink /dev/fd; readlink /dev/ptmx; stat -c %t:%T /dev/ptmx -L");
    assert_eq!(seen.text(), "1:3 666\n1:5 666\n/proc/self/fd\npts/ptmx\n5:2");
}

#[test]
fn binds_are_read_only_only_where_asked() {
    let mut sandbox = Sandbox::new();
    let mut mount = bind(&sandbox.host(), "/data/deep");
    sandbox.plan.mounts.push(MountPlan::Bind(mount.clone()));
    mount.target = "/ro".into();
    mount.readonly = true;
    sandbox.plan.mounts.push(MountPlan::Bind(mount));
    sandbox
        .plan
        .mounts
        .push(MountPlan::Bind(bind(&sandbox.host().join("secret"), "/etc/file")));
    let seen = sandbox.shell("echo new >/data/deep/new; cat /ro/new /etc/file; echo no >/ro/new; echo more >/etc/file");
    assert!(seen.text().starts_with("new\nhost"), "{}", seen.text());
    assert!(seen.text().contains("/ro/new: Read-only file system"));
    assert_eq!(fs::read_to_string(sandbox.host().join("secret")).unwrap(), "more\n");
}

#[test]
fn a_directory_over_a_file_is_refused_by_name() {
    let mut sandbox = Sandbox::new();
    sandbox
        .plan
        .mounts
        .push(MountPlan::Bind(bind(&sandbox.host(), "/etc/passwd")));
    let failure = sandbox.shell("true").reason().clone();
    assert_eq!((failure.step.as_str(), failure.errno), ("mount", libc::ENOTDIR));
    assert!(failure.message.unwrap().starts_with("volume data"));
    sandbox.plan.mounts.pop();
    sandbox
        .plan
        .mounts
        .push(MountPlan::Bind(bind(&sandbox.host().join("absent"), "/x")));
    let failure = sandbox.shell("true").reason().clone();
    assert_eq!((failure.step.as_str(), failure.errno), ("mount_source", libc::ENOENT));
}

#[test]
fn a_read_only_root_still_takes_its_mounts() {
    let mut sandbox = Sandbox::new();
    sandbox.plan.root.readonly = true;
    sandbox
        .plan
        .mounts
        .push(MountPlan::Tmpfs(tmpfs("/run/made", "size=1m")));
    let seen = sandbox.shell("touch /run/made/x; ls /run/made; touch /x");
    assert_eq!(seen.text(), "x\ntouch: /x: Read-only file system");
}

#[test]
fn tmpfs_takes_the_image_s_content_and_follows_no_link() {
    let mut sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.lower("var/sub")).unwrap();
    fs::write(sandbox.lower("var/sub/file"), "content").unwrap();
    fs::set_permissions(sandbox.lower("var/sub/file"), fs::Permissions::from_mode(0o4711)).unwrap();
    symlink(sandbox.host().join("secret"), sandbox.lower("var/link")).unwrap();
    let mut mount = tmpfs("/var", "size=1m");
    mount.copy_up = true;
    mount.readonly = true;
    sandbox.plan.mounts.push(MountPlan::Tmpfs(mount));
    let seen =
        sandbox.shell("cat /var/sub/file; stat -c ' %a %F' /var/sub/file /var/link; cat /var/link; touch /var/x");
    let text = seen.text();
    assert!(
        text.starts_with("content 4711 regular file\n 777 symbolic link\n"),
        "{text}"
    );
    assert!(text.contains("can't open") && text.contains("Read-only"), "{text}");
}

#[test]
fn wrong_tmpfs_options_are_told_in_the_kernel_s_words() {
    let mut sandbox = Sandbox::new();
    sandbox.plan.mounts.push(MountPlan::Tmpfs(tmpfs("/x", "sise=1m")));
    assert!(
        sandbox
            .shell("true")
            .reason()
            .message
            .as_ref()
            .unwrap()
            .contains("sise")
    );
}

#[test]
fn layer_paths_may_hold_separators_and_be_long() {
    let mut sandbox = Sandbox::new();
    let odd = sandbox.dir.join("a:b,c\\d").join("n".repeat(200)).join("m".repeat(100));
    fs::create_dir_all(odd.join("marked")).unwrap();
    sandbox.plan.root.lowers.insert(0, odd.display().to_string());
    assert_eq!(sandbox.shell("ls -d /marked").text(), "/marked");
}

#[test]
fn sysctls_stay_inside_their_namespaces() {
    use hbx_protocol::plan::NetSource;
    let mut sandbox = Sandbox::new();
    sandbox
        .plan
        .sysctls
        .insert("net.ipv4.ip_unprivileged_port_start".into(), "7".into());
    assert_eq!(
        sandbox
            .shell("cat /proc/sys/net/ipv4/ip_unprivileged_port_start")
            .text(),
        "7"
    );
    sandbox.plan.namespaces.net = NetSource::Host;
    assert_eq!(sandbox.shell("true").reason().step, "sysctl");
    sandbox.plan.namespaces.net = NetSource::Prepared;
    for name in ["kernel.core_pattern", "net/../kernel/core_pattern", "vm.swappiness"] {
        sandbox.plan.sysctls = [(name.to_owned(), "|/x".to_owned())].into();
        assert_eq!(sandbox.shell("true").reason().step, "sysctl", "{name}");
    }
}
