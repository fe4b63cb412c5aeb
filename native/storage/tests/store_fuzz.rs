//! Layers at random, and damaged ones: taken in or refused as `unpack` does, given back bit for bit, and mounted as they
//! would be unpacked. `HBX_FUZZ_ROUNDS=n` for n times as many rounds, `HBX_FUZZ_SEED` for other ones.
#[allow(dead_code)]
#[path = "support/archive.rs"]
mod archive;
#[allow(dead_code)]
#[path = "support/everything.rs"]
mod everything;
#[allow(dead_code)]
#[path = "support/mutate.rs"]
mod mutate;
#[allow(dead_code)]
#[path = "support/random_tree.rs"]
mod random_tree;
#[allow(dead_code)]
#[path = "support/store.rs"]
mod store;
#[allow(dead_code)]
mod support;
use mutate::{Random, mutate, seeds};
use std::fs;
use std::path::Path;
use store::{Mounted, compose, fsck, ingest_request, run, tar_cat, text};
use support::{Answer, Scratch, Show, job_with, listed, unpack_request};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn take_in(store: &Path, archive: &[u8]) -> Answer {
    let mut request = ingest_request(store);
    request.limits.max_bytes = 64 << 20;
    job_with("layerIngest", &request, Some(archive)).0.pop().unwrap()
}

fn unpacked(dest: &Path, archive: &[u8]) -> Answer {
    let mut request = unpack_request(dest);
    request.limits.max_bytes = 64 << 20;
    job_with("unpack", &request, Some(archive)).0.pop().unwrap()
}

/// The directories as overlayfs shows them, topmost first.
struct Overlay(String);

impl Overlay {
    fn new(lowers: &[String], at: &Path) -> Overlay {
        let options = format!("lowerdir={}", lowers.join(":"));
        run("mount", &["-t", "overlay", "overlay", "-o", &options, &text(at)]);
        Overlay(text(at))
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}

/// Two views of one image are equal.
fn assert_equal(ours: &Mounted, theirs: &Overlay, directory_times: bool, round: u64) {
    let show = |whiteouts| Show {
        whiteouts,
        directory_times,
    };
    let ours = listed(&ours.merged(), show(false));
    let theirs = listed(Path::new(&theirs.0), show(true));
    let different: Vec<_> = ours.iter().zip(&theirs).filter(|(a, b)| a != b).take(5).collect();
    assert!(different.is_empty(), "round {round}: {different:#?}");
    assert_eq!(ours.len(), theirs.len(), "round {round}");
}

#[test]
fn random_images_mount_as_their_layers_do() {
    let mut random = Random(number("HBX_FUZZ_SEED", 0x5eed_cafe_0000_0002));
    for round in 0..6 * number("HBX_FUZZ_ROUNDS", 1) {
        let scratch = Scratch::new();
        let store = scratch.join("store");
        let count = 1 + random.below(4);
        let layers = random_tree::image(&mut random, count, 150);
        let (mut ids, mut lowers) = (Vec::new(), Vec::new());
        for (i, layer) in layers.iter().enumerate() {
            let done = take_in(&store, layer);
            assert_eq!(done.t, "done", "round {round}: {done:?}");
            assert!(tar_cat(&store, &done.diff_id).1 == *layer, "round {round}");
            let dir = scratch.dir(&format!("layer{i}"));
            let plain = unpacked(&dir, layer);
            assert_eq!(plain.t, "done", "round {round}: {plain:?}");
            ids.push(done.diff_id);
            lowers.insert(0, text(&dir));
        }
        lowers.push(text(&scratch.dir("empty")));
        let image = scratch.join("image");
        let composed = compose(&store, &ids, &image);
        assert_eq!(composed.t, "done", "round {round}: {composed:?}");
        fsck(&image);
        let mounted = Mounted::new(&image, &store.join("objects"), &scratch.dir("mount"));
        let overlay = Overlay::new(&lowers, &scratch.dir("plain"));
        assert_equal(&mounted, &overlay, true, round);
    }
}

#[test]
fn damaged_layers_are_refused_or_mean_what_unpack_makes_of_them() {
    let mut random = Random(number("HBX_FUZZ_SEED", 0x5eed_cafe_0000_0003));
    let seeds = seeds();
    let (mut done, mut failed) = (0, 0);
    for round in 0..200 * number("HBX_FUZZ_ROUNDS", 1) {
        let data = mutate(&seeds[[0, 0, 0, 1, 2][random.below(5)]], &mut random);
        let scratch = Scratch::new();
        let (store, dest) = (scratch.join("store"), scratch.dir("dest"));
        let (ours, theirs) = (take_in(&store, &data), unpacked(&dest, &data));
        // The store keeps devices 0/0, which overlayfs could not show.
        let reserved = theirs
            .message
            .as_ref()
            .is_some_and(|m| m.contains("reserved for whiteouts"));
        if reserved {
            continue;
        }
        assert_eq!(
            (&ours.t, &ours.step, &ours.digest, &ours.diff_id),
            (&theirs.t, &theirs.step, &theirs.digest, &theirs.diff_id),
            "round {round}: {ours:?} {theirs:?}"
        );
        assert_eq!(fs::read_dir(store.join("drafts")).unwrap().count(), 0, "round {round}");
        if ours.t != "done" {
            failed += 1;
            continue;
        }
        done += 1;
        let (answer, tar) = tar_cat(&store, &ours.diff_id);
        assert_eq!(
            (answer.t.as_str(), tar.len() as u64),
            ("done", ours.size_bytes),
            "round {round}"
        );
        let image = scratch.join("image");
        let composed = compose(&store, &[ours.diff_id], &image);
        assert_eq!(composed.t, "done", "round {round}: {composed:?}");
        let mounted = Mounted::new(&image, &store.join("objects"), &scratch.dir("mount"));
        let overlay = Overlay::new(&[text(&dest), text(&scratch.dir("empty"))], &scratch.dir("plain"));
        // Implied directories have no time in the archive.
        assert_equal(&mounted, &overlay, false, round);
    }
    assert!(done > 10 && failed > 10, "{done} done, {failed} failed");
}
