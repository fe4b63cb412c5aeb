//! The connection that a job belongs to: answers, stream sections, and cancellation when the peer hangs up.
use crate::failure::{During, Failure, Outcome};
use crate::sys;
use hbx_protocol::{frame, stream::StreamReader};
use serde::Serialize;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub struct Job {
    conn: UnixStream,
    hung_up: Arc<AtomicBool>,
}

impl Job {
    /// Watches `conn` from now on; the watching thread ends with the process or the peer.
    pub fn new(conn: &UnixStream) -> Outcome<Job> {
        let hung_up = Arc::new(AtomicBool::new(false));
        let (watched, flag) = (conn.try_clone().during("protocol")?, hung_up.clone());
        std::thread::spawn(move || watch(&watched, &flag));
        Ok(Job {
            conn: conn.try_clone().during("protocol")?,
            hung_up,
        })
    }

    pub fn cancelled(&self) -> bool {
        self.hung_up.load(Ordering::Relaxed)
    }

    pub fn check(&self) -> Outcome<()> {
        if self.cancelled() {
            Err(Failure::cancelled())
        } else {
            Ok(())
        }
    }

    pub fn file(&self, path: &str) -> Outcome<Box<dyn Read + Send>> {
        let fd = sys::open(path.as_bytes(), libc::O_RDONLY | libc::O_NOCTTY, 0).during_at("open", path.as_bytes())?;
        // SAFETY: advice about our own descriptor, integers only.
        unsafe { libc::posix_fadvise(fd.as_raw_fd(), 0, 0, libc::POSIX_FADV_SEQUENTIAL) };
        Ok(Box::new(File::from(fd)))
    }

    /// The stream section that follows the request.
    pub fn stream(&self) -> Outcome<Box<dyn Read + Send>> {
        let conn = self.conn.try_clone().during("stream")?;
        Ok(Box::new(Section(StreamReader::new(conn))))
    }

    pub fn send(&self, value: &impl Serialize) -> Outcome<()> {
        frame::write(&self.conn, value).during("stream")
    }

    pub fn writer(&self) -> Outcome<UnixStream> {
        self.conn.try_clone().during("stream")
    }

    /// Reads on what the peer may still be sending, so that closing does not take the answer away from it.
    pub fn linger(&mut self) {
        let _ = self.conn.shutdown(std::net::Shutdown::Write);
        let _ = self.conn.set_read_timeout(Some(Duration::from_secs(1)));
        let until = Instant::now() + Duration::from_secs(5);
        let mut sink = vec![0u8; 64 << 10];
        while Instant::now() < until && matches!(self.conn.read(&mut sink), Ok(n) if n > 0) {}
    }
}

/// A half-close of the peer is no hang-up: it may still wait for the answer.
fn watch(conn: &UnixStream, flag: &AtomicBool) {
    let mut poll = libc::pollfd {
        fd: conn.as_raw_fd(),
        events: 0,
        revents: 0,
    };
    loop {
        // SAFETY: one valid pollfd.
        let ready = unsafe { libc::poll(&raw mut poll, 1, -1) };
        if ready > 0 {
            flag.store(true, Ordering::Relaxed);
            return;
        }
        if ready < 0 && io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return;
        }
    }
}

/// Tells a sender's failure from a damaged archive.
struct Section<R: Read>(StreamReader<R>);

impl<R: Read> Read for Section<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out).map_err(|e| {
            let failure = Failure::new("stream", e.raw_os_error().unwrap_or(libc::EPIPE));
            failure.saying(format!("the stream broke off: {e}")).into()
        })
    }
}

/// Precedes the stream section of an answer, which a failure before it does not have.
#[derive(Serialize)]
pub struct Streaming {
    t: &'static str,
}

impl Streaming {
    pub fn new() -> Self {
        Streaming { t: "streaming" }
    }
}
