//! Attached clients, standard input, terminals, the log.

mod support;

use std::io::Read;
use std::time::{Duration, Instant};

use hbx_protocol::plan::LogPlan;
use support::*;

#[test]
fn input_of_an_attached_client_reaches_the_process_and_ends_with_it() {
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let mut plan = spare.plan(&["/bin/cat"]);
    plan.stdio = pipes(true);
    let mut stream = spare.attach(ALL_STREAMS);
    stream.write("before the start\n");
    spare.start(plan);
    stream.read_until("before the start\n");
    stream.write("after it\n");
    stream.end_input();
    assert_eq!(stream.read_to_end(), "after it\n");
    assert_eq!(spare.wait().code, 0);
}

#[test]
fn large_input_comes_back_whole_and_in_order() {
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let mut plan = spare.plan(&["/bin/cat"]);
    plan.stdio = pipes(true);
    plan.log = None;
    let mut stream = spare.attach(ALL_STREAMS);
    spare.start(plan);
    let data: String = (0..400_000).map(|i| format!("{i:07}\n")).collect();
    let mut writer = Connection(stream.0.try_clone().unwrap());
    let copy = data.clone();
    let thread = std::thread::spawn(move || {
        writer.write(&copy);
        writer.end_input();
    });
    assert!(stream.read_to_end() == data);
    thread.join().unwrap();
    assert_eq!(spare.wait().code, 0);
}

#[test]
fn mux_marks_the_streams() {
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let plan = spare.plan(&["/bin/sh", "-c", "echo a; sleep 0.05; echo b >&2"]);
    let mut stream = spare.attach(Streams {
        stdin: false,
        mux: true,
        ..ALL_STREAMS
    });
    spare.start(plan);
    let mut bytes = Vec::new();
    stream.0.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"\x01\0\0\0\0\0\0\x02a\n\x02\0\0\0\0\0\0\x02b\n");
    spare.wait();
}

#[test]
fn two_clients_see_the_same_output() {
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let plan = spare.plan(&[
        "/bin/sh",
        "-c",
        "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done",
    ]);
    let only_out = Streams {
        stdin: false,
        stderr: false,
        ..ALL_STREAMS
    };
    let (mut one, mut two) = (spare.attach(only_out), spare.attach(only_out));
    spare.start(plan);
    let seen = one.read_to_end();
    assert!(seen.ends_with("line 1999\n"));
    assert_eq!(seen, two.read_to_end());
    spare.wait();
    assert_eq!(seen, spare.log());
}

#[test]
fn a_client_that_does_not_read_holds_output_back_and_is_then_dropped() {
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let mut plan = spare.plan(&["/bin/sh", "-c", "head -c 30000000 /dev/zero; echo done >&2"]);
    plan.log = None;
    let stalled = spare.attach(Streams {
        stdin: false,
        stderr: false,
        ..ALL_STREAMS
    });
    let mut other = spare.attach(Streams {
        stdin: false,
        stdout: false,
        ..ALL_STREAMS
    });
    let begin = Instant::now();
    spare.start(plan);
    assert_eq!(other.read_to_end(), "done\n");
    assert!(
        begin.elapsed() >= Duration::from_millis(900),
        "it was not held back: {:?}",
        begin.elapsed()
    );
    assert_eq!(spare.wait().code, 0);
    drop(stalled);
}

#[test]
fn a_slow_client_gets_everything() {
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let mut plan = spare.plan(&["/bin/head", "-c", "8000000", "/dev/zero"]);
    plan.log = None;
    let mut slow = spare.attach(Streams {
        stdin: false,
        ..ALL_STREAMS
    });
    spare.start(plan);
    let mut seen = 0;
    let mut buffer = vec![0; 400_000];
    loop {
        std::thread::sleep(Duration::from_millis(20));
        match slow.0.read(&mut buffer).unwrap() {
            0 => break,
            n => seen += n,
        }
    }
    assert_eq!(seen, 8_000_000);
    spare.wait();
}

#[test]
fn a_terminal_has_its_size_and_follows_resize() {
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let script = "trap 'stty size; exit' WINCH; stty size; tty 2>/dev/null; [ -c /dev/console ] && echo console; while true; do sleep 0.01; done";
    let mut plan = spare.plan(&["/bin/sh", "-c", script]);
    plan.stdio = terminal();
    let mut stream = spare.attach(ALL_STREAMS);
    spare.start(plan);
    stream.read_until("24 80\r\n");
    assert_eq!(
        spare
            .connection
            .ask(&Request {
                rows: Some(50),
                cols: Some(132),
                ..request("resize")
            })
            .t,
        "ok"
    );
    let rest = stream.read_to_end();
    assert!(rest.contains("50 132"), "{rest:?}");
    assert_eq!(spare.wait().code, 0);
}

#[test]
fn a_terminal_passes_keys_and_signals() {
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let mut plan = spare.plan(&["/bin/sh", "-c", "echo ready; cat; sleep 100"]);
    plan.stdio = terminal();
    plan.init = true;
    let mut stream = spare.attach(ALL_STREAMS);
    spare.start(plan);
    stream.read_until("ready");
    stream.write("typed\r");
    stream.read_until("typed\r\ntyped\r\n");
    stream.write("\x03");
    let exit = spare.wait();
    assert_eq!(exit.code, 130);
}

#[test]
fn the_log_rotates_by_size_and_keeps_a_number_of_files() {
    let zygote = Zygote::start();
    let mut spare = zygote.spare();
    let mut plan = spare.plan(&["/bin/head", "-c", "1000000", "/dev/zero"]);
    let path = spare.home.join("log").to_str().unwrap().to_owned();
    plan.log = Some(LogPlan {
        path: path.clone(),
        max_bytes: 100_000,
        max_files: 3,
    });
    spare.start(plan);
    spare.wait();
    for name in [path.clone(), format!("{path}.1"), format!("{path}.2")] {
        let size = std::fs::metadata(&name).unwrap().len();
        assert!((1..=100_000).contains(&size), "{name}: {size}");
    }
    assert!(!std::fs::exists(format!("{path}.3")).unwrap());
}

#[test]
fn output_without_a_log_or_a_client_does_not_block() {
    let zygote = Zygote::start();
    let mut spare = zygote.run_with(&["/bin/head", "-c", "50000000", "/dev/zero"], |plan| plan.log = None);
    assert_eq!(spare.wait().code, 0);
    assert!(!spare.home.join("log").exists());
}
