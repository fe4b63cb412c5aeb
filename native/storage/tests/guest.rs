//! Jobs on a container's root: links never lead out, Docker's rules of copying hold.
#[allow(dead_code)]
#[path = "support/archive.rs"]
mod archive;
#[allow(dead_code)]
mod support;
use archive::Archive;
use serde::Serialize;
use std::collections::HashMap;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use support::{Answer, Scratch, job, job_with, listing};

#[derive(Serialize, Default, Clone)]
struct Root {
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lowers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    work: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mounts: Vec<Volume>,
}

#[derive(Serialize, Clone)]
struct Volume {
    source: String,
    target: String,
    readonly: bool,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    t: &'a str,
    root: Root,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rebase: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_overwrite_dir_non_dir: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_uid_gid: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<HashMap<&'a str, u32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    readonly_paths: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dest: Option<String>,
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Two layers and an upper directory: `lower` has /etc/a, `upper` deletes it and has /etc/b.
fn layers(s: &Scratch) -> Root {
    let (low, top, upper, work) = (s.dir("low"), s.dir("top"), s.dir("upper"), s.dir("work"));
    fs::create_dir_all(low.join("etc")).unwrap();
    fs::write(low.join("etc/a"), "a").unwrap();
    fs::write(low.join("etc/kept"), "kept").unwrap();
    fs::create_dir_all(low.join("data/sub")).unwrap();
    fs::write(low.join("data/sub/file"), "data").unwrap();
    fs::set_permissions(low.join("data"), PermissionsExt::from_mode(0o1750)).unwrap();
    symlink("/etc", top.join("link")).unwrap();
    symlink("../../../../..", top.join("up")).unwrap();
    symlink("/outside", top.join("out")).unwrap();
    fs::create_dir(upper.join("etc")).unwrap();
    fs::write(upper.join("etc/b"), "b").unwrap();
    assert!(
        std::process::Command::new("mknod")
            .args([&text(&upper.join("etc/a")), "c", "0", "0"])
            .status()
            .unwrap()
            .success()
    );
    Root {
        lowers: Some(vec![text(&top), text(&low)]),
        upper: Some(text(&upper)),
        work: Some(text(&work)),
        ..Root::default()
    }
}

fn names(tar: &[u8]) -> Vec<String> {
    let mut archive = hbx_storage::tar::reader::Archive::new(tar);
    let mut names = Vec::new();
    while let Some(entry) = archive.next_entry().unwrap() {
        names.push(String::from_utf8(entry.path).unwrap());
    }
    names
}

fn tree(root: &Root, path: &str, rebase: Option<&str>) -> Result<Vec<String>, Answer> {
    let (mut answers, bytes) = job_with(
        "treeTar",
        &Request {
            t: "treeTar",
            root: root.clone(),
            path,
            rebase,
            ..Request::default()
        },
        None,
    );
    let last = answers.pop().unwrap();
    if last.t == "done" { Ok(names(&bytes)) } else { Err(last) }
}

fn stat(root: &Root, path: &str) -> Answer {
    job(
        "statPath",
        &Request {
            t: "statPath",
            root: root.clone(),
            path,
            ..Request::default()
        },
    )
}

fn put(root: &Root, path: &str, archive: Archive, change: impl FnOnce(&mut Request)) -> Answer {
    let mut request = Request {
        t: "putTar",
        root: root.clone(),
        path,
        readonly_paths: Some(vec![]),
        ..Request::default()
    };
    change(&mut request);
    job_with("putTar", &request, Some(&archive.end())).0.pop().unwrap()
}

#[test]
fn tree_tar_shows_the_layers_as_one() {
    let s = Scratch::new();
    let root = layers(&s);
    assert_eq!(tree(&root, "/etc", None).unwrap(), ["etc/", "etc/b", "etc/kept"]);
    assert_eq!(tree(&root, "/link", None).unwrap(), ["link"]);
    assert_eq!(tree(&root, "/link/", None).unwrap(), ["link/", "link/b", "link/kept"]);
    assert_eq!(tree(&root, "/etc/.", None).unwrap(), ["./", "./b", "./kept"]);
    assert_eq!(tree(&root, "/etc/b", Some("renamed")).unwrap(), ["renamed"]);
    assert_eq!(tree(&root, "/up/../etc/b", None).unwrap(), ["b"]);
    assert_eq!(
        tree(&root, "/", None).unwrap(),
        [
            "data/",
            "data/sub/",
            "data/sub/file",
            "etc/",
            "etc/b",
            "etc/kept",
            "link",
            "out",
            "up"
        ]
    );
    assert_eq!(
        (
            tree(&root, "/nope", None).unwrap_err().errno,
            tree(&root, "/etc/b/x", None).unwrap_err().errno
        ),
        (libc::ENOENT, libc::ENOTDIR)
    );
    // A failure in the middle is told after the section's end.
    let mut deep: std::os::fd::OwnedFd = fs::File::open(s.dir("upper/deep")).unwrap().into();
    for _ in 0..1100 {
        hbx_storage::sys::mkdirat(deep.as_fd(), b"d", 0o755).unwrap();
        deep = hbx_storage::sys::openat(deep.as_fd(), b"d", libc::O_RDONLY | libc::O_DIRECTORY, 0).unwrap();
    }
    assert_eq!(tree(&root, "/deep", None).unwrap_err().step, "limit");
    let only = Root {
        lowers: Some(vec![text(&s.join("low"))]),
        ..Root::default()
    };
    assert_eq!(tree(&only, "/etc", None).unwrap(), ["etc/", "etc/a", "etc/kept"]);
}

#[test]
fn volumes_are_seen_and_made_where_nothing_is() {
    let s = Scratch::new();
    let mut root = layers(&s);
    fs::write(s.dir("vol").join("in"), "x").unwrap();
    root.mounts = vec![Volume {
        source: text(&s.join("vol")),
        target: "/mnt/deep/vol".into(),
        readonly: true,
    }];
    assert_eq!(tree(&root, "/mnt/deep/vol", None).unwrap(), ["vol/", "vol/in"]);
    assert!(!s.join("upper/mnt").exists());
    let answer = put(&root, "/mnt/deep/vol", Archive::default().file("new", b""), |_| {});
    assert_eq!((answer.step.as_str(), answer.errno), ("destination", libc::EROFS));
    root.mounts[0].readonly = false;
    assert_eq!(
        put(&root, "/mnt/deep/vol", Archive::default().file("new", b""), |r| r
            .readonly_paths =
            Some(vec!["/"]))
        .t,
        "done"
    );
    assert!(s.join("vol/new").exists());
    assert_eq!(
        put(&root, "/etc", Archive::default().file("new", b""), |r| r
            .readonly_paths =
            Some(vec!["/"]))
        .errno,
        libc::EROFS
    );
}

#[test]
fn stat_path_says_what_docker_says() {
    let s = Scratch::new();
    let root = layers(&s);
    let b = stat(&root, "/etc/b");
    assert_eq!(
        (b.t.as_str(), b.name.as_str(), b.size_bytes, b.mode & 0o777),
        ("done", "b", 1, 0o644)
    );
    let link = stat(&root, "/link");
    assert_eq!((link.link_target.as_str(), link.mode >> 27 & 1), ("/etc", 1));
    assert_eq!(
        (
            stat(&root, "/up").link_target.as_str(),
            stat(&root, "/out").link_target.as_str()
        ),
        ("/", "/outside")
    );
    assert_eq!(
        (stat(&root, "/link/").mode >> 31, stat(&root, "/data").mode >> 20 & 1),
        (1, 1)
    );
    assert_eq!(stat(&root, "/etc/a").errno, libc::ENOENT);
    let me = Root {
        pid: Some(std::process::id() as i32),
        ..Root::default()
    };
    assert_eq!(stat(&me, "/etc").mode >> 31, 1);
    assert_eq!(
        stat(
            &Root {
                pid: Some(i32::MAX),
                ..Root::default()
            },
            "/etc"
        )
        .step,
        "root"
    );
}

#[test]
fn put_tar_writes_inside_whatever_the_links_say() {
    let s = Scratch::new();
    let root = layers(&s);
    assert_eq!(
        put(&root, "/link", Archive::default().file("via", b"1"), |_| {}).t,
        "done"
    );
    assert_eq!(fs::read(s.join("upper/etc/via")).unwrap(), b"1");
    assert_eq!(
        put(&root, "/", Archive::default().file("out/x", b"2"), |_| {}).t,
        "done"
    );
    assert_eq!(fs::read(s.join("upper/outside/x")).unwrap(), b"2");
    assert!(!Path::new("/outside").exists());
    assert_eq!(put(&root, "/nope", Archive::default(), |_| {}).errno, libc::ENOENT);
    assert_eq!(put(&root, "/etc/b", Archive::default(), |_| {}).errno, libc::ENOTDIR);
    assert_eq!(
        put(&root, "/etc", Archive::default().file("../x", b""), |_| {}).step,
        "traversal"
    );
    let kept = put(&root, "/", Archive::default().file("etc", b""), |r| {
        r.no_overwrite_dir_non_dir = Some(true)
    });
    assert_eq!(
        (kept.step.as_str(), s.join("upper/etc/b").exists()),
        ("overwrite", true)
    );
    let kept = put(&root, "/etc", Archive::default().dir("b"), |r| {
        r.no_overwrite_dir_non_dir = Some(true)
    });
    assert_eq!(kept.step, "overwrite");
    let owner = HashMap::from([("uid", 12), ("gid", 34)]);
    assert_eq!(
        put(
            &root,
            "/etc",
            Archive::default().dir("owned").file("owned/f", b""),
            |r| (r.copy_uid_gid, r.owner) = (Some(true), Some(owner))
        )
        .t,
        "done"
    );
    for path in ["upper/etc/owned", "upper/etc/owned/f"] {
        let m = s.join(path).metadata().unwrap();
        assert_eq!((m.uid(), m.gid()), (12, 34), "{path}");
    }
}

#[test]
fn copy_up_takes_content_owner_and_mode() {
    let s = Scratch::new();
    let root = layers(&s);
    let dest = s.dir("vol");
    let request = |path: &'static str| Request {
        t: "copyUp",
        root: root.clone(),
        path,
        dest: Some(text(&dest)),
        ..Request::default()
    };
    assert_eq!(job("copyUp", &request("/nope")).entries, 0);
    let answer = job("copyUp", &request("/data"));
    assert_eq!((answer.t.as_str(), answer.entries), ("done", 3), "{answer:?}");
    assert_eq!(listing(&dest), listing(&s.join("low/data")));
    assert_eq!(dest.metadata().unwrap().permissions().mode() & 0o7777, 0o1750);
    assert_eq!(job("copyUp", &request("/etc/b")).errno, libc::ENOTDIR);
}
