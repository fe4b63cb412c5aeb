//! removeTree, usage, diff, digestFile and cancellation.
#[allow(dead_code)]
mod support;
use hbx_storage::sys;
use serde::Serialize;
use std::fs;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use support::{Scratch, job, job_with, unpack_request};

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    t: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_root: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lowers: Option<Vec<&'a str>>,
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn remove(path: &Path, keep_root: bool) -> support::Answer {
    job(
        "removeTree",
        &Request {
            t: "removeTree",
            path: Some(text(path)),
            keep_root: Some(keep_root),
            ..Request::default()
        },
    )
}

fn run(program: &str, args: &[&str]) {
    assert!(
        Command::new(program).args(args).status().unwrap().success(),
        "{program} {args:?}"
    );
}

#[test]
fn remove_tree_takes_everything_below_and_nothing_else() {
    let s = Scratch::new();
    let tree = s.dir("tree");
    fs::create_dir_all(tree.join("work/work")).unwrap();
    fs::set_permissions(tree.join("work/work"), PermissionsExt::from_mode(0)).unwrap();
    fs::write(s.join("outside"), "x").unwrap();
    symlink("../outside", tree.join("link")).unwrap();
    symlink("/", tree.join("root")).unwrap();
    run("mkfifo", &[text(&tree.join("fifo"))]);
    assert_eq!(remove(&tree, false).entries, 6);
    assert!(!tree.exists() && s.join("outside").exists());
    assert_eq!(
        (
            remove(&tree, false).t.as_str(),
            remove(&s.join("no/such"), false).t.as_str()
        ),
        ("done", "done")
    );
    fs::create_dir_all(s.join("kept/a/b")).unwrap();
    assert_eq!(
        (remove(&s.join("kept"), true).entries, s.join("kept").exists()),
        (2, true)
    );
    assert_eq!(remove(Path::new("/"), false).step, "protocol");
    assert_eq!(remove(Path::new("relative"), false).step, "protocol");
}

#[test]
fn remove_tree_stops_at_mounts() {
    let s = Scratch::new();
    let tree = s.dir("tree/mounted");
    run("mount", &["-t", "tmpfs", "none", text(&tree)]);
    fs::write(tree.join("precious"), "x").unwrap();
    let answer = remove(&s.join("tree"), false);
    let survived = tree.join("precious").exists();
    run("umount", &[text(&tree)]);
    assert_eq!(
        (answer.step.as_str(), answer.errno, survived),
        ("mounted", libc::EBUSY, true)
    );
}

#[test]
fn remove_tree_copes_with_very_deep_trees_and_immutable_files() {
    let s = Scratch::new();
    // Deeper than any path may be long.
    let mut dir: OwnedFd = fs::File::open(s.dir("deep")).unwrap().into();
    for _ in 0..3000 {
        sys::mkdirat(dir.as_fd(), b"d", 0o755).unwrap();
        dir = sys::openat(dir.as_fd(), b"d", libc::O_RDONLY | libc::O_DIRECTORY, 0).unwrap();
        sys::mknodat(dir.as_fd(), b"f", libc::S_IFREG | 0o644, 0, 0).unwrap();
    }
    drop(dir);
    let answer = remove(&s.join("deep"), false);
    assert_eq!(
        (answer.t.as_str(), s.join("deep").exists()),
        ("done", false),
        "{answer:?}"
    );
    fs::write(s.dir("frozen").join("f"), "x").unwrap();
    if Command::new("chattr")
        .args(["+i", text(&s.join("frozen/f")), text(&s.join("frozen"))])
        .status()
        .is_ok_and(|s| s.success())
    {
        let answer = remove(&s.join("frozen"), false);
        assert_eq!(
            (answer.t.as_str(), s.join("frozen").exists()),
            ("done", false),
            "{answer:?}"
        );
    }
}

