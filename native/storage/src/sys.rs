//! System calls by directory descriptor. Nothing here follows a link in the last component unless its name says so.
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

pub type Fd<'a> = BorrowedFd<'a>;

pub fn c(name: &[u8]) -> io::Result<CString> {
    CString::new(name).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

fn own(result: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: a non-negative result of open(2) and its kin is a descriptor nobody else owns yet.
    check(result).map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

pub fn openat(dir: Fd, name: &[u8], flags: i32, mode: u32) -> io::Result<OwnedFd> {
    let name = c(name)?;
    // SAFETY: `name` is a terminated string that outlives the call.
    own(unsafe {
        libc::openat(
            dir.as_raw_fd(),
            name.as_ptr(),
            flags | libc::O_CLOEXEC | libc::O_NOFOLLOW,
            mode,
        )
    })
}

/// Opens an absolute path of the caller's own, following links.
pub fn open(path: &[u8], flags: i32, mode: u32) -> io::Result<OwnedFd> {
    let path = c(path)?;
    // SAFETY: `path` is a terminated string that outlives the call.
    own(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, mode) })
}

pub const IN_ROOT: u64 = libc::RESOLVE_IN_ROOT;
pub const SAME_MOUNT: u64 = libc::RESOLVE_BENEATH | libc::RESOLVE_NO_SYMLINKS | libc::RESOLVE_NO_XDEV;

pub fn openat2(dir: Fd, path: &[u8], flags: i32, resolve: u64) -> io::Result<OwnedFd> {
    let path = c(if path.is_empty() { b"." } else { path })?;
    // SAFETY: open_how is plain integers; all zero is valid.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = (flags | libc::O_CLOEXEC) as u64;
    how.resolve = resolve;
    let size = size_of::<libc::open_how>();
    loop {
        // SAFETY: path and how outlive the call, size is how's.
        let result = own(unsafe {
            libc::syscall(libc::SYS_openat2, dir.as_raw_fd(), path.as_ptr(), &raw const how, size) as i32
        });
        match result {
            // The kernel asks for a retry when a rename raced with the walk.
            Err(e) if e.raw_os_error() == Some(libc::EAGAIN) => continue,
            other => return other,
        }
    }
}

pub fn fstat(fd: Fd) -> io::Result<libc::stat> {
    // SAFETY: stat is plain integers, written by the kernel.
    let mut st: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `st` is valid for writing.
    check(unsafe { libc::fstat(fd.as_raw_fd(), &raw mut st) }).map(|_| st)
}

/// The magic number of the file system on which `fd` lies.
pub fn file_system(fd: Fd) -> io::Result<i64> {
    // SAFETY: statfs is plain integers, written by the kernel.
    let mut st: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: `st` is valid for writing.
    check(unsafe { libc::fstatfs(fd.as_raw_fd(), &raw mut st) }).map(|_| st.f_type as i64)
}

pub fn fstatat(dir: Fd, name: &[u8]) -> io::Result<libc::stat> {
    let name = c(name)?;
    // SAFETY: stat is plain integers, written by the kernel.
    let mut st: libc::stat = unsafe { std::mem::zeroed() };
    let flags = libc::AT_SYMLINK_NOFOLLOW | libc::AT_EMPTY_PATH;
    // SAFETY: `name` and `st` outlive the call.
    check(unsafe { libc::fstatat(dir.as_raw_fd(), name.as_ptr(), &raw mut st, flags) }).map(|_| st)
}

pub fn mkdirat(dir: Fd, name: &[u8], mode: u32) -> io::Result<()> {
    let name = c(name)?;
    // SAFETY: `name` outlives the call.
    check(unsafe { libc::mkdirat(dir.as_raw_fd(), name.as_ptr(), mode) }).map(drop)
}

pub fn unlinkat(dir: Fd, name: &[u8], flags: i32) -> io::Result<()> {
    let name = c(name)?;
    // SAFETY: `name` outlives the call.
    check(unsafe { libc::unlinkat(dir.as_raw_fd(), name.as_ptr(), flags) }).map(drop)
}

pub fn symlinkat(target: &[u8], dir: Fd, name: &[u8]) -> io::Result<()> {
    let (target, name) = (c(target)?, c(name)?);
    // SAFETY: both strings outlive the call.
    check(unsafe { libc::symlinkat(target.as_ptr(), dir.as_raw_fd(), name.as_ptr()) }).map(drop)
}

pub fn linkat(from: Fd, old: &[u8], to: Fd, new: &[u8]) -> io::Result<()> {
    let (old, new) = (c(old)?, c(new)?);
    // SAFETY: both strings outlive the call.
    check(unsafe { libc::linkat(from.as_raw_fd(), old.as_ptr(), to.as_raw_fd(), new.as_ptr(), 0) }).map(drop)
}

pub fn renameat(from: Fd, old: &[u8], to: Fd, new: &[u8]) -> io::Result<()> {
    let (old, new) = (c(old)?, c(new)?);
    // SAFETY: both strings outlive the call.
    check(unsafe { libc::renameat(from.as_raw_fd(), old.as_ptr(), to.as_raw_fd(), new.as_ptr()) }).map(drop)
}

