//! What is at the edges of what images hold: many names, long attributes, far times, overlay's own signs.
#[allow(dead_code)]
#[path = "support/archive.rs"]
mod archive;
#[allow(dead_code)]
#[path = "support/everything.rs"]
mod everything;
#[allow(dead_code)]
#[path = "support/store.rs"]
mod store;
#[allow(dead_code)]
mod support;
use archive::{Archive, Member};
use hbx_storage::tar::{Entry, Kind, writer};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use store::{Mounted, compose, fsck, ingest, ingest_request, run, tar_cat, text};
use support::{Scratch, job_with, xattrs};

fn entry(path: &str, kind: Kind) -> Entry {
    Entry {
        kind,
        path: path.as_bytes().to_vec(),
        link: Vec::new(),
        mode: 0o755,
        uid: 0,
        gid: 0,
        size: 0,
        mtime: (0, 0),
        device: (0, 0),
        xattrs: Vec::new(),
    }
}

fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    entries.iter().for_each(|entry| writer::header(&mut out, entry, None));
    out.extend_from_slice(&writer::END);
    out
}

fn mounted(scratch: &Scratch, layer: &[u8]) -> Mounted {
    let store = scratch.join("store");
    let done = ingest(layer, &store);
    assert_eq!(done.t, "done", "{done:?}");
    assert!(tar_cat(&store, &done.diff_id).1 == layer);
    let image = scratch.join("image");
    let composed = compose(&store, &[done.diff_id], &image);
    assert_eq!(composed.t, "done", "{composed:?}");
    fsck(&image);
    Mounted::new(&image, &store.join("objects"), &scratch.dir("mount"))
}

#[test]
fn a_directory_of_a_hundred_thousand_names() {
    let scratch = Scratch::new();
    let entries: Vec<Entry> = (0..100_000)
        .map(|i| {
            entry(
                &format!("d/{i}"),
                if i % 100 == 0 { Kind::Directory } else { Kind::Fifo },
            )
        })
        .collect();
    let mounted = mounted(&scratch, &archive(&entries));
    let dir = mounted.merged().join("d");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 100_000);
    for i in (0..100_000).step_by(997) {
        assert_eq!(
            fs::symlink_metadata(dir.join(i.to_string())).unwrap().is_dir(),
            i % 100 == 0
        );
    }
    assert!(!dir.join("100000").exists());
    assert_eq!(fs::metadata(mounted.erofs().join("d")).unwrap().nlink(), 1002);
}

#[test]
fn attributes_as_large_as_linux_has_them_and_times_as_far() {
    let scratch = Scratch::new();
    let mut all = Vec::new();
    for (name, mtime) in [("early", (-(1i64 << 40), 999_999_999)), ("late", (1 << 40, 1))] {
        let mut one = entry(name, Kind::Directory);
        one.mtime = mtime;
        // Three of them: behind each other they cross many blocks.
        for i in 0..3 {
            one.xattrs
                .push((format!("user.{i}").into_bytes(), vec![b'0' + i as u8; 65_535]));
        }
        one.xattrs
            .push(("user.".bytes().chain([b'n'; 250]).collect(), b"long".to_vec()));
        all.push(one);
    }
    let mounted = mounted(&scratch, &archive(&all));
    for one in &all {
        let path = mounted.merged().join(std::str::from_utf8(&one.path).unwrap());
        let m = fs::metadata(&path).unwrap();
        assert_eq!((m.mtime(), m.mtime_nsec() as u32), one.mtime);
        let mut theirs = xattrs(&path);
        theirs.sort();
        let mut ours: Vec<(String, Vec<u8>)> = one
            .xattrs
            .iter()
            .map(|(key, value)| (String::from_utf8(key.clone()).unwrap(), value.clone()))
            .collect();
        ours.sort();
        assert!(ours == theirs);
    }
}

#[test]
fn attributes_that_linux_would_refuse_are_refused() {
    for (key, length) in [
        ("user.big", 65_536),
        ("security.capability", 7),
        ("system.posix_acl_access", 3),
        (&format!("user.{}", "n".repeat(251)), 1),
    ] {
        let scratch = Scratch::new();
        let mut one = entry("d", Kind::Directory);
        one.xattrs.push((key.as_bytes().to_vec(), vec![0; length]));
        let answer = ingest(&archive(&[one]), &scratch.join("store"));
        assert_eq!((answer.t.as_str(), answer.step.as_str()), ("failed", "write"), "{key}");
        assert!(answer.message.unwrap().contains("cannot set attribute"));
    }
}