#[test]
fn usage_counts_hard_links_once() {
    let s = Scratch::new();
    fs::write(s.join("a"), vec![1u8; 1 << 20]).unwrap();
    fs::hard_link(s.join("a"), s.join("b")).unwrap();
    let used = job(
        "usage",
        &Request {
            t: "usage",
            path: Some(text(&s.0)),
            ..Request::default()
        },
    );
    assert_eq!(used.entries, 2);
    assert!((1 << 20..(1 << 20) + 65536).contains(&used.size_bytes), "{used:?}");
}

#[test]
fn diff_tells_added_modified_and_deleted_as_docker_does() {
    let s = Scratch::new();
    let (low, mid, upper) = (s.dir("low"), s.dir("mid"), s.dir("upper"));
    for dir in ["etc", "same", "opq", "gone"] {
        fs::create_dir(low.join(dir)).unwrap();
        fs::write(low.join(dir).join("old"), "old").unwrap();
    }
    fs::create_dir(mid.join("etc")).unwrap();
    run("mknod", &[text(&mid.join("gone")), "c", "0", "0"]);
    for dir in ["etc", "same", "opq", "gone", "new"] {
        fs::create_dir(upper.join(dir)).unwrap();
    }
    fs::write(upper.join("etc/old"), "changed").unwrap();
    fs::write(upper.join("etc/added"), "").unwrap();
    fs::write(upper.join("opq/fresh"), "").unwrap();
    fs::write(upper.join("gone/again"), "").unwrap();
    fs::write(upper.join("new/file"), "").unwrap();
    run("mknod", &[text(&upper.join("same/never")), "c", "0", "0"]);
    let (from, to) = (low.join("same"), upper.join("same"));
    run("touch", &["-r", text(&from), text(&to)]);
    let dir = fs::File::open(&upper).unwrap();
    hbx_storage::xattr::set_at(dir.as_fd(), b"opq", b"trusted.overlay.opaque", b"y").unwrap();
    hbx_storage::xattr::set_at(dir.as_fd(), b"new", b"trusted.overlay.opaque", b"y").unwrap();
    let request = Request {
        t: "diff",
        upper: Some(text(&upper)),
        lowers: Some(vec![text(&mid), text(&low)]),
        ..Request::default()
    };
    let (mut answers, _) = job_with("diff", &request, None);
    assert_eq!(answers.pop().unwrap().t, "done");
    let seen: Vec<String> = answers
        .iter()
        .map(|a| format!("{}{}", ["C", "A", "D"][a.kind as usize], a.path.clone().unwrap()))
        .collect();
    assert_eq!(
        seen,
        [
            "C/etc",
            "A/etc/added",
            "C/etc/old",
            "A/gone",
            "A/gone/again",
            "A/new",
            "A/new/file",
            "C/opq",
            "A/opq/fresh",
            "D/opq/old"
        ]
    );
}

#[test]
fn digest_file_is_sha256() {
    let s = Scratch::new();
    fs::write(s.join("f"), "abc").unwrap();
    let answer = job(
        "digestFile",
        &Request {
            t: "digestFile",
            path: Some(text(&s.join("f"))),
            ..Request::default()
        },
    );
    assert_eq!(
        answer.digest,
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(answer.size_bytes, 3);
}

#[test]
fn a_peer_that_hangs_up_ends_the_job() {
    let s = Scratch::new();
    let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let body = hbx_protocol::frame::encode(&unpack_request(&s.dir("dest")))[4..].to_vec();
    let worker = std::thread::spawn(move || hbx_storage::run("unpack", &body, &theirs));
    ours.write_all(&1000u32.to_be_bytes()).unwrap();
    ours.write_all(&[0; 100]).unwrap();
    drop(ours);
    worker.join().unwrap();
}

#[test]
fn a_request_with_unknown_fields_is_refused() {
    #[derive(Serialize)]
    struct Odd {
        t: &'static str,
        path: &'static str,
        surprise: bool,
    }
    let answer = job(
        "usage",
        &Odd {
            t: "usage",
            path: "/tmp",
            surprise: true,
        },
    );
    assert_eq!(answer.step, "protocol");
    assert!(answer.message.unwrap().contains("surprise"));
}