/// Fails with EEXIST when `new` is there.
pub fn rename_new(from: Fd, old: &[u8], to: Fd, new: &[u8]) -> io::Result<()> {
    let (old, new) = (c(old)?, c(new)?);
    // SAFETY: both strings outlive the call.
    check(unsafe {
        libc::renameat2(
            from.as_raw_fd(),
            old.as_ptr(),
            to.as_raw_fd(),
            new.as_ptr(),
            libc::RENAME_NOREPLACE,
        )
    })
    .map(drop)
}

/// For absolute paths.
pub fn cwd() -> Fd<'static> {
    // SAFETY: AT_FDCWD is no descriptor that could be closed.
    unsafe { BorrowedFd::borrow_raw(libc::AT_FDCWD) }
}

pub fn mknodat(dir: Fd, name: &[u8], mode: u32, major: u32, minor: u32) -> io::Result<()> {
    let name = c(name)?;
    // SAFETY: `name` outlives the call.
    check(unsafe { libc::mknodat(dir.as_raw_fd(), name.as_ptr(), mode, libc::makedev(major, minor)) }).map(drop)
}

pub fn readlinkat(dir: Fd, name: &[u8]) -> io::Result<Vec<u8>> {
    let name = c(name)?;
    let mut buffer = vec![0u8; libc::PATH_MAX as usize];
    // SAFETY: the buffer has the length that is passed.
    let n = unsafe { libc::readlinkat(dir.as_raw_fd(), name.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
    check(n as i32)?;
    buffer.truncate(n as usize);
    Ok(buffer)
}

pub fn fchmod(fd: Fd, mode: u32) -> io::Result<()> {
    // SAFETY: integers only.
    check(unsafe { libc::fchmod(fd.as_raw_fd(), mode) }).map(drop)
}

pub fn fchown(fd: Fd, uid: u32, gid: u32) -> io::Result<()> {
    // SAFETY: integers only.
    check(unsafe { libc::fchown(fd.as_raw_fd(), uid, gid) }).map(drop)
}

pub fn lchownat(dir: Fd, name: &[u8], uid: u32, gid: u32) -> io::Result<()> {
    let name = c(name)?;
    // SAFETY: `name` outlives the call.
    check(unsafe { libc::fchownat(dir.as_raw_fd(), name.as_ptr(), uid, gid, libc::AT_SYMLINK_NOFOLLOW) }).map(drop)
}

fn times(mtime: (i64, u32)) -> [libc::timespec; 2] {
    let at = libc::timespec {
        tv_sec: mtime.0,
        tv_nsec: i64::from(mtime.1),
    };
    [at, at]
}

pub fn futimens(fd: Fd, mtime: (i64, u32)) -> io::Result<()> {
    // SAFETY: the array has the two elements the call reads.
    check(unsafe { libc::futimens(fd.as_raw_fd(), times(mtime).as_ptr()) }).map(drop)
}

pub fn lutimensat(dir: Fd, name: &[u8], mtime: (i64, u32)) -> io::Result<()> {
    let name = c(name)?;
    // SAFETY: `name` and the two-element array outlive the call.
    check(unsafe {
        libc::utimensat(
            dir.as_raw_fd(),
            name.as_ptr(),
            times(mtime).as_ptr(),
            libc::AT_SYMLINK_NOFOLLOW,
        )
    })
    .map(drop)
}

pub fn ftruncate(fd: Fd, size: u64) -> io::Result<()> {
    let size = i64::try_from(size).map_err(|_| io::Error::from_raw_os_error(libc::EFBIG))?;
    // SAFETY: integers only.
    check(unsafe { libc::ftruncate(fd.as_raw_fd(), size) }).map(drop)
}

pub fn pwrite_all(fd: Fd, mut data: &[u8], mut offset: u64) -> io::Result<()> {
    while !data.is_empty() {
        let at = i64::try_from(offset).map_err(|_| io::Error::from_raw_os_error(libc::EFBIG))?;
        // SAFETY: pointer and length are those of one slice.
        let n = unsafe { libc::pwrite(fd.as_raw_fd(), data.as_ptr().cast(), data.len(), at) };
        match n {
            n if n > 0 => {
                data = &data[n as usize..];
                offset += n as u64;
            }
            0 => return Err(io::Error::from_raw_os_error(libc::EIO)),
            _ => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

/// Where `name` in `dir` is reachable for the calls that take only paths (the xattr family): `/proc/self/fd/N/name`.
pub fn proc_path(dir: Fd, name: &[u8]) -> Vec<u8> {
    let mut path = format!("/proc/self/fd/{}", dir.as_raw_fd()).into_bytes();
    if !name.is_empty() {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    path
}

pub fn umask(mask: u32) {
    // SAFETY: cannot fail, integers only.
    unsafe { libc::umask(mask) };
}

pub fn seek(fd: Fd, offset: u64, whence: i32) -> io::Result<u64> {
    // SAFETY: integers only.
    let at = unsafe { libc::lseek(fd.as_raw_fd(), offset as i64, whence) };
    if at < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(at as u64)
    }
}
