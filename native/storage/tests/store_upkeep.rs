//! The store over time: what is collected, what is found bad and comes back, what images share, how they differ.
#[allow(dead_code)]
#[path = "support/archive.rs"]
mod archive;
#[allow(dead_code)]
#[path = "support/store.rs"]
mod store;
#[allow(dead_code)]
mod support;
use archive::Archive;
use std::fs;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use store::{collect, compose, ingest, ingest_request, own_mounts, run, tar_cat, tree_diff, usage, verify};
use support::{Answer, Scratch, job_with};

/// Files of 5000 bytes whose content is their number.
fn layer(numbers: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let add = |tar: Archive, n: u32| tar.file(&format!("f{n}"), n.to_string().repeat(5000).as_bytes());
    numbers.into_iter().fold(Archive::default(), add).end()
}

fn objects(store: &Path) -> Vec<PathBuf> {
    let prefixes = fs::read_dir(store.join("objects")).unwrap().map(|e| e.unwrap().path());
    let mut all: Vec<PathBuf> = prefixes
        .flat_map(|dir| fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()))
        .collect();
    all.sort();
    all
}

fn remove_layer(store: &Path, id: &str) {
    let hex = &id["sha256:".len()..];
    for dir in ["trees", "recipes"] {
        fs::remove_file(store.join(dir).join(hex)).unwrap();
    }
}

fn sound(store: &Path) -> Answer {
    let mut frames = verify(store, false);
    assert_eq!(frames.len(), 1, "{frames:?}");
    frames.pop().unwrap()
}

#[test]
fn collect_removes_what_no_layer_names() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    let first = ingest(&layer(0..6), &store);
    let second = ingest(&layer(4..10), &store);
    assert_eq!((first.new_objects, second.new_objects), (6, 4));
    assert_eq!(collect(&store).removed, 0);
    remove_layer(&store, &first.diff_id);
    let done = collect(&store);
    assert_eq!((done.removed, done.kept), (4, 6), "{done:?}");
    assert_eq!(objects(&store).len(), 6);
    assert_eq!(sound(&store).objects, 6);
    assert!(tar_cat(&store, &second.diff_id).1 == layer(4..10));
}

#[test]
fn collect_sweeps_drafts_of_the_dead_but_not_of_the_living() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    ingest(&layer(0..1), &store);
    let (dead, living) = (store.join("drafts/1-1"), store.join("drafts/1-2"));
    for draft in [&dead, &living] {
        fs::create_dir_all(draft.join("o")).unwrap();
        fs::write(draft.join("o/x"), "x").unwrap();
    }
    let lock = fs::File::open(&living).unwrap();
    // SAFETY: our own descriptor.
    assert_eq!(unsafe { libc::flock(lock.as_raw_fd(), libc::LOCK_EX) }, 0);
    assert_eq!(collect(&store).drafts, 1);
    assert!(!dead.exists() && living.join("o/x").exists());
}

#[test]
fn collect_refuses_when_a_tree_is_damaged() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    let id = ingest(&layer(0..3), &store).diff_id;
    let path = store.join("trees").join(&id["sha256:".len()..]);
    let mut bytes = fs::read(&path).unwrap();
    bytes[10] ^= 1;
    fs::write(&path, bytes).unwrap();
    let answer = collect(&store);
    assert_eq!((answer.t.as_str(), answer.step.as_str()), ("failed", "tree"));
    assert_eq!(objects(&store).len(), 3);
    let bad = verify(&store, false);
    assert_eq!((bad[0].what.as_str(), &bad[0].id), ("tree", &id));
    ingest(&layer(0..3), &store);
    assert_eq!(sound(&store).objects, 3);
}

#[test]
fn verify_finds_bad_objects_and_an_ingest_brings_them_back() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    let id = ingest(&layer(0..4), &store).diff_id;
    let all = objects(&store);
    let size = fs::metadata(&all[0]).unwrap().len();
    fs::write(&all[0], vec![7; size as usize]).unwrap();
    fs::write(&all[1], b"short").unwrap();
    fs::remove_file(&all[2]).unwrap();
    assert_eq!(tar_cat(&store, &id).0.t, "failed");
    let frames = verify(&store, true);
    let mut reasons: Vec<&str> = frames
        .iter()
        .filter(|f| f.t == "bad")
        .map(|f| f.reason.as_str())
        .collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["content", "missing", "size"]);
    assert!(
        frames[..3]
            .iter()
            .all(|f| f.what == "object" && f.layers == [id.clone()])
    );
    assert_eq!(frames[3].bad, 3);
    assert_eq!(ingest(&layer(0..4), &store).new_objects, 3);
    sound(&store);
    assert!(tar_cat(&store, &id).1 == layer(0..4));
}

#[test]
fn an_object_cut_short_by_a_crash_is_replaced() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    ingest(&layer(0..2), &store);
    fs::write(&objects(&store)[0], b"").unwrap();
    assert_eq!(ingest(&layer(0..2), &store).new_objects, 1);
    sound(&store);
}

#[test]
fn usage_tells_shared_from_unique_and_dead() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    let ids: Vec<String> = [0..4, 2..5, 10..11]
        .map(|numbers| ingest(&layer(numbers), &store).diff_id)
        .into();
    let blocks = |n| {
        let content = u32::to_string(&n).repeat(5000).len() as u64;
        content.next_multiple_of(4096)
    };
    let answer = usage(&store, vec![vec![ids[0].clone()], vec![ids[1].clone(), ids[1].clone()]]);
    assert_eq!((answer.objects, answer.dead_objects), (6, 1), "{answer:?}");
    let image = |size, shared| support::ImageUse {
        size_bytes: size,
        shared_bytes: shared,
        unique_bytes: size - shared,
    };
    let block = blocks(1);
    assert_eq!(
        answer.images,
        [image(4 * block, 2 * block), image(3 * block, 2 * block)]
    );
}

