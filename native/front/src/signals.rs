//! Our signals, handed on to the container (`--sig-proxy`).

use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use crate::{endpoint, http};

const PROXIED: &[(libc::c_int, &str)] = &[
    (libc::SIGINT, "SIGINT"),
    (libc::SIGTERM, "SIGTERM"),
    (libc::SIGHUP, "SIGHUP"),
    (libc::SIGQUIT, "SIGQUIT"),
    (libc::SIGUSR1, "SIGUSR1"),
    (libc::SIGUSR2, "SIGUSR2"),
];

/// From here on they no longer end us. To be called while there is one thread: those born later inherit the mask.
pub fn proxy(container: &str) {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set that the other calls read.
    let set = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for (signal, _) in PROXIED {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
        set.assume_init()
    };
    let container: Arc<str> = container.into();
    std::thread::spawn(move || {
        loop {
            let mut signal = 0;
            // SAFETY: both pointers are to live values of ours.
            if unsafe { libc::sigwait(&set, &mut signal) } != 0 {
                return;
            }
            let Some((_, name)) = PROXIED.iter().find(|(number, _)| *number == signal) else {
                continue;
            };
            let container = Arc::clone(&container);
            std::thread::spawn(move || send(&container, name));
        }
    });
}

/// A container that has just ended needs no signal: failures are its end's to tell.
fn send(container: &str, signal: &str) {
    let stream = endpoint::socket_path().and_then(|path| UnixStream::connect(path).ok());
    if let Some(stream) = stream {
        let _ = http::post(
            &stream,
            &format!("/v1.51/containers/{container}/kill?signal={signal}"),
            "",
            "",
        );
    }
}
