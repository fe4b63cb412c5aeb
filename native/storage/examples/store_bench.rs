//! `store_bench ARCHIVE DIR [ROUNDS]`: medians of taking a layer into a new store, taking it in again, composing its image,
//! giving its tar back, and of `tar xf` of the same archive, in turn.
use hbx_protocol::frame;
use serde::{Deserialize, Serialize};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Request {
    t: &'static str,
    store: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<Limits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff_ids: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compression: Option<&'static str>,
}

#[derive(Serialize)]
struct Source {
    path: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    max_bytes: u64,
    max_entries: u64,
    max_ratio: u64,
}

#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    t: String,
    diff_id: String,
    message: Option<String>,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (archive, all) = (&args[1], Path::new(&args[2]).join("store-bench"));
    let rounds: usize = args.get(3).map_or(7, |n| n.parse().expect("a number of rounds"));
    let names = ["tar xf", "ingest", "again", "compose", "tarCat"];
    let mut times = [(); 5].map(|()| Vec::new());
    for round in 0..rounds {
        let dest = all.join(format!("tar-{round}"));
        std::fs::create_dir_all(&dest).expect("the directory can be made");
        times[0].push(timed(|| {
            let done = Command::new("tar").args(["xf", archive, "-C"]).arg(&dest).status();
            assert!(done.expect("tar runs").success());
        }));
        let store = all.join(format!("store-{round}")).display().to_string();
        let mut id = String::new();
        for i in [1, 2] {
            times[i].push(timed(|| id = run(&ingest(archive, &store)).diff_id));
        }
        let mut compose = request("imageCompose", &store);
        (compose.diff_ids, compose.out) = (Some(vec![id.clone()]), Some(format!("{store}/image")));
        times[3].push(timed(|| drop(run(&compose))));
        let mut cat = request("tarCat", &store);
        (cat.diff_id, cat.out, cat.compression) = (Some(id), Some("/dev/null".to_owned()), Some("none"));
        times[4].push(timed(|| drop(run(&cat))));
    }
    // Only now: ext4 searches long for inodes when some were freed lately.
    std::fs::remove_dir_all(&all).expect("the directory can be removed");
    let tar = median(&mut times[0]);
    for (name, times) in names.iter().zip(&mut times) {
        let time = median(times);
        println!(
            "{name:8} {time:>12.1?} {:.2} of tar",
            time.as_secs_f64() / tar.as_secs_f64()
        );
    }
}

fn request(t: &'static str, store: &str) -> Request {
    Request {
        t,
        store: store.to_owned(),
        ..Request::default()
    }
}

fn ingest(archive: &str, store: &str) -> Request {
    Request {
        source: Some(Source {
            path: archive.to_owned(),
        }),
        limits: Some(Limits {
            max_bytes: u64::MAX,
            max_entries: u64::MAX,
            max_ratio: u64::MAX,
        }),
        ..request("layerIngest", store)
    }
}

fn run(request: &Request) -> Answer {
    let (ours, theirs) = UnixStream::pair().expect("a socket pair");
    let body = frame::encode(request)[4..].to_vec();
    let t = request.t;
    let job = std::thread::spawn(move || hbx_storage::run(t, &body, &theirs));
    let body = frame::read(&ours).expect("an answer").expect("an answer");
    let answer: Answer = frame::parse(&body).expect("a frame");
    assert_eq!(answer.t, "done", "{:?}", answer.message);
    drop(ours);
    job.join().expect("the job ends");
    answer
}

fn timed(work: impl FnOnce()) -> Duration {
    let from = Instant::now();
    work();
    from.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
