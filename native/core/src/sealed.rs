//! The core runs from a sealed copy of itself in memory. Processes that are about to become a container's are still
//! this program for a moment; through /proc/PID/exe a hostile container could otherwise reach the file on the host.

use std::env;
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use crate::sys::{check, retry};

const SEALS: i32 = libc::F_SEAL_SEAL | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE;

/// Returns when this process already runs from a sealed copy; otherwise replaces it by one.
pub fn ensure() -> io::Result<()> {
    let program = File::open("/proc/self/exe")?;
    // SAFETY: no pointers.
    let seals = unsafe { libc::fcntl(program.as_raw_fd(), libc::F_GET_SEALS) };
    if seals >= 0 && seals & SEALS == SEALS {
        return Ok(());
    }
    let copy = executable_memory()?;
    let length = program.metadata()?.len() as usize;
    let mut done = 0;
    while done < length {
        let (to, from) = (copy.as_raw_fd(), program.as_raw_fd());
        // SAFETY: no memory of ours is involved.
        match retry(|| unsafe { libc::sendfile(to, from, std::ptr::null_mut(), length - done) } as i64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => done += n as usize,
        }
    }
    // SAFETY: no pointers.
    check(unsafe { libc::fcntl(copy.as_raw_fd(), libc::F_ADD_SEALS, SEALS) }.into())?;
    let args: Vec<CString> = env::args_os()
        .filter_map(|arg| CString::new(arg.as_bytes()).ok())
        .collect();
    let mut argv: Vec<_> = args.iter().map(|arg| arg.as_ptr()).collect();
    argv.push(std::ptr::null());
    let envp = [std::ptr::null()];
    // SAFETY: arrays of C strings that end with null and outlive the call; it returns only on failure.
    unsafe { libc::fexecve(copy.as_raw_fd(), argv.as_ptr(), envp.as_ptr()) };
    Err(io::Error::last_os_error())
}

/// A host may want it said that a memory file is to be executed (`vm.memfd_noexec=1`); kernels before 6.3 do not know the word.
fn executable_memory() -> io::Result<OwnedFd> {
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // SAFETY: a C string.
    let create = |flags| check(unsafe { libc::memfd_create(c"hbx-core".as_ptr(), flags) }.into());
    let fd = match create(flags | libc::MFD_EXEC) {
        Err(e) if e.raw_os_error() == Some(libc::EINVAL) => create(flags),
        other => other,
    }?;
    // SAFETY: the kernel has just returned this descriptor, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}
