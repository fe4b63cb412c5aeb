//! Prints how long a start takes, step by step. `cargo test --release -p hbx-core --test timing -- --ignored --nocapture`

mod support;

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Instant;

use hbx_protocol::plan::{KernelMount, MountFlag, MountPlan};
use support::*;

fn median(mut values: Vec<u128>) -> u128 {
    values.sort_unstable();
    values[values.len() / 2]
}

#[test]
#[ignore = "measures, does not judge"]
fn print_the_timings_of_a_start() {
    let zygote = Zygote::start();
    let mut steps: BTreeMap<String, Vec<u128>> = BTreeMap::new();
    for _ in 0..100 {
        let begin = Instant::now();
        let mut spare = zygote.spare();
        steps
            .entry("= prepare".into())
            .or_default()
            .push(begin.elapsed().as_micros());
        let mut plan = spare.plan(&["/bin/true"]);
        let kernel = |target: &str| KernelMount {
            target: target.into(),
            readonly: true,
            flags: vec![MountFlag::Nosuid],
        };
        plan.mounts.push(MountPlan::Mqueue(kernel("/dev/mqueue")));
        plan.mounts.push(MountPlan::Sysfs(kernel("/sys")));
        plan.mounts.push(MountPlan::Cgroup(kernel("/sys/fs/cgroup")));
        let begin = Instant::now();
        let answer = spare.start(plan);
        steps
            .entry("= start to started".into())
            .or_default()
            .push(begin.elapsed().as_micros());
        let begin = Instant::now();
        while spare.connection.receive().t != "exited" {}
        steps
            .entry("= started to exited".into())
            .or_default()
            .push(begin.elapsed().as_micros());
        let begin = Instant::now();
        assert!(spare.connection.try_receive().is_none());
        steps
            .entry("= exited to clean".into())
            .or_default()
            .push(begin.elapsed().as_micros());
        for (step, us) in answer.timings {
            steps.entry(step).or_default().push(us.into());
        }
        let _ = std::fs::remove_dir_all(&spare.home);
    }
    for (step, values) in steps {
        println!("{step:>24} {:>7} µs", median(values));
    }
}

#[test]
#[ignore = "measures, does not judge"]
fn print_the_throughput_of_an_attached_client() {
    let zygote = Zygote::start();
    for log in [false, true] {
        let mut spare = zygote.spare();
        let mut plan = spare.plan(&["/bin/dd", "if=/dev/zero", "bs=65536", "count=32768"]);
        match &mut plan.log {
            Some(plan) if log => (plan.max_bytes, plan.max_files) = (10 << 20, 3),
            _ => plan.log = None,
        }
        let mut stream = spare.attach(Streams {
            stdin: false,
            stderr: false,
            mux: true,
            ..ALL_STREAMS
        });
        spare.start(plan);
        let begin = Instant::now();
        let mut buffer = vec![0; 1 << 20];
        let mut seen = 0;
        loop {
            match stream.0.read(&mut buffer).unwrap() {
                0 => break,
                n => seen += n,
            }
        }
        println!(
            "log {log}: {:.0} MB/s",
            seen as f64 / 1e6 / begin.elapsed().as_secs_f64()
        );
        spare.wait();
    }
}