#[test]
fn overlays_own_signs_in_an_image_mean_nothing_but_are_kept() {
    let scratch = Scratch::new();
    let mut dir = entry("d", Kind::Directory);
    dir.xattrs.push((b"trusted.overlay.opaque".to_vec(), b"y".to_vec()));
    let mut file = entry("d/f", Kind::File);
    file.xattrs
        .push((b"trusted.overlay.redirect".to_vec(), b"/etc/passwd".to_vec()));
    file.xattrs.push((b"trusted.overlay.metacopy".to_vec(), Vec::new()));
    let mounted = mounted(&scratch, &archive(&[dir, file]));
    let found = |path: &str| -> Vec<(String, Vec<u8>)> {
        let mut found = xattrs(&mounted.merged().join(path));
        found.sort();
        found
    };
    assert_eq!(found("d"), [("trusted.overlay.opaque".to_owned(), b"y".to_vec())]);
    assert_eq!(found("d/f").len(), 2);
    assert_eq!(fs::read(mounted.merged().join("d/f")).unwrap(), b"");
    // And after a copy up, the layer of the changes has them again.
    std::os::unix::fs::chown(mounted.merged().join("d/f"), Some(5), Some(5)).unwrap();
    let (packed, tar) = support::layer_tar(&mounted.upper(), "none");
    assert_eq!(packed.t, "done", "{packed:?}");
    let text = String::from_utf8_lossy(&tar).into_owned();
    assert!(text.contains("SCHILY.xattr.trusted.overlay.opaque=y") && text.contains("redirect=/etc/passwd"));
    assert!(!text.contains(".wh..wh..opq") && !text.contains("overlay.overlay"));
}

/// An image with the layers of a container engine in it: an overlay inside a container sees their whiteouts.
#[test]
fn whiteouts_inside_an_image_work_for_an_overlay_inside() {
    let scratch = Scratch::new();
    let device = Member {
        name: "layers/top/gone",
        kind: b'3',
        ..Member::default()
    };
    let tar = Archive::default()
        .dir("layers")
        .dir("layers/base")
        .file("layers/base/gone", b"1")
        .file("layers/base/stays", b"1")
        .dir("layers/top")
        .member(device)
        .end();
    let mounted = mounted(&scratch, &tar);
    let layers = mounted.merged().join("layers");
    let inner = scratch.dir("inner");
    let options = format!("lowerdir={}:{}", text(&layers.join("top")), text(&layers.join("base")));
    run("mount", &["-t", "overlay", "overlay", "-o", &options, &text(&inner)]);
    let names: Vec<_> = fs::read_dir(&inner).unwrap().map(|e| e.unwrap().file_name()).collect();
    let gone = inner.join("gone").exists();
    run("umount", &[&text(&inner)]);
    assert_eq!((names, gone), (vec!["stays".into()], false));
}

#[test]
fn a_file_of_holes_counts_with_its_whole_size() {
    let scratch = Scratch::new();
    let sparse = |size: &str| {
        let records = [
            ("GNU.sparse.major", "1"),
            ("GNU.sparse.minor", "0"),
            ("GNU.sparse.realsize", size),
            ("GNU.sparse.name", "s"),
        ];
        let data = [&b"1\n1000\n5\n"[..], &[0; 503], b"12345"].concat();
        Archive::default().pax(&records).file("x", &data).end()
    };
    let mut request = ingest_request(&scratch.join("store"));
    request.limits.max_bytes = 100 << 20;
    let bomb = job_with("layerIngest", &request, Some(&sparse("9000000000000000000"))).0;
    assert_eq!(bomb[0].step, "limit", "{bomb:?}");
    let mounted = mounted(&scratch, &sparse("67108864"));
    let file = mounted.merged().join("s");
    assert_eq!(fs::metadata(&file).unwrap().size(), 64 << 20);
    let prefix = fs::read_dir(scratch.join("store/objects"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let object = fs::read_dir(prefix.path()).unwrap().next().unwrap().unwrap();
    assert!(object.metadata().unwrap().blocks() * 512 < 1 << 20);
    assert_eq!(&fs::read(file).unwrap()[1000..1005], b"12345");
}

#[test]
fn two_ingests_of_one_layer_at_once_are_one() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    let add = |tar: Archive, i: u32| tar.file(&i.to_string(), i.to_string().repeat(2000).as_bytes());
    let tar = (0..50).fold(Archive::default(), add).end();
    std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..4).map(|_| scope.spawn(|| ingest(&tar, &store))).collect();
        let new: u64 = jobs
            .into_iter()
            .map(|job| {
                let done = job.join().unwrap();
                assert_eq!(done.t, "done", "{done:?}");
                done.new_objects
            })
            .sum();
        assert_eq!(new, 50);
    });
    let count = |name: &str| fs::read_dir(Path::new(&store).join(name)).unwrap().count();
    assert_eq!((count("trees"), count("recipes"), count("drafts")), (1, 1, 0));
}
