//! The container's log file: records with a 16-byte header, rotated by size (docs/protocol.md).

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use hbx_protocol::plan::LogPlan;
use hbx_protocol::{Failure, steps};

use crate::sys::fd;

pub const HEADER_BYTES: usize = 16;

pub struct Log {
    plan: LogPlan,
    file: OwnedFd,
    size: u64,
}

impl Log {
    pub fn open(plan: LogPlan) -> Result<Self, Failure> {
        let failed = |e: io::Error| Failure::io(steps::LOG_OPEN, &e).at(&plan.path);
        let file = open_file(&plan.path).map_err(failed)?;
        let size = fs::metadata(&plan.path).map_err(failed)?.len();
        Ok(Self { plan, file, size })
    }

    /// Appends a record whose first 16 bytes are room for the header. A record that does not fit the disk is left out
    /// whole: the container must not be stopped by its log.
    pub fn append(&mut self, stream: u8, time_ns: u64, record: &mut [u8]) {
        let length = (record.len() - HEADER_BYTES) as u32;
        record[..4].copy_from_slice(&[stream, 0, 0, 0]);
        record[4..8].copy_from_slice(&length.to_be_bytes());
        record[8..16].copy_from_slice(&time_ns.to_be_bytes());
        let bytes = record.len() as u64;
        if self.plan.max_bytes > 0 && self.size > 0 && self.size + bytes > self.plan.max_bytes {
            self.rotate();
        }
        match fd::write_all(&self.file, record) {
            Ok(()) => self.size += bytes,
            // SAFETY: no pointers; the descriptor is ours.
            Err(_) => drop(unsafe { libc::ftruncate(self.file.as_raw_fd(), self.size as i64) }),
        }
    }

    /// Takes an unused file away again: its container did not start.
    pub fn remove_if_empty(self) {
        if self.size == 0 {
            let _ = fs::remove_file(&self.plan.path);
        }
    }

    /// Moves `log` to `log.1`, that to `log.2` …; the oldest goes. Where that fails the file just grows on.
    fn rotate(&mut self) {
        let path = &self.plan.path;
        let numbered = |n: u32| if n == 0 { path.clone() } else { format!("{path}.{n}") };
        let last = self.plan.max_files.saturating_sub(1);
        for n in (0..last).rev() {
            let _ = fs::rename(numbered(n), numbered(n + 1));
        }
        if last == 0 {
            let _ = fs::remove_file(path);
        }
        if let Ok(file) = open_file(path) {
            self.file = file;
            self.size = fs::metadata(path).map_or(0, |m| m.len());
        }
    }
}

fn open_file(path: &str) -> io::Result<OwnedFd> {
    fd::open(
        path,
        libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_NOFOLLOW,
        0o640,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(name: &str, max_bytes: u64, max_files: u32) -> (String, Log) {
        let dir = format!(
            "{}/hbx-log-{}-{name}",
            std::env::temp_dir().display(),
            std::process::id()
        );
        fs::create_dir_all(&dir).unwrap();
        let plan = LogPlan {
            path: format!("{dir}/log"),
            max_bytes,
            max_files,
        };
        (dir, Log::open(plan).unwrap())
    }

    fn record(payload: &[u8]) -> Vec<u8> {
        [&[0; HEADER_BYTES], payload].concat()
    }

    #[test]
    fn append_writes_header_and_payload() {
        let (dir, mut log) = log("append", 0, 1);
        log.append(2, 0x0102, &mut record(b"hello"));
        let bytes = fs::read(format!("{dir}/log")).unwrap();
        assert_eq!(
            bytes,
            [&[2, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 1, 2][..], b"hello"].concat()
        );
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn rotate_keeps_as_many_files_as_allowed() {
        let (dir, mut log) = log("rotate", 50, 3);
        for n in 0..6_u8 {
            log.append(1, 0, &mut record(&[n; 20]));
        }
        let last = |name: &str| fs::read(format!("{dir}/{name}")).unwrap()[HEADER_BYTES];
        assert_eq!((last("log"), last("log.1"), last("log.2")), (5, 4, 3));
        assert!(!fs::exists(format!("{dir}/log.3")).unwrap());
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn rotate_with_one_file_starts_afresh() {
        let (dir, mut log) = log("single", 50, 1);
        log.append(1, 0, &mut record(&[1; 30]));
        log.append(1, 0, &mut record(&[2; 30]));
        assert_eq!(fs::read(format!("{dir}/log")).unwrap().len(), 46);
        assert!(!fs::exists(format!("{dir}/log.1")).unwrap());
        fs::remove_dir_all(dir).unwrap();
    }
}
