//! Extended attributes of a name in a directory (links not followed) or of an open descriptor.
use crate::sys::{Fd, c, proc_path};
use std::io;
use std::os::fd::AsRawFd;

pub type Xattr = (Vec<u8>, Vec<u8>);

fn size(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

pub fn set_at(dir: Fd, name: &[u8], key: &[u8], value: &[u8]) -> io::Result<()> {
    let (path, key) = (c(&proc_path(dir, name))?, c(key)?);
    // SAFETY: strings and value outlive the call, the length is value's.
    let r = unsafe { libc::lsetxattr(path.as_ptr(), key.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
    size(r as isize).map(drop)
}

pub fn set(fd: Fd, key: &[u8], value: &[u8]) -> io::Result<()> {
    let key = c(key)?;
    // SAFETY: key and value outlive the call, the length is value's.
    let r = unsafe { libc::fsetxattr(fd.as_raw_fd(), key.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
    size(r as isize).map(drop)
}

pub fn remove(fd: Fd, key: &[u8]) -> io::Result<()> {
    let key = c(key)?;
    // SAFETY: the key outlives the call.
    size(unsafe { libc::fremovexattr(fd.as_raw_fd(), key.as_ptr()) } as isize).map(drop)
}

/// The value, or `None` where the attribute (or xattrs at all) does not exist.
pub fn get(fd: Fd, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let key = c(key)?;
    let mut value = vec![0u8; 256];
    loop {
        // SAFETY: the buffer has the length that is passed.
        let r = unsafe { libc::fgetxattr(fd.as_raw_fd(), key.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
        match size(r) {
            Ok(n) => {
                value.truncate(n);
                return Ok(Some(value));
            }
            Err(e) => match e.raw_os_error() {
                Some(libc::ERANGE) if value.len() < 65536 => value.resize(65536, 0),
                Some(libc::ENODATA | libc::EOPNOTSUPP) => return Ok(None),
                _ => return Err(e),
            },
        }
    }
}

/// All attributes of an open file, sorted by key.
pub fn list(fd: Fd) -> io::Result<Vec<Xattr>> {
    // SAFETY: the buffer has the length that is passed.
    let keys = list_keys(|p, n| unsafe { libc::flistxattr(fd.as_raw_fd(), p, n) })?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(value) = get(fd, &key)? {
            found.push((key, value));
        }
    }
    Ok(found)
}

/// All attributes of `name`, itself possibly a link or a device, sorted by key.
pub fn list_at(dir: Fd, name: &[u8]) -> io::Result<Vec<Xattr>> {
    let path = c(&proc_path(dir, name))?;
    // SAFETY: the path is terminated; the buffer has the length that is passed.
    let keys = list_keys(|p, n| unsafe { libc::llistxattr(path.as_ptr(), p, n) })?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let mut value = vec![0u8; 65536];
        let ckey = c(&key)?;
        // SAFETY: the buffer has the length that is passed.
        let r = unsafe { libc::lgetxattr(path.as_ptr(), ckey.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
        if r >= 0 {
            value.truncate(r as usize);
            found.push((key, value));
        }
    }
    Ok(found)
}

fn list_keys(call: impl Fn(*mut libc::c_char, usize) -> isize) -> io::Result<Vec<Vec<u8>>> {
    let mut names = vec![0u8; 1024];
    let n = loop {
        match size(call(names.as_mut_ptr().cast(), names.len())) {
            Ok(n) => break n,
            Err(e) => match e.raw_os_error() {
                Some(libc::ERANGE) if names.len() < 65536 => names.resize(65536, 0),
                Some(libc::EOPNOTSUPP) => return Ok(Vec::new()),
                _ => return Err(e),
            },
        }
    };
    let mut keys: Vec<Vec<u8>> = names[..n]
        .split(|b| *b == 0)
        .filter(|k| !k.is_empty())
        .map(<[u8]>::to_vec)
        .collect();
    keys.sort();
    Ok(keys)
}
