//! The names in a directory, with few system calls.
use crate::sys::Fd;
use std::io;
use std::os::fd::AsRawFd;

/// Names and their d_type, as the kernel returned them.
#[derive(Default)]
pub struct Names {
    bytes: Vec<u8>,
    entries: Vec<(u32, u32, u8)>,
}

impl Names {
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u8)> {
        self.entries
            .iter()
            .map(|(from, to, kind)| (&self.bytes[*from as usize..*to as usize], *kind))
    }

    pub fn sort(&mut self) {
        let bytes = &self.bytes;
        self.entries
            .sort_unstable_by(|a, b| bytes[a.0 as usize..a.1 as usize].cmp(&bytes[b.0 as usize..b.1 as usize]));
    }
}

/// All names but `.` and `..`. `dir` must be open for reading, at its beginning.
pub fn names(dir: Fd) -> io::Result<Names> {
    let mut found = Names::default();
    let mut buffer = vec![0u64; 4096];
    loop {
        let size = buffer.len() * 8;
        // SAFETY: the buffer has the size that is passed and the alignment of linux_dirent64.
        let n = unsafe { libc::syscall(libc::SYS_getdents64, dir.as_raw_fd(), buffer.as_mut_ptr(), size) };
        if n < 0 {
            let error = io::Error::last_os_error();
            // A directory removed meanwhile has no names.
            return if error.raw_os_error() == Some(libc::ENOENT) {
                Ok(found)
            } else {
                Err(error)
            };
        }
        if n == 0 {
            return Ok(found);
        }
        // SAFETY: the kernel has initialised n bytes of the buffer.
        let bytes = unsafe { std::slice::from_raw_parts(buffer.as_ptr().cast::<u8>(), n as usize) };
        let mut at = 0;
        while at < bytes.len() {
            let length = usize::from(u16::from_ne_bytes([bytes[at + 16], bytes[at + 17]]));
            let kind = bytes[at + 18];
            let name = &bytes[at + 19..at + length];
            let name = &name[..name.iter().position(|b| *b == 0).unwrap_or(name.len())];
            if name != b"." && name != b".." {
                let from = found.bytes.len() as u32;
                found.bytes.extend_from_slice(name);
                found.entries.push((from, found.bytes.len() as u32, kind));
            }
            at += length;
        }
    }
}
