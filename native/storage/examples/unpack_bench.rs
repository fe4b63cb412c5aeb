//! `unpack_bench ARCHIVE DIR [ROUNDS]`: medians of our unpack and of `tar xf` of the same archive, in turn.
use hbx_storage::stream::pipeline::{Limits, Pipeline};
use hbx_storage::tar::reader::Archive;
use hbx_storage::unpack::extract::{Extractor, Owner, Rules};
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (archive, dir) = (&args[1], Path::new(&args[2]));
    let rounds: usize = args.get(3).map_or(7, |n| n.parse().expect("a number of rounds"));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let all = dir.join("unpack-bench");
    for round in 0..rounds {
        ours.push(timed(&all.join(format!("ours-{round}")), |dest| unpack(archive, dest)));
        theirs.push(timed(&all.join(format!("tar-{round}")), |dest| {
            let done = Command::new("tar").args(["xf", archive, "-C"]).arg(dest).status();
            assert!(done.expect("tar runs").success());
        }));
    }
    // Only now: ext4 searches long for inodes when some were freed within the last seconds.
    std::fs::remove_dir_all(&all).expect("the directory can be removed");
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "hbx {ours:?}  tar {theirs:?}  ratio {:.2}",
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
}

fn timed(dest: &Path, work: impl Fn(&Path)) -> Duration {
    std::fs::create_dir_all(dest).expect("the directory can be made");
    let from = Instant::now();
    work(dest);
    from.elapsed()
}

fn unpack(archive: &str, dest: &Path) {
    let limits = Limits {
        max_bytes: u64::MAX,
        max_ratio: u64::MAX,
    };
    let source = Box::new(File::open(archive).expect("the archive exists"));
    let mut archive = Archive::new(Pipeline::start(source, limits));
    let rules = Rules {
        overlay: Some("trusted.overlay."),
        owner: Owner::Archive,
        flat: false,
        keep_kind: false,
        root_attributes: true,
        max_entries: u64::MAX,
        skip_devices: false,
    };
    let root = File::open(dest).expect("the directory exists").into();
    Extractor::new(root, Vec::new(), rules)
        .run(&mut archive, &|| false)
        .expect("the archive is sound");
    archive.into_source().totals().expect("it was read to the end");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
