//! `probe`: tries a kernel feature by using it, in a child that is thrown away with all it made.

mod features;
mod filesystems;

use std::io;
use std::os::unix::net::UnixStream;

use hbx_protocol::messages::NetPrepare;
use hbx_protocol::{Failure, frame, steps};
use serde::{Deserialize, Serialize};

use crate::sys::{clone, fd};

#[derive(Deserialize)]
struct Probe {
    what: String,
}

#[derive(Serialize)]
struct Done<'a> {
    t: &'static str,
    ok: bool,
    detail: &'a str,
}

/// Says in a few words what was found, or what stood in the way.
type Outcome = Result<String, String>;

pub fn run(body: &[u8], connection: &UnixStream) -> Result<(), Failure> {
    let Probe { what } = frame::parse(body)?;
    let probe = find(&what).ok_or_else(|| {
        Failure::new(steps::PROTOCOL, 0).saying(format!("a probe named {what:.40} is not known here"))
    })?;
    let (ok, detail) = in_child(probe).map_err(|e| Failure::io(steps::PROBE, &e))?;
    let done = Done {
        t: "done",
        ok,
        detail: &detail,
    };
    frame::write(connection, &done).map_err(|e| Failure::io(steps::PROBE, &e))
}

fn find(what: &str) -> Option<fn() -> Outcome> {
    Some(match what {
        "overlay" => || filesystems::overlay(false),
        "overlayVolatile" => || filesystems::overlay(true),
        "overlayDataOnly" => filesystems::overlay_data_only,
        "erofs" => || filesystems::known(c"erofs"),
        "idmappedMount" => filesystems::idmapped_mount,
        "userns" => || features::namespace(libc::CLONE_NEWUSER),
        "timens" => || features::namespace(features::CLONE_NEWTIME),
        "cgroup2Delegation" => features::cgroup2_delegation,
        "cloneIntoCgroup" => features::clone_into_cgroup,
        "seccomp" => features::seccomp,
        "landlock" => features::landlock,
        "openat2" => features::openat2,
        "nftables" => features::nftables,
        "veth" => features::veth,
        "macvlan" => || features::child(NetPrepare::Macvlan, "bridge"),
        "ipvlan" => || features::child(NetPrepare::Ipvlan, "l2"),
        _ => return None,
    })
}

/// Runs the probe in a child; one that dies was not successful.
fn in_child(probe: fn() -> Outcome) -> io::Result<(bool, String)> {
    let (read, write) = fd::pipe()?;
    let Some(pid) = clone::fork()? else {
        drop(read);
        let (mark, detail) = match probe() {
            Ok(detail) => (b'+', detail),
            Err(detail) => (b'-', detail),
        };
        let _ = fd::write_all(&write, &[&[mark], detail.as_bytes()].concat());
        clone::exit_now(0);
    };
    drop(write);
    let mut text = [0; 2048];
    let n = fd::read(&read, &mut text)?;
    let status = clone::wait_for(pid);
    Ok(match text[..n].split_first() {
        Some((mark, detail)) => (*mark == b'+', String::from_utf8_lossy(detail).into_owned()),
        None => (false, format!("the probe ended with {}", clone::exit_code(status).0)),
    })
}

/// The reason of a failed system call, with what was tried.
fn because(what: &str) -> impl FnOnce(io::Error) -> String {
    let what = what.to_owned();
    move |e| format!("{what}: {e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_child_tells_success_failure_and_death() {
        assert_eq!(in_child(|| Ok("yes".into())).unwrap(), (true, "yes".into()));
        assert_eq!(in_child(|| Err("no".into())).unwrap(), (false, "no".into()));
        assert_eq!(
            in_child(|| clone::exit_now(3)).unwrap(),
            (false, "the probe ended with 3".into())
        );
    }
}
