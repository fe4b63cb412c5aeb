//! Who the process is, and what it may.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use hbx_protocol::plan::{Rlimit, RlimitName, SeccompPlan};
use support::Sandbox;

#[test]
#[ignore = "the sandbox's own side"]
fn inside() {
    support::inside();
}

#[test]
fn users_are_looked_up_in_the_image() {
    let mut sandbox = Sandbox::new();
    for (user, expected) in [
        ("", "0 0 0 /root"),
        ("app", "1000 1001 1001 50 /home/app"),
        ("app:staff", "1000 50 50 /home/app"),
        ("77:78", "77 78 78 /"),
    ] {
        sandbox.plan.process.user = user.into();
        assert_eq!(
            sandbox.shell("echo $(id -u) $(id -g) $(id -G) $HOME").text(),
            expected,
            "{user}"
        );
    }
}

#[test]
fn unknown_and_hostile_users_are_refused() {
    let mut sandbox = Sandbox::new();
    for user in ["nobody", "4294967295", "0:4294967295", "app:nogroup"] {
        sandbox.plan.process.user = user.into();
        assert_eq!(sandbox.shell("id").reason().step, "user", "{user}");
    }
    fs::remove_file(sandbox.lower("etc/passwd")).unwrap();
    let fifo = std::ffi::CString::new(sandbox.lower("etc/passwd").display().to_string()).unwrap();
    // SAFETY: a C string that outlives the call.
    assert_eq!(unsafe { libc::mkfifo(fifo.as_ptr(), 0o644) }, 0);
    sandbox.plan.process.user = "app".into();
    assert_eq!(sandbox.shell("id").reason().step, "user");
}

#[test]
fn capabilities_are_those_of_the_plan() {
    let mut sandbox = Sandbox::new();
    let script =
        "grep -E 'Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs' /proc/self/status | busybox tr -d '\\t' | busybox tr '\\n' ' '";
    let mask = format!(
        "{:016x}",
        support::DEFAULT_CAPABILITIES.iter().fold(0u64, |bits, n| bits | 1 << n)
    );
    let seen = sandbox.shell(script);
    assert_eq!(
        seen.text(),
        format!(
            "CapPrm:{mask} CapEff:{mask} CapBnd:{mask} CapAmb:{:016x} NoNewPrivs:0",
            0
        )
    );
    sandbox.plan.process.user = "app".into();
    sandbox.plan.process.no_new_privileges = true;
    sandbox.plan.process.capabilities.ambient = vec![10];
    let seen = sandbox.shell(script);
    assert_eq!(
        seen.text(),
        format!(
            "CapPrm:{0:016x} CapEff:{0:016x} CapBnd:{mask} CapAmb:{0:016x} NoNewPrivs:1",
            1 << 10
        )
    );
}

/// Denies mkdir(2) and, since the filter comes last, everything that the setup itself needs but the final capset.
fn filter() -> SeccompPlan {
    let denied = [
        libc::SYS_mkdir,
        libc::SYS_setresuid,
        libc::SYS_setgroups,
        libc::SYS_fchdir,
        libc::SYS_close_range,
    ];
    let mut program: Vec<[u8; 8]> = Vec::new();
    let mut push = |code: u16, jt: u8, jf: u8, k: u32| {
        let ([c0, c1], [k0, k1, k2, k3]) = (code.to_ne_bytes(), k.to_ne_bytes());
        program.push([c0, c1, jt, jf, k0, k1, k2, k3]);
    };
    push(0x20, 0, 0, 0);
    for number in denied {
        push(0x15, 0, 1, number as u32);
        push(0x06, 0, 0, 0x0005_0001);
    }
    push(0x06, 0, 0, 0x7fff_0000);
    SeccompPlan {
        program: program.concat(),
        flags: 0,
    }
}

#[test]
fn the_filter_comes_last_with_and_without_no_new_privileges() {
    let mut sandbox = Sandbox::new();
    sandbox.plan.process.seccomp = Some(filter());
    for (user, no_new_privileges) in [("", false), ("", true), ("app", false), ("app", true)] {
        sandbox.plan.process.user = user.into();
        sandbox.plan.process.no_new_privileges = no_new_privileges;
        let seen = sandbox.shell("mkdir /dev/shm/x; grep Seccomp: /proc/self/status");
        assert!(seen.text().contains("Operation not permitted"), "{}", seen.text());
        assert!(seen.text().ends_with("Seccomp:\t2"), "{}", seen.text());
    }
}

#[test]
fn the_working_directory_is_made_for_its_user() {
    let mut sandbox = Sandbox::new();
    sandbox.plan.process.user = "app".into();
    sandbox.plan.process.cwd = "/srv/app/work".into();
    assert_eq!(sandbox.shell("pwd").reason().errno, libc::ENOENT);
    sandbox.plan.process.create_cwd = true;
    assert_eq!(sandbox.shell("pwd; stat -c %u:%g .").text(), "/srv/app/work\n1000:1001");
    for hidden in ["/proc/self/fd/5", "/proc/self/root/bin", "/proc/1/cwd"] {
        sandbox.plan.process.cwd = hidden.into();
        assert_eq!(sandbox.shell("pwd").reason().step, "cwd", "{hidden}");
    }
}

#[test]
fn limits_and_umask_are_set() {
    let mut sandbox = Sandbox::new();
    sandbox.plan.process.umask = Some(0o027);
    sandbox.plan.process.rlimits = vec![
        Rlimit {
            resource: RlimitName::Nofile,
            soft: 64,
            hard: 128,
        },
        Rlimit {
            resource: RlimitName::Core,
            soft: 0,
            hard: 0,
        },
    ];
    assert_eq!(
        sandbox.shell("ulimit -n; ulimit -Hn; ulimit -c; umask").text(),
        "64\n128\n0\n0027"
    );
}

#[test]
fn commands_that_cannot_run_say_why() {
    let mut sandbox = Sandbox::new();
    fs::create_dir(sandbox.lower("folder")).unwrap();
    fs::write(sandbox.lower("plain"), "x").unwrap();
    fs::write(sandbox.lower("text"), "no program").unwrap();
    fs::write(sandbox.lower("script"), "#!/no/such\n").unwrap();
    for name in ["text", "script"] {
        fs::set_permissions(sandbox.lower(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    for (command, errno, word) in [
        ("absent", libc::ENOENT, "not found in $PATH"),
        ("/absent", libc::ENOENT, ""),
        ("/folder", libc::EACCES, "is a directory"),
        ("/plain", libc::EACCES, ""),
        ("/text", libc::ENOEXEC, ""),
        ("/script", libc::ENOENT, "interpreter"),
    ] {
        sandbox.plan.process.args = vec![command.into()];
        let outcome = sandbox.run();
        let failure = outcome.reason();
        assert_eq!((failure.step.as_str(), failure.errno), ("exec", errno), "{command}");
        assert!(
            failure.message.as_deref().unwrap_or("").contains(word),
            "{command}: {failure}"
        );
        assert_eq!(failure.path.as_deref(), Some(command));
    }
}
