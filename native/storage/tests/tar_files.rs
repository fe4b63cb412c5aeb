//! The job `tarFiles`: small files out of archives, hostile ones too.
#[allow(dead_code)]
#[path = "support/archive.rs"]
mod archive;
#[allow(dead_code)]
mod support;
use archive::{Archive, gzip};
use hbx_protocol::frame;
use serde::{Deserialize, Serialize};
use std::os::unix::net::UnixStream;
use support::{Limits, Scratch, Source};

#[derive(Serialize)]
struct Request {
    t: &'static str,
    source: Source,
    wanted: Vec<&'static str>,
    limits: Limits,
}

#[derive(Deserialize, Debug, Default)]
#[serde(default)]
struct Answer {
    t: String,
    step: String,
    found: Vec<File>,
}

#[derive(Deserialize, Debug)]
struct File {
    path: String,
    content: serde_bytes::ByteBuf,
}

fn ask(archive: &[u8], max_entries: u64) -> Answer {
    let scratch = Scratch::new();
    let path = scratch.join("layer");
    std::fs::write(&path, archive).unwrap();
    let request = Request {
        t: "tarFiles",
        source: Source {
            path: Some(path.to_str().unwrap().to_owned()),
            stream: None,
        },
        wanted: vec!["var/lib/dpkg/status", "lib/apk/db/"],
        limits: Limits {
            max_bytes: 1 << 30,
            max_entries,
            max_ratio: 300,
        },
    };
    let (ours, theirs) = UnixStream::pair().unwrap();
    hbx_storage::run("tarFiles", &frame::encode(&request)[4..], &theirs);
    frame::parse(&frame::read(&ours).unwrap().unwrap()).unwrap()
}

#[test]
fn wanted_files_come_whatever_else_is_there() {
    let tar = Archive::default()
        .dir("var/")
        .file("var/lib/dpkg/status", b"old")
        .file("./var/lib/dpkg/status", b"new")
        .file("var/lib/dpkg/other", b"no")
        .symlink("lib/apk/db/installed", "/etc/passwd")
        .file("lib/apk/db/triggers", b"yes")
        .end();
    let answer = ask(&gzip(&tar), 100);
    assert_eq!(answer.t, "done", "{answer:?}");
    let found: Vec<_> = answer
        .found
        .iter()
        .map(|f| (f.path.as_str(), f.content.as_slice()))
        .collect();
    assert_eq!(
        found,
        [
            ("lib/apk/db/triggers", &b"yes"[..]),
            ("var/lib/dpkg/status", &b"new"[..])
        ]
    );
}

#[test]
fn too_much_or_no_archive_is_refused() {
    let large = Archive::default()
        .file("var/lib/dpkg/status", &vec![b'x'; 13 << 20])
        .end();
    assert_eq!(ask(&large, 100).step, "limit");
    let many = Archive::default().dir("a/").dir("b/").dir("c/").end();
    assert_eq!(ask(&many, 2).step, "limit");
    assert_eq!(ask(b"not a tar archive at all", 100).step, "corrupt");
}
