//! Further processes in a running container.

mod support;

use support::*;

fn exec(id: &str, args: &[&str], attach: Option<Streams>) -> Request {
    Request {
        exec_id: Some(id.into()),
        process: Some(process(args)),
        stdio: Some(pipes(attach.is_some_and(|streams| streams.stdin))),
        attach,
        ..request("exec")
    }
}

#[test]
fn exec_joins_the_container_and_streams_to_its_client() {
    let zygote = Zygote::start();
    let spare = zygote.run(&["/bin/sleep", "1000"]);
    let mut client = spare.control();
    client.send(&exec(
        "e1",
        &["/bin/sh", "-c", "hostname >/tmp/x; ps; cat; exit 4"],
        Some(ALL_STREAMS),
    ));
    let started = client.expect("execStarted");
    assert!(started.pid > 1);
    client.write("typed\n");
    client.end_input();
    let output = client.read_to_end();
    assert!(
        output.contains("/bin/sleep 1000") && output.ends_with("typed\n"),
        "{output:?}"
    );
}

#[test]
fn exec_exit_codes_are_told_to_subscribers_and_in_the_state() {
    let zygote = Zygote::start();
    let mut spare = zygote.run(&["/bin/sleep", "1000"]);
    let mut client = spare.control();
    client.send(&exec("e1", &["/bin/sh", "-c", "exit 9"], None));
    client.expect("execStarted");
    let event = spare.connection.expect("execExited");
    assert_eq!((event.exec_id.as_deref(), event.exit_code), (Some("e1"), Some(9)));
    let state = client.ask(&request("state"));
    assert_eq!((state.execs[0].running, state.execs[0].exit_code), (false, Some(9)));
    assert_eq!(client.ask(&exec("e1", &["/bin/true"], None)).step, "exec_exists");
}

#[test]
fn exec_of_what_is_not_there_fails_and_the_container_goes_on() {
    let zygote = Zygote::start();
    let mut spare = zygote.run(&["/bin/sleep", "1000"]);
    let mut client = spare.control();
    let answer = client.ask(&Request {
        seq: Some(5),
        ..exec("e1", &["/bin/nothing"], Some(ALL_STREAMS))
    });
    assert_eq!(
        (answer.t.as_str(), answer.step.as_str(), answer.errno),
        ("failed", "exec", libc::ENOENT)
    );
    assert_eq!(answer.seq, Some(5));
    assert_eq!(client.ask(&request("state")).phase, "running");
    assert_eq!(spare.connection.ask(&request("state")).execs.len(), 0);
}

#[test]
fn exec_with_a_terminal_can_be_resized_and_signalled() {
    let zygote = Zygote::start();
    let mut spare = zygote.run(&["/bin/sleep", "1000"]);
    let mut client = spare.control();
    let mut wanted = exec("e1", &["/bin/sh", "-c", "stty size; cat"], Some(ALL_STREAMS));
    wanted.stdio = Some(terminal());
    client.send(&wanted);
    client.expect("execStarted");
    client.read_until("24 80\r\n");
    let id = || Some("e1".to_owned());
    let resize = Request {
        rows: Some(10),
        cols: Some(20),
        exec_id: id(),
        ..request("resize")
    };
    assert_eq!(spare.connection.ask(&resize).t, "ok");
    assert_eq!(
        spare
            .connection
            .ask(&Request {
                signo: Some(9),
                exec_id: id(),
                ..request("signal")
            })
            .t,
        "ok"
    );
    client.read_to_end();
    assert_eq!(spare.connection.expect("execExited").exit_code, Some(137));
}

#[test]
fn a_later_client_attaches_to_an_exec() {
    let zygote = Zygote::start();
    let spare = zygote.run(&["/bin/sleep", "1000"]);
    let mut client = spare.control();
    client.send(&Request {
        stdio: Some(pipes(true)),
        ..exec("e1", &["/bin/cat"], None)
    });
    client.expect("execStarted");
    let mut stream = spare.control();
    stream.send(&Request {
        exec_id: Some("e1".into()),
        ..attach(ALL_STREAMS)
    });
    stream.expect("attached");
    stream.write("through\n");
    stream.end_input();
    assert_eq!(stream.read_to_end(), "through\n");
}

#[test]
fn what_an_exec_left_behind_does_not_die_of_its_streams() {
    let zygote = Zygote::start();
    let mut spare = zygote.run(&["/bin/sleep", "1000"]);
    let mut client = spare.control();
    let script = "(sleep 0.2; echo late; echo alive >/tmp/proof) & echo first";
    client.send(&exec(
        "e1",
        &["/bin/sh", "-c", script],
        Some(Streams {
            stdin: false,
            ..ALL_STREAMS
        }),
    ));
    client.expect("execStarted");
    assert!(client.read_to_end().starts_with("first\n"));
    spare.connection.expect("execExited");
    wait_until("the orphan has written", || spare.home.join("upper/tmp/proof").exists());
}

#[test]
fn execs_end_with_the_container() {
    let zygote = Zygote::start();
    let mut spare = zygote.run(&["/bin/sleep", "1000"]);
    let mut client = spare.control();
    client.send(&exec("e1", &["/bin/sleep", "1000"], Some(ALL_STREAMS)));
    let pid = client.expect("execStarted").pid;
    spare.connection.send(&Request {
        signo: Some(9),
        ..request("signal")
    });
    spare.connection.expect("ok");
    assert_eq!(spare.wait().code, 137);
    assert!(!alive(pid));
    client.read_to_end();
}
