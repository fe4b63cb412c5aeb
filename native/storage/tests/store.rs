//! A layer through the store: objects, tree, recipe and image give back all that the archive said.
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
use archive::{Archive, Member, gzip};
use std::fs;
use std::path::Path;
use store::{Mounted, compose, fsck, ingest, ingest_request, tar_cat, text};
use support::{Scratch, job_with, layer_tar, listing, unpack};

/// Lines of two listings that differ.
fn differences(ours: &Path, theirs: &Path) -> Vec<(Option<String>, Option<String>)> {
    let (mut ours, mut theirs) = (
        listing(ours).into_iter().peekable(),
        listing(theirs).into_iter().peekable(),
    );
    let mut found = Vec::new();
    while ours.peek().is_some() || theirs.peek().is_some() {
        let (a, b) = (ours.next(), theirs.next());
        if a != b && found.len() < 10 {
            found.push((a, b));
        }
    }
    found
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_mounted_image_equals_the_unpacked_layer() {
    let scratch = Scratch::new();
    let (upper, store, plain) = (scratch.dir("upper"), scratch.join("store"), scratch.dir("plain"));
    everything::tree(&upper);
    for compression in ["none", "gzip", "zstd"] {
        let (packed, bytes) = layer_tar(&upper, compression);
        let done = ingest(&bytes, &store);
        assert_eq!(done.t, "done", "{done:?}");
        assert_eq!(
            (&done.digest, &done.diff_id, done.compressed_bytes),
            (&packed.digest, &packed.diff_id, bytes.len() as u64)
        );
    }
    let (_, bytes) = layer_tar(&upper, "none");
    let id = ingest(&bytes, &store).diff_id;
    let (answer, again) = tar_cat(&store, &id);
    assert_eq!((answer.t.as_str(), &answer.diff_id), ("done", &id), "{answer:?}");
    assert!(again == bytes);
    let image = scratch.join("image");
    let composed = compose(&store, std::slice::from_ref(&id), &image);
    assert_eq!(composed.t, "done", "{composed:?}");
    fsck(&image);
    assert_eq!(unpack(&bytes, &plain).t, "done");
    let mounted = Mounted::new(&image, &store.join("objects"), &scratch.dir("mount"));
    assert_eq!(differences(&mounted.merged(), &plain), []);
    assert_eq!(names(&store.join("drafts")), [""; 0]);
    let once = fs::read(&image).unwrap();
    compose(&store, &[id], &image);
    assert!(once == fs::read(&image).unwrap(), "always the same bytes");
}

#[test]
fn a_changed_file_is_copied_up_whole() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    let data = vec![b'x'; 10_000];
    let id = ingest(&Archive::default().file("f", &data).end(), &store).diff_id;
    compose(&store, &[id], &scratch.join("image"));
    let mounted = Mounted::new(&scratch.join("image"), &store.join("objects"), &scratch.dir("mount"));
    std::os::unix::fs::chown(mounted.merged().join("f"), Some(7), Some(7)).unwrap();
    assert!(fs::read(mounted.upper().join("f")).unwrap() == data);
    let (packed, _) = layer_tar(&mounted.upper(), "none");
    assert_eq!(packed.t, "done", "{packed:?}");
}

#[test]
fn nothing_is_there_before_the_digests_are_right() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    let tar = Archive::default().file("f", &[b'x'; 5000]).end();
    let wrong = format!("sha256:{}", "0".repeat(64));
    let mut requests = [ingest_request(&store), ingest_request(&store)];
    requests[0].expected_digest = Some(wrong.clone());
    requests[1].expected_diff_id = Some(wrong);
    for request in &mut requests {
        request.blob = Some(text(&scratch.join("blob")));
        let answer = job_with("layerIngest", request, Some(&gzip(&tar))).0.pop().unwrap();
        assert_eq!((answer.t.as_str(), answer.step.as_str()), ("failed", "digest"));
    }
    let cut = ingest(&gzip(&tar)[..100], &store);
    assert_eq!((cut.t.as_str(), cut.step.as_str()), ("failed", "corrupt"));
    for dir in ["objects", "trees", "recipes", "drafts"] {
        assert_eq!(names(&store.join(dir)), [""; 0], "{dir}");
    }
    assert!(!scratch.join("blob").exists());
}

#[test]
fn a_blob_is_kept_as_it_came() {
    let scratch = Scratch::new();
    let tar = gzip(&Archive::default().file("f", &[b'x'; 5000]).end());
    let mut request = ingest_request(&scratch.join("store"));
    request.blob = Some(text(&scratch.join("blob")));
    let answer = job_with("layerIngest", &request, Some(&tar)).0.pop().unwrap();
    assert_eq!(answer.t, "done", "{answer:?}");
    assert!(fs::read(scratch.join("blob")).unwrap() == tar);
    let answer = job_with("layerIngest", &request, Some(&tar)).0.pop().unwrap();
    assert_eq!((answer.t.as_str(), answer.errno), ("failed", libc::EEXIST));
}

#[test]
fn layers_are_merged_as_overlayfs_shows_them() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    let dir = |name| Member {
        name,
        kind: b'5',
        mode: 0o1777,
        ..Member::default()
    };
    let layers = [
        Archive::default()
            .member(dir("tmp"))
            .dir("gone")
            .file("gone/x", b"1")
            .dir("emptied")
            .file("emptied/old", b"1")
            .file("file-then-dir", b"1")
            .dir("dir-then-file")
            .file("dir-then-file/x", b"1")
            .file("kept", &[b'k'; 3000])
            .hard_link("kept-too", "kept")
            .hard_link("kept-hidden", "kept")
            .end(),
        Archive::default()
            .file("tmp/added", b"2")
            .file(".wh.gone", b"")
            .file(".wh.kept-hidden", b"")
            .dir("emptied")
            .file("emptied/.wh..wh..opq", b"")
            .file("emptied/new", b"2")
            .dir("file-then-dir")
            .file("file-then-dir/y", b"2")
            .file("dir-then-file", b"2")
            .end(),
    ];
    let ids: Vec<String> = layers.iter().map(|tar| ingest(tar, &store).diff_id).collect();
    let composed = compose(&store, &ids, &scratch.join("image"));
    assert_eq!(composed.t, "done", "{composed:?}");
    fsck(&scratch.join("image"));
    let mounted = Mounted::new(&scratch.join("image"), &store.join("objects"), &scratch.dir("mount"));
    let root = mounted.merged();
    let shown = ["dir-then-file", "emptied", "file-then-dir", "kept", "kept-too", "tmp"];
    assert_eq!(names(&root), shown);
    assert_eq!(names(&root.join("emptied")), ["new"]);
    assert_eq!(names(&root.join("file-then-dir")), ["y"]);
    assert_eq!(fs::read(root.join("dir-then-file")).unwrap(), b"2");
    let kept = fs::metadata(root.join("kept")).unwrap();
    use std::os::unix::fs::MetadataExt;
    assert_eq!(kept.nlink(), 2);
    assert_eq!(kept.ino(), fs::metadata(root.join("kept-too")).unwrap().ino());
    // The second layer has no entry for it: a parent that is only implied changes nothing.
    assert_eq!(fs::metadata(root.join("tmp")).unwrap().mode() & 0o7777, 0o1777);
}