#[test]
fn tree_diff_names_what_changed() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    let mut big = Archive::default()
        .dir("same")
        .dir("big")
        .dir("went")
        .file("went/x", b"1");
    for i in 0..3000 {
        big = big.file(&format!("big/{i:05}"), b"x").file(&format!("same/{i}"), b"x");
    }
    let base = ingest(&big.file("kind", b"f").end(), &store).diff_id;
    let change = Archive::default()
        .file("big/00000", b"changed")
        .file("big/01500a", b"new")
        .file("big/.wh.02999", b"")
        .file(".wh.went", b"")
        .dir("kind")
        .file("kind/below", b"1")
        .symlink("link", "big")
        .end();
    let top = ingest(&change, &store).diff_id;
    let (a, b) = (scratch.join("a"), scratch.join("b"));
    let first = compose(&store, std::slice::from_ref(&base), &a);
    let second = compose(&store, &[base.clone(), top], &b);
    assert_ne!(first.digest, second.digest);
    let path = |kind: i32, path: &str| (kind, path.to_owned());
    let there = [
        path(0, "/big/00000"),
        path(0, "/kind"),
        path(1, "/big/01500a"),
        path(1, "/kind/below"),
        path(1, "/link"),
        path(2, "/big/02999"),
        path(2, "/went"),
        path(2, "/went/x"),
    ];
    assert_eq!(tree_diff(&a, &b), there);
    let mut back: Vec<_> = there.map(|(kind, path)| ([0, 2, 1][kind as usize], path)).into();
    back.sort();
    assert_eq!(tree_diff(&b, &a), back);
    assert_eq!(tree_diff(&a, &a), []);
    assert_eq!(compose(&store, &[base], &b).digest, first.digest);
}

#[test]
fn verify_passes_by_layers_that_are_removed_meanwhile() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    let stop = AtomicBool::new(false);
    ingest(&layer(0..1), &store);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let id = ingest(&layer(1..30), &store).diff_id;
                remove_layer(&store, &id);
                collect(&store);
            }
        });
        let frames: Vec<Answer> = (0..60).flat_map(|_| verify(&store, false)).collect();
        stop.store(true, Ordering::Relaxed);
        let bad: Vec<&Answer> = frames.iter().filter(|frame| frame.t != "done").collect();
        assert!(bad.is_empty(), "{bad:?}");
    });
}

/// Layers come and go while others are taken in: an ingest that has found an object never loses it.
#[test]
fn collections_and_ingests_race_without_loss() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    ingest(&layer(0..1), &store);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let collector = scope.spawn(|| {
            let mut removed = 0;
            while !stop.load(Ordering::Relaxed) {
                let done = collect(&store);
                assert_eq!(done.t, "done", "{done:?}");
                removed += done.removed;
            }
            removed
        });
        // All share the objects 0..40; each removes its layer again, so that the objects die and are reborn all the time.
        let workers: Vec<_> = (1..4u32)
            .map(|own| {
                let store = &store;
                scope.spawn(move || {
                    let tar = layer((0..40).chain([1000 * own]));
                    for _ in 0..25 {
                        let done = ingest(&tar, store);
                        assert_eq!(done.t, "done", "{done:?}");
                        let (answer, again) = tar_cat(store, &done.diff_id);
                        assert_eq!(answer.t, "done", "{answer:?}");
                        assert!(again == tar);
                        remove_layer(store, &done.diff_id);
                    }
                })
            })
            .collect();
        let results: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        stop.store(true, Ordering::Relaxed);
        assert!(results.into_iter().all(|result| result.is_ok()));
        assert!(collector.join().unwrap() > 40);
    });
    sound(&store);
    assert_eq!(collect(&store).kept, 1);
}

/// A job that is cut off leaves no trace, whenever that is.
#[test]
fn a_cut_stream_leaves_nothing() {
    let scratch = Scratch::new();
    let store = scratch.join("store");
    let tar = layer(0..200);
    for cut in (0..tar.len()).step_by(tar.len() / 9) {
        let answer = job_with("layerIngest", &ingest_request(&store), Some(&tar[..cut]))
            .0
            .pop();
        let answer = answer.unwrap();
        // An archive may end without its end mark, but not in the middle of an entry.
        if answer.t == "done" {
            remove_layer(&store, &answer.diff_id);
        }
        assert_eq!(fs::read_dir(store.join("drafts")).unwrap().count(), 0);
    }
    collect(&store);
    assert_eq!(objects(&store).len(), 0);
}

#[test]
fn a_full_disk_leaves_nothing_and_a_retry_succeeds() {
    let scratch = Scratch::new();
    own_mounts();
    let disk = scratch.dir("disk");
    let at = disk.to_str().unwrap();
    run("mount", &["-t", "tmpfs", "-o", "size=2m", "tmpfs", at]);
    let store = disk.join("store");
    let tar = layer((0..100).map(|n| n + 100_000));
    let full = ingest(&tar, &store);
    assert_eq!((full.t.as_str(), full.errno), ("failed", libc::ENOSPC), "{full:?}");
    assert_eq!(objects(&store).len(), 0);
    assert_eq!(fs::read_dir(store.join("drafts")).unwrap().count(), 0);
    run("mount", &["-o", "remount,size=64m", at]);
    let done = ingest(&tar, &store);
    assert_eq!((done.t.as_str(), done.new_objects), ("done", 100), "{done:?}");
    assert!(tar_cat(&store, &done.diff_id).1 == tar);
    run("umount", &[at]);
}
