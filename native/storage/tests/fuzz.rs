//! Valid archives, damaged in fixed pseudo-random ways: never a panic, a hang, or a file outside the destination.
#[allow(dead_code)]
#[path = "support/archive.rs"]
mod archive;
#[allow(dead_code)]
#[path = "support/mutate.rs"]
mod mutate;
#[allow(dead_code)]
mod support;
use mutate::{Random, mutate, seeds};
use std::fs;
use std::time::{Duration, Instant};
use support::{Scratch, job_with, unpack_request};

#[test]
fn damaged_archives_never_panic_hang_or_escape() {
    let mut random = Random(0x5eed_cafe_f00d_0001);
    let (scratch, seeds) = (Scratch::new(), seeds());
    fs::create_dir(scratch.join("outside")).unwrap();
    let (mut done, mut failed) = (0, 0);
    for round in 0..1500 {
        let data = mutate(&seeds[[0, 0, 0, 1, 2][random.below(5)]], &mut random);
        let dest = scratch.dir("dest");
        let from = Instant::now();
        let mut request = unpack_request(&dest);
        request.limits.max_bytes = 8 << 20;
        let answer = job_with("unpack", &request, Some(&data)).0.pop().unwrap();
        assert!(from.elapsed() < Duration::from_secs(5), "round {round}");
        match answer.t.as_str() {
            "done" => done += 1,
            _ => {
                assert!(!answer.step.is_empty(), "round {round}: {answer:?}");
                failed += 1;
            }
        }
        let beside: Vec<_> = fs::read_dir(&scratch.0)
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(beside.len(), 2, "round {round}: {beside:?}");
        assert_eq!(
            fs::read_dir(scratch.join("outside")).unwrap().count(),
            0,
            "round {round}"
        );
        let removed = support::job(
            "removeTree",
            &Remove {
                t: "removeTree",
                path: dest.to_str().unwrap(),
            },
        );
        assert_eq!(removed.t, "done", "round {round}: {removed:?}");
    }
    assert!(done > 50 && failed > 50, "{done} done, {failed} failed");
}

#[derive(serde::Serialize)]
struct Remove<'a> {
    t: &'a str,
    path: &'a str,
}
