//! The container's log file: records with a 16-byte header, rotated by size (docs/protocol.md).
//!
//! Once there are as many files as allowed, a rotation writes over the oldest: its blocks and pages are there already,
//! which costs a tenth of new ones. Behind the last record of such a file is old content, kept apart by a header of
//! zeroes. A record's own header is written after its payload, so that a reader never follows it into old bytes.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use hbx_protocol::plan::LogPlan;
use hbx_protocol::{Failure, steps};

use crate::sys::fd;

pub const HEADER_BYTES: usize = 16;
/// What tells readers that the log ends here.
pub const END: [u8; HEADER_BYTES] = [0; HEADER_BYTES];
/// What may be read in one piece while the end of an earlier run's log is looked for.
const BLOCK: usize = 64 * 1024;

pub struct Log {
    plan: LogPlan,
    file: OwnedFd,
    /// End of the last record.
    size: u64,
    /// End of the file; beyond `size` where it is being written over.
    length: u64,
}

impl Log {
    pub fn open(plan: LogPlan) -> Result<Self, Failure> {
        let failed = |e: io::Error| Failure::io(steps::LOG_OPEN, &e).at(&plan.path);
        let file = open_file(&plan.path).map_err(failed)?;
        let length = fs::metadata(&plan.path).map_err(failed)?.len();
        let size = end_of_records(&file, length).map_err(failed)?;
        let mut log = Self {
            plan,
            file,
            size,
            length,
        };
        log.cut();
        Ok(log)
    }

    /// Appends a record: room for the header, the payload, and room for `END`. A record that does not fit the disk is
    /// left out whole: the container must not be stopped by its log.
    pub fn append(&mut self, stream: u8, time_ns: u64, record: &mut [u8]) {
        let bytes = record.len() - END.len();
        record[..4].copy_from_slice(&[stream, 0, 0, 0]);
        record[4..8].copy_from_slice(&((bytes - HEADER_BYTES) as u32).to_be_bytes());
        record[8..16].copy_from_slice(&time_ns.to_be_bytes());
        if self.plan.max_bytes > 0 && self.size > 0 && self.size + bytes as u64 > self.plan.max_bytes {
            self.rotate();
        }
        let end = self.size + bytes as u64;
        let written = if self.size >= self.length {
            fd::write_all_at(&self.file, &record[..bytes], self.size)
        } else {
            record[bytes..].copy_from_slice(&END);
            let behind = self.length.saturating_sub(end).min(END.len() as u64) as usize;
            fd::write_all_at(
                &self.file,
                &record[HEADER_BYTES..bytes + behind],
                self.size + HEADER_BYTES as u64,
            )
            .and_then(|()| fd::write_all_at(&self.file, &record[..HEADER_BYTES], self.size))
        };
        match written {
            Ok(()) => {
                self.size = end;
                self.length = self.length.max(end);
            }
            Err(_) => {
                self.length = u64::MAX; // whatever is there now
                self.cut();
            }
        }
    }

    /// Takes away what is behind the last record.
    pub fn cut(&mut self) {
        // SAFETY: no pointers; the descriptor is ours.
        if self.length > self.size && unsafe { libc::ftruncate(self.file.as_raw_fd(), self.size as i64) } == 0 {
            self.length = self.size;
        }
    }

    /// Takes an unused file away again: its container did not start.
    pub fn remove_if_empty(self) {
        if self.size == 0 {
            let _ = fs::remove_file(&self.plan.path);
        }
    }

