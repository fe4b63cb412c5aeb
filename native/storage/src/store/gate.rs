//! Keeps ingests and a collection apart for as short as can be. An ingest holds the gate, shared, while it looks for
//! objects and notes down those that it found; a collection holds it alone while it removes what nobody noted.
use super::place::Store;
use crate::failure::{During, Outcome};
use crate::sys;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

pub struct Gate {
    lock: Arc<OwnedFd>,
    /// Held by who waits to be alone: otherwise a stream of shared holders would keep it out for ever.
    turn: Arc<OwnedFd>,
}

pub struct Held(Arc<OwnedFd>);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = flock(&self.0, libc::LOCK_UN);
    }
}

impl Gate {
    pub fn open(store: &Store) -> Outcome<Gate> {
        let open =
            |name: &[u8]| sys::openat(store.root(), name, libc::O_RDWR | libc::O_CREAT, 0o600).during_at("lock", name);
        Ok(Gate {
            lock: Arc::new(open(b"lock")?),
            turn: Arc::new(open(b"turn")?),
        })
    }

    pub fn shared(&self) -> Outcome<Held> {
        self.take(libc::LOCK_SH)
    }

    pub fn alone(&self) -> Outcome<Held> {
        self.take(libc::LOCK_EX)
    }

    fn take(&self, how: i32) -> Outcome<Held> {
        flock(&self.turn, how).during("lock")?;
        let _turn = Held(self.turn.clone());
        flock(&self.lock, how).during("lock")?;
        Ok(Held(self.lock.clone()))
    }
}

fn flock(fd: &OwnedFd, how: i32) -> io::Result<()> {
    loop {
        // SAFETY: integers only.
        if unsafe { libc::flock(fd.as_raw_fd(), how) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Whether nobody else holds `fd`'s lock; then we do.
pub fn try_alone(fd: &OwnedFd) -> bool {
    flock(fd, libc::LOCK_EX | libc::LOCK_NB).is_ok()
}
