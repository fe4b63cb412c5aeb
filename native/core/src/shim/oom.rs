//! Notices when the kernel kills for lack of memory: an eventfd on v1, inotify of memory.events on v2.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::sys::{check, fd};

pub struct OomWatch {
    pub fd: OwnedFd,
    counter: String,
    seen: u64,
    // v1 reports through it for as long as it is open.
    _control: Option<OwnedFd>,
}

impl OomWatch {
    pub fn v1(memory_dir: &str) -> io::Result<Self> {
        let counter = format!("{memory_dir}/memory.oom_control");
        let control = fd::open(&counter, libc::O_RDONLY, 0)?;
        let flags = libc::EFD_CLOEXEC | libc::EFD_NONBLOCK;
        let event = check(i64::from(unsafe { libc::eventfd(0, flags) }))? as i32;
        // SAFETY: the kernel has just given us this descriptor.
        let event = unsafe { OwnedFd::from_raw_fd(event) };
        let registration = format!("{} {}", event.as_raw_fd(), control.as_raw_fd());
        fd::write_file(&format!("{memory_dir}/cgroup.event_control"), registration.as_bytes())?;
        Ok(Self {
            fd: event,
            counter,
            seen: 0,
            _control: Some(control),
        })
    }

    pub fn v2(dir: &str) -> io::Result<Self> {
        let counter = format!("{dir}/memory.events");
        let path = CString::new(counter.as_str())?;
        let flags = libc::IN_CLOEXEC | libc::IN_NONBLOCK;
        let watch = check(i64::from(unsafe { libc::inotify_init1(flags) }))? as i32;
        // SAFETY: the kernel has just given us this descriptor; the path is a C string that outlives the call.
        let watch = unsafe {
            let watch = OwnedFd::from_raw_fd(watch);
            check(i64::from(libc::inotify_add_watch(
                watch.as_raw_fd(),
                path.as_ptr(),
                libc::IN_MODIFY,
            )))?;
            watch
        };
        Ok(Self {
            fd: watch,
            counter,
            seen: 0,
            _control: None,
        })
    }

    /// Empties the descriptor and says whether there was a kill that was not told yet.
    pub fn take(&mut self) -> bool {
        while matches!(fd::read(&self.fd, &mut [0; 512]), Ok(n) if n > 0) {}
        let kills = self.kills();
        let more = kills > self.seen;
        self.seen = self.seen.max(kills);
        more
    }

    fn kills(&self) -> u64 {
        kills_in(&fs::read_to_string(&self.counter).unwrap_or_default())
    }
}

/// Both hierarchies have a line `oom_kill N`.
fn kills_in(text: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix("oom_kill "))
        .and_then(|n| n.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_in_reads_both_hierarchies() {
        assert_eq!(kills_in("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"), 2);
        assert_eq!(
            kills_in("low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 0\n"),
            1
        );
        assert_eq!(kills_in(""), 0);
    }
}
