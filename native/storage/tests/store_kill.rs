//! Ingests killed at random moments: the store stays sound, what is left is swept, and the next one succeeds.
#[allow(dead_code)]
#[path = "support/archive.rs"]
mod archive;
#[allow(dead_code)]
#[path = "support/mutate.rs"]
mod mutate;
#[allow(dead_code)]
#[path = "support/store.rs"]
mod store;
#[allow(dead_code)]
mod support;
use archive::Archive;
use mutate::Random;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use store::{collect, ingest_file, tar_cat, verify};
use support::Scratch;

const CHILD: &str = "HBX_TEST_INGEST";

/// A process that takes `tar` into `store`: this very test, told so.
fn start(tar: &Path, store: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ingests_killed_at_random_moments_leave_only_drafts"])
        .env(CHILD, format!("{}\n{}", tar.display(), store.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn ingests_killed_at_random_moments_leave_only_drafts() {
    if let Ok(child) = std::env::var(CHILD) {
        let (tar, store) = child.split_once('\n').unwrap();
        assert_eq!(ingest_file(Path::new(tar), Path::new(store)).t, "done");
        return;
    }
    let scratch = Scratch::new();
    let (store, tar) = (scratch.join("store"), scratch.join("tar"));
    let add = |tar: Archive, i: u32| tar.file(&i.to_string(), i.to_string().repeat(1000).as_bytes());
    let bytes = (0..400)
        .fold(Archive::default(), add)
        .file("large", &vec![7; 3 << 20])
        .end();
    fs::write(&tar, &bytes).unwrap();
    let mut random = Random(0x5eed_cafe_0000_0004);
    let (mut killed, mut swept) = (0, 0);
    for round in 0..200 {
        let mut child = start(&tar, &store);
        std::thread::sleep(Duration::from_micros(random.below(40_000) as u64));
        let _ = child.kill();
        let whole = child.wait().unwrap().success();
        killed += u32::from(!whole);
        if !store.exists() {
            continue;
        }
        let frames = verify(&store, false);
        assert_eq!(frames.len(), 1, "round {round}: {frames:?}");
        assert!(!whole || frames[0].trees == 1, "round {round}");
        let done = collect(&store);
        assert_eq!(done.t, "done", "round {round}: {done:?}");
        swept += done.drafts;
        assert_eq!(fs::read_dir(store.join("drafts")).unwrap().count(), 0, "round {round}");
        if frames[0].trees == 1 {
            // Whole or nothing, also when it was killed while it moved things into place.
            let id = fs::read_dir(store.join("trees")).unwrap().next().unwrap().unwrap();
            let id = format!("sha256:{}", id.file_name().to_str().unwrap());
            assert!(tar_cat(&store, &id).1 == bytes, "round {round}");
            for dir in ["trees", "recipes"] {
                fs::remove_file(store.join(dir).join(&id["sha256:".len()..])).unwrap();
            }
            collect(&store);
        }
        let left = fs::read_dir(store.join("objects"))
            .unwrap()
            .flat_map(|dir| fs::read_dir(dir.unwrap().path()).unwrap());
        assert_eq!(left.count(), 0, "round {round}");
    }
    assert!(killed > 50 && swept > 20, "{killed} killed, {swept} drafts swept");
    assert!(tar_cat(&store, &ingest_file(&tar, &store).diff_id).1 == bytes);
}
