//! Archives that mean harm: each is refused with its step or neutralised, and nothing outside the destination changes.
#[allow(dead_code)]
#[path = "support/archive.rs"]
mod archive;
#[allow(dead_code)]
mod support;
use archive::{Archive, Member, gzip, octal};
use std::fs;
use support::{Scratch, Unpack, job_with, unpack, unpack_request};

fn new() -> Archive {
    Archive::default()
}

/// Unpacks beside a file that must survive; says the failed step or "done".
fn verdict(archive: &[u8]) -> (String, Scratch) {
    let scratch = Scratch::new();
    fs::create_dir(scratch.join("outside")).unwrap();
    fs::write(scratch.join("outside/victim"), "untouched").unwrap();
    let dest = scratch.dir("dest");
    let answer = unpack(archive, &dest);
    assert_eq!(fs::read_to_string(scratch.join("outside/victim")).unwrap(), "untouched");
    assert_eq!(fs::read_dir(scratch.join("outside")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 2);
    (if answer.t == "failed" { answer.step } else { answer.t }, scratch)
}

#[test]
fn names_that_climb_out_are_refused() {
    let cases = [
        new().file("../outside/victim", b"x"),
        new().file("a/../../outside/victim", b"x"),
        new().file("/../outside/victim", b"x"),
        new().dir("../outside/made"),
        new().symlink("../outside/link", "x"),
        new().hard_link("mine", "../outside/victim"),
        new().hard_link("mine", "/../../outside/victim"),
        new().pax(&[("path", "../outside/victim")]).file("ok", b"x"),
        new().pax(&[("linkpath", "../outside/victim")]).hard_link("mine", "ok"),
        new().special(b'L', "long", b"../outside/victim\0").file("ok", b"x"),
        new()
            .special(b'g', "global", b"26 path=../outside/victim\n")
            .file("ok", b"x"),
        new().file(".wh...", b""),
        new().file(".wh..", b""),
        new().file(".wh.", b""),
        new().dir("d").file("d/.wh...", b""),
        new().symlink("./", "/etc"),
        new().hard_link("x", "/"),
    ];
    for (i, case) in cases.into_iter().enumerate() {
        assert_eq!(verdict(&case.end()).0, "traversal", "case {i}");
    }
}

#[test]
fn names_and_links_that_lead_elsewhere_stay_inside() {
    let (step, s) = verdict(&new().file("/etc/passwd", b"x").end());
    assert_eq!((step.as_str(), s.join("dest/etc/passwd").exists()), ("done", true));
    for target in [
        "../outside",
        "/outside",
        "../../../../../outside",
        "../outside/../outside",
    ] {
        let (step, s) = verdict(&new().symlink("link", target).file("link/victim", b"x").end());
        assert_eq!(step, "done", "{target}");
        assert_eq!(fs::read(s.join("dest/outside/victim")).unwrap(), b"x", "{target}");
    }
    let absolute = format!("{}/hbx-never", std::env::temp_dir().display());
    let (step, s) = verdict(&new().symlink("l", &absolute).file("l/x", b"x").end());
    assert_eq!(step, "done");
    assert!(!std::path::Path::new(&absolute).exists());
    assert!(s.join(&format!("dest{absolute}/x")).exists());
    let chain = new()
        .symlink("a", "b")
        .symlink("b", "c")
        .symlink("c", "../../outside")
        .file("a/victim", b"x");
    assert_eq!(verdict(&chain.end()).0, "done");
}

#[test]
fn a_file_in_the_place_of_a_link_replaces_the_link() {
    let (step, s) = verdict(&new().symlink("link", "../outside/victim").file("link", b"mine").end());
    assert_eq!(step, "done");
    assert!(s.join("dest/link").symlink_metadata().unwrap().is_file());
    let (step, s) = verdict(
        &new()
            .symlink("link", "../outside")
            .dir("link")
            .file("link/x", b"")
            .end(),
    );
    assert_eq!(
        (step.as_str(), s.join("dest/link").symlink_metadata().unwrap().is_dir()),
        ("done", true)
    );
    // Writing through a hard link would change the first name's content.
    let (_, s) = verdict(&new().file("a", b"first").hard_link("b", "a").file("b", b"second").end());
    assert_eq!(fs::read(s.join("dest/a")).unwrap(), b"first");
    // A hard link to a link is a link, not what it points to.
    let (step, s) = verdict(&new().symlink("l", "../outside/victim").hard_link("m", "l").end());
    assert_eq!((step.as_str(), s.join("dest/m").is_symlink()), ("done", true));
}

#[test]
fn loops_and_missing_targets_fail_cleanly() {
    for case in [
        new().symlink("a", "b").symlink("b", "a").file("a/x", b""),
        new().symlink("a", "a").file("a/x", b""),
        new().hard_link("x", "missing"),
        new().hard_link("x", "missing/dir/file"),
        new().file("f", b"").file("f/below", b""),
        new()
            .file(&"n".repeat(100), b"")
            .pax(&[("path", &"n".repeat(256))])
            .file("x", b""),
        new().pax(&[("path", &"n/".repeat(3000))]).file("x", b""),
    ] {
        assert_eq!(verdict(&case.end()).0, "write");
    }
}

#[test]
fn broken_headers_are_corrupt() {
    let whole = new().file("a", b"hello").end();
    let mut checksum = whole.clone();
    checksum[0] = b'b';
    let truncated_header = whole[..300].to_vec();
    let sized = |size: Vec<u8>| {
        new()
            .member(Member {
                name: "a",
                size: Some(size),
                ..Member::default()
            })
            .end()
    };
    let mut huge = vec![0x80u8; 1];
    huge.extend_from_slice(&[0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    let cases = [
        checksum,
        truncated_header,
        whole[..512].to_vec(),
        whole[..514].to_vec(),
        b"hello, I am no archive at all".repeat(50),
        sized(vec![0xff; 12]),
        sized(huge),
        sized(b"notanumber\0\0".to_vec()),
        sized(octal(1 << 30, 12)),
        new().pax(&[("size", "99999999999999999999")]).file("a", b"").end(),
        new().pax(&[("size", "9223372036854775807")]).file("a", b"").end(),
        new().special(b'x', "pax", b"999 path=x\n").file("a", b"").end(),
        new().special(b'x', "pax", b"12 path=a\0b\n").file("a", b"").end(),
        new().pax(&[("path", "only-a-header")]).0,
        new().special(b'?', "unknown", b"").end(),
        new()
            .member(Member {
                name: "c",
                kind: b'3',
                device: (0, 0),
                ..Member::default()
            })
            .end(),
    ];
    for (i, case) in cases.iter().enumerate() {
        assert_eq!(verdict(case).0, "corrupt", "case {i}");
    }
    let long = new().member(Member {
        name: "x",
        kind: b'x',
        size: Some(octal(2 << 20, 12)),
        ..Member::default()
    });
    assert_eq!(verdict(&long.end()).0, "limit");
}

#[test]
fn lying_sparse_maps_are_corrupt() {
    let one = |map: &str, real: &str, data: &[u8]| {
        let head = [
            ("GNU.sparse.major", "0"),
            ("GNU.sparse.minor", "1"),
            ("GNU.sparse.map", map),
            ("GNU.sparse.size", real),
        ];
        verdict(&new().pax(&head).file("s", data).end()).0
    };
    assert_eq!(one("0,5,100,5", "105", b"0123456789"), "done");
    for (map, real) in [
        ("0,5,3,5", "100"),
        ("100,5,0,5", "200"),
        ("0,10", "5"),
        ("0,5", "100"),
        ("0,5,9", "100"),
        ("18446744073709551615,10", "100"),
        ("0,10", "18446744073709551615"),
    ] {
        assert_eq!(one(map, real, b"0123456789"), "corrupt", "{map} {real}");
    }
    let head = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.realsize", "100"),
    ];
    let v1 = |text: &[u8]| verdict(&new().pax(&head).file("s", text).end()).0;
    assert_eq!(
        (
            v1(&[b"99999999999\n", &[b'1'; 500][..]].concat()).as_str(),
            v1(b"2\n0\n").as_str()
        ),
        ("limit", "corrupt")
    );
    assert_eq!(v1(&b"1".repeat(512)), "corrupt");
}

fn with(archive: &[u8], change: impl FnOnce(&mut Unpack)) -> support::Answer {
    let scratch = Scratch::new();
    let mut request = unpack_request(&scratch.dir("dest"));
    change(&mut request);
    job_with("unpack", &request, Some(archive)).0.pop().unwrap()
}

#[test]
fn limits_stop_bombs() {
    let zeros = vec![0u8; 64 << 20];
    let bomb = new().file("zeros", &zeros).end();
    for packed in [gzip(&bomb), zstd::encode_all(&bomb[..], 3).unwrap()] {
        let answer = with(&packed, |r| r.limits.max_ratio = 100);
        assert_eq!(answer.step, "limit", "{answer:?}");
        assert!(answer.message.unwrap().contains("100 times"));
        let answer = with(&packed, |r| r.limits.max_bytes = 1 << 20);
        assert_eq!(answer.step, "limit");
        let answer = with(&packed, |r| r.limits.max_ratio = 1 << 20);
        assert_eq!(answer.t, "done", "{answer:?}");
    }
    let many = (0..50).fold(new(), |a, i| a.file(&format!("f{i}"), b"")).end();
    assert_eq!(with(&many, |r| r.limits.max_entries = 49).step, "limit");
    assert_eq!(with(&many, |r| r.limits.max_entries = 50).entries, 50);
    let digest = with(&many, |r| r.expected_digest = Some("sha256:00".into()));
    assert_eq!(digest.step, "digest");
    assert_eq!(
        with(&new().file("f", b"x").hard_link("l", "f").end(), |r| r.flat =
            Some(true))
        .step,
        "flat"
    );
    let answer = with(&new().symlink("l", "x").end(), |r| r.flat = Some(true));
    assert_eq!(answer.t, "done", "{answer:?}");
    let answer = with(&new().dir("d").file("d/f", b"x").end(), |r| r.flat = Some(true));
    assert_eq!(answer.t, "done", "{answer:?}");
}

#[test]
fn damaged_compression_is_corrupt_and_foreign_formats_are_named() {
    let noise: Vec<u8> = (0..300_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let whole = new().file("noise", &noise).end();
    for packed in [gzip(&whole), zstd::encode_all(&whole[..], 3).unwrap()] {
        for keep in [5, 20, packed.len() / 2, packed.len() - 1] {
            assert_eq!(verdict(&packed[..keep]).0, "corrupt", "{keep} bytes");
        }
        let twice = [packed.as_slice(), packed.as_slice()].concat();
        assert_eq!(verdict(&twice).0, "done");
    }
    let mut flipped = gzip(&whole);
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    assert_eq!(verdict(&flipped).0, "corrupt");
    assert_eq!(verdict(&[b"BZh91AY&SY", &[0u8; 600][..]].concat()).0, "format");
    assert_eq!(verdict(&[b"\xfd7zXZ\0", &[0u8; 600][..]].concat()).0, "format");
    assert_eq!(verdict(b"").0, "done");
}
