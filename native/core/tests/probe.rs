//! Probes of kernel features.

mod support;

use support::*;

#[test]
fn probes_answer_what_the_kernel_can_do() {
    let zygote = Zygote::start();
    let all = [
        "overlay",
        "overlayVolatile",
        "overlayDataOnly",
        "erofs",
        "userns",
        "idmappedMount",
        "timens",
        "cgroup2Delegation",
        "seccomp",
        "landlock",
        "nftables",
        "veth",
        "openat2",
        "cloneIntoCgroup",
    ];
    for what in all {
        let answer = zygote.connect().ask(&Request {
            what: Some(what.into()),
            ..request("probe")
        });
        println!("{what:>20} {} {}", answer.ok, answer.detail);
        assert_eq!(answer.t, "done", "{what}: {answer:?}");
        assert!(!answer.detail.is_empty());
        // What containers cannot do without on any supported host.
        if ["overlay", "overlayVolatile", "seccomp", "openat2"].contains(&what) {
            assert!(answer.ok, "{what}: {}", answer.detail);
        }
    }
}

#[test]
fn an_unknown_probe_is_refused() {
    let zygote = Zygote::start();
    let answer = zygote.connect().ask(&Request {
        what: Some("luck".into()),
        ..request("probe")
    });
    assert_eq!((answer.t.as_str(), answer.step.as_str()), ("failed", "protocol"));
}