    /// Moves `log` to `log.1`, that to `log.2` …; the oldest becomes the new one. Where that fails the file just grows on.
    fn rotate(&mut self) {
        self.cut();
        let path = self.plan.path.clone();
        let numbered = |n: u32| if n == 0 { path.clone() } else { format!("{path}.{n}") };
        let last = self.plan.max_files.saturating_sub(1);
        let draft = format!("{path}.new");
        let oldest = (last > 0).then(|| reuse(&numbered(last), &draft)).flatten();
        for n in (0..last).rev() {
            let _ = fs::rename(numbered(n), numbered(n + 1));
        }
        if last == 0 {
            let _ = fs::remove_file(&path);
        }
        if let Some((file, length)) = oldest
            && fs::rename(&draft, &path).is_ok()
        {
            (self.file, self.size, self.length) = (file, 0, length);
        } else if let Ok(file) = open_file(&path) {
            let length = fs::metadata(&path).map_or(0, |m| m.len());
            (self.file, self.size, self.length) = (file, length, length);
        }
    }
}

/// Takes the oldest file under another name. Its readers see first of all that it is no longer what it was.
fn reuse(oldest: &str, draft: &str) -> Option<(OwnedFd, u64)> {
    let file = fd::open(oldest, libc::O_RDWR | libc::O_NOFOLLOW, 0).ok()?;
    let metadata = fs::symlink_metadata(oldest).ok()?;
    if !metadata.is_file() || metadata.len() < END.len() as u64 {
        return None;
    }
    fd::write_all_at(&file, &END, 0).ok()?;
    fs::rename(oldest, draft).ok()?;
    Some((file, metadata.len()))
}

/// Walks the records of an earlier run, whose last one may be torn, or followed by old content.
fn end_of_records(file: &OwnedFd, length: u64) -> io::Result<u64> {
    let mut at = 0;
    let mut block = vec![0; if length == 0 { 0 } else { BLOCK }];
    while at + HEADER_BYTES as u64 <= length {
        let n = fd::read_at(file, &mut block, at)?;
        if n < HEADER_BYTES {
            break;
        }
        let mut from = 0;
        while let Some(header) = block[..n].get(from..from + HEADER_BYTES) {
            let payload = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
            let next = at + (from + HEADER_BYTES + payload) as u64;
            if !matches!(header[0], 1 | 2) || next > length {
                return Ok(at + from as u64);
            }
            from += HEADER_BYTES + payload;
        }
        at += from as u64;
    }
    Ok(at)
}

fn open_file(path: &str) -> io::Result<OwnedFd> {
    fd::open(path, libc::O_RDWR | libc::O_CREAT | libc::O_NOFOLLOW, 0o640)
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
        [&[0; HEADER_BYTES], payload, &END].concat()
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

    #[test]
    fn rotate_writes_over_the_oldest_file_and_marks_the_end() {
        let (dir, mut log) = log("reuse", 200, 2);
        let path = format!("{dir}/log");
        for n in 1..=6_u8 {
            log.append(1, 0, &mut record(&[n; 50]));
        }
        let inode = |name: &str| std::os::unix::fs::MetadataExt::ino(&fs::metadata(format!("{dir}/{name}")).unwrap());
        let before = inode("log.1");
        log.append(1, 0, &mut record(&[9; 20]));
        assert_eq!(inode("log"), before);
        let bytes = fs::read(&path).unwrap();
        assert_eq!((bytes.len(), bytes[16], &bytes[36..52]), (198, 9, &END[..]));
        assert_eq!(bytes[60], 1, "old content behind the mark stays");
        log.cut();
        assert_eq!(fs::read(&path).unwrap().len(), 36);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn open_goes_on_behind_the_last_whole_record() {
        let (dir, mut log) = log("again", 200, 2);
        for n in 1..=10_u8 {
            log.append(1, 0, &mut record(&[n; 50]));
        }
        let plan = LogPlan {
            path: format!("{dir}/log"),
            max_bytes: 200,
            max_files: 2,
        };
        drop(log); // as if killed: old content is behind the mark
        assert_eq!(fs::read(&plan.path).unwrap().len(), 198);
        let mut log = Log::open(plan).unwrap();
        log.append(2, 0, &mut record(b"next"));
        let bytes = fs::read(format!("{dir}/log")).unwrap();
        assert_eq!((bytes.len(), &bytes[bytes.len() - 4..]), (66 + 20, &b"next"[..]));
        fs::remove_dir_all(dir).unwrap();
    }
}
