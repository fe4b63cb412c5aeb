//! Thin wrappers of the system calls that the standard library does not have.

use std::ffi::{CStr, CString, OsString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;

pub const RESOLVE_IN_ROOT: u64 = 0x10;
pub const RESOLVE_NO_MAGICLINKS: u64 = 0x02;
pub const RESOLVE_NO_SYMLINKS: u64 = 0x04;
pub const OPEN_TREE_CLONE: u32 = 1;
pub const AT_RECURSIVE: u32 = 0x8000;
pub const MOUNT_ATTR_RDONLY: u64 = 0x1;
pub const MOUNT_ATTR_NOSUID: u64 = 0x2;
pub const MOUNT_ATTR_NODEV: u64 = 0x4;
pub const MOUNT_ATTR_NOEXEC: u64 = 0x8;
pub const MOUNT_ATTR_ATIME: u64 = 0x70;
pub const MOUNT_ATTR_NOATIME: u64 = 0x10;
pub const MOUNT_ATTR_STRICTATIME: u64 = 0x20;
pub const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;

const FSCONFIG_SET_FLAG: u32 = 0;
const FSCONFIG_SET_STRING: u32 = 1;
const FSCONFIG_CMD_CREATE: u32 = 6;
const MOVE_MOUNT_F_EMPTY_PATH: u32 = 0x4;
const MOVE_MOUNT_T_EMPTY_PATH: u32 = 0x40;

/// Turns a path into what the kernel takes.
pub fn c_path(text: &str) -> io::Result<CString> {
    CString::new(text).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

fn check(result: i64) -> io::Result<i64> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

fn owned(result: i64) -> io::Result<OwnedFd> {
    let fd = check(result)?;
    // SAFETY: the kernel has just returned this descriptor, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

#[repr(C)]
struct OpenHow {
    flags: u64,
    mode: u64,
    resolve: u64,
}

#[repr(C)]
#[derive(Default)]
pub struct MountAttr {
    pub attr_set: u64,
    pub attr_clr: u64,
    pub propagation: u64,
    pub userns_fd: u64,
}

pub fn openat2(dir: BorrowedFd, path: &CStr, flags: i32, mode: u32, resolve: u64) -> io::Result<OwnedFd> {
    let how = OpenHow {
        flags: (flags | libc::O_CLOEXEC) as u64,
        mode: u64::from(mode),
        resolve,
    };
    loop {
        // SAFETY: `path` is NUL-terminated and `how` is a whole open_how of the given size; both outlive the call.
        let result = unsafe {
            libc::syscall(
                libc::SYS_openat2,
                dir.as_raw_fd(),
                path.as_ptr(),
                &raw const how,
                size_of::<OpenHow>(),
            )
        };
        match owned(result) {
            // A rename raced with the look-up: the kernel asks to try again.
            Err(e) if matches!(e.raw_os_error(), Some(libc::EAGAIN | libc::EINTR)) => {}
            other => return other,
        }
    }
}

/// Opens a host path without reading rights, to mount from it.
pub fn open_host(path: &str, flags: i32) -> io::Result<OwnedFd> {
    let path = c_path(path)?;
    // SAFETY: `path` is NUL-terminated and outlives the call.
    owned(i64::from(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC) }))
}

pub fn open_tree(dir: RawFd, path: &CStr, flags: u32) -> io::Result<OwnedFd> {
    let flags = flags | libc::O_CLOEXEC as u32;
    // SAFETY: `path` is NUL-terminated and outlives the call.
    owned(unsafe { libc::syscall(libc::SYS_open_tree, dir, path.as_ptr(), flags) })
}

/// A detached copy of the mount (or tree of mounts) that `source` refers to.
pub fn clone_tree(source: BorrowedFd, recursive: bool) -> io::Result<OwnedFd> {
    let flags = OPEN_TREE_CLONE | libc::AT_EMPTY_PATH as u32 | if recursive { AT_RECURSIVE } else { 0 };
    open_tree(source.as_raw_fd(), c"", flags)
}

/// Attaches a detached mount onto what `target` refers to.
pub fn attach(mount: BorrowedFd, target: BorrowedFd) -> io::Result<()> {
    let flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    // SAFETY: both paths are the empty C string; the flags say that the descriptors are meant.
    let result = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            mount.as_raw_fd(),
            c"".as_ptr(),
            target.as_raw_fd(),
            c"".as_ptr(),
            flags,
        )
    };
    check(result).map(drop)
}

pub fn set_mount_attr(mount: BorrowedFd, attr: &MountAttr, recursive: bool) -> io::Result<()> {
    let flags = libc::AT_EMPTY_PATH as u32 | if recursive { AT_RECURSIVE } else { 0 };
    // SAFETY: `attr` is a whole mount_attr of the given size and outlives the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const *attr,
            size_of::<MountAttr>(),
        )
    };
    check(result).map(drop)
}

/// A file system being configured, by the mount API of Linux 5.2.
pub struct FsContext(OwnedFd);

impl FsContext {
    pub fn open(kind: &CStr) -> io::Result<Self> {
        const FSOPEN_CLOEXEC: u32 = 1;
        // SAFETY: `kind` is NUL-terminated and outlives the call.
        owned(unsafe { libc::syscall(libc::SYS_fsopen, kind.as_ptr(), FSOPEN_CLOEXEC) }).map(Self)
    }

    pub fn flag(&self, key: &CStr) -> io::Result<()> {
        self.configure(FSCONFIG_SET_FLAG, Some(key), None)
    }

    pub fn string(&self, key: &CStr, value: &CStr) -> io::Result<()> {
        self.configure(FSCONFIG_SET_STRING, Some(key), Some(value))
    }

    /// Makes the superblock and a detached mount of it with the given MOUNT_ATTR_* bits.
    pub fn mount(&self, attributes: u64) -> io::Result<OwnedFd> {
        const FSMOUNT_CLOEXEC: u32 = 1;
        self.configure(FSCONFIG_CMD_CREATE, None, None)?;
        // SAFETY: plain numbers and a descriptor that is open.
        owned(unsafe {
            libc::syscall(
                libc::SYS_fsmount,
                self.0.as_raw_fd(),
                FSMOUNT_CLOEXEC,
                attributes as u32,
            )
        })
    }

    /// The kernel's own words for the last failure, where it left any.
    pub fn complaint(&self) -> Option<String> {
        let mut buffer = [0u8; 512];
        // SAFETY: the buffer is writable for its whole length.
        let count = unsafe { libc::read(self.0.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
        let text = String::from_utf8_lossy(buffer.get(..usize::try_from(count).ok()?)?)
            .trim()
            .to_owned();
        (!text.is_empty()).then_some(text)
    }

    fn configure(&self, command: u32, key: Option<&CStr>, value: Option<&CStr>) -> io::Result<()> {
        let pointer = |text: Option<&CStr>| text.map_or(std::ptr::null(), CStr::as_ptr);
        // SAFETY: key and value are NUL-terminated or null, as the command takes them, and outlive the call.
        let result = unsafe {
            libc::syscall(
                libc::SYS_fsconfig,
                self.0.as_raw_fd(),
                command,
                pointer(key),
                pointer(value),
                0,
            )
        };
        check(result).map(drop)
    }
}

/// Changes the propagation of `/` and everything below.
pub fn set_propagation(flags: libc::c_ulong) -> io::Result<()> {
    // SAFETY: all pointers are null or NUL-terminated constants.
    check(i64::from(unsafe {
        libc::mount(
            std::ptr::null(),
            c"/".as_ptr(),
            std::ptr::null(),
            flags,
            std::ptr::null(),
        )
    }))
    .map(drop)
}

/// Makes `root` the root of this mount namespace and lets go of the old one. The caller's directory becomes the new `/`.
pub fn pivot_into(root: BorrowedFd) -> io::Result<()> {
    // SAFETY: plain system calls on an open descriptor and constant strings.
    unsafe {
        check(i64::from(libc::fchdir(root.as_raw_fd())))?;
        check(libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr()))?;
        // The old root is stacked on the new one now: this lets go of it, and of every host path with it. It may not be
        // a peer of the host's mounts then, or the host would lose them too.
        let (none, flags) = (std::ptr::null(), libc::MS_PRIVATE | libc::MS_REC);
        check(i64::from(libc::mount(
            none,
            c".".as_ptr(),
            none,
            flags,
            std::ptr::null(),
        )))?;
        check(i64::from(libc::umount2(c".".as_ptr(), libc::MNT_DETACH)))?;
        check(i64::from(libc::chdir(c"/".as_ptr()))).map(drop)
    }
}

pub fn unshare(flags: i32) -> io::Result<()> {
    // SAFETY: a plain number; this process has one thread.
    check(i64::from(unsafe { libc::unshare(flags) })).map(drop)
}

pub fn setns(fd: BorrowedFd, kind: i32) -> io::Result<()> {
    // SAFETY: an open descriptor and a plain number.
    check(i64::from(unsafe { libc::setns(fd.as_raw_fd(), kind) })).map(drop)
}

pub fn set_hostname(name: &str) -> io::Result<()> {
    // SAFETY: pointer and length belong to the same string.
    check(i64::from(unsafe {
        libc::sethostname(name.as_ptr().cast(), name.len())
    }))
    .map(drop)
}

pub fn set_domainname(name: &str) -> io::Result<()> {
    // SAFETY: pointer and length belong to the same string.
    check(i64::from(unsafe {
        libc::setdomainname(name.as_ptr().cast(), name.len())
    }))
    .map(drop)
}

pub fn prctl(option: i32, argument: libc::c_ulong) -> io::Result<()> {
    // SAFETY: every option used here takes plain numbers.
    check(i64::from(unsafe { libc::prctl(option, argument, 0, 0, 0) })).map(drop)
}

/// Leaves the session keyring of whoever started the daemon for an empty one.
pub fn join_new_session_keyring() -> io::Result<()> {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_long = 1;
    // SAFETY: a null name asks for an anonymous keyring.
    let result = unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, std::ptr::null::<u8>()) };
    match check(result) {
        // A kernel without keyrings has none to leave.
        Err(e) if e.raw_os_error() == Some(libc::ENOSYS) => Ok(()),
        other => other.map(drop),
    }
}

pub fn mknod(dir: BorrowedFd, name: &CStr, mode: u32, device: u64) -> io::Result<()> {
    // SAFETY: `name` is NUL-terminated and outlives the call.
    check(i64::from(unsafe {
        libc::mknodat(dir.as_raw_fd(), name.as_ptr(), mode, device)
    }))
    .map(drop)
}

pub fn mkdir(dir: BorrowedFd, name: &CStr, mode: u32) -> io::Result<()> {
    // SAFETY: `name` is NUL-terminated and outlives the call.
    check(i64::from(unsafe {
        libc::mkdirat(dir.as_raw_fd(), name.as_ptr(), mode)
    }))
    .map(drop)
}

pub fn symlink(content: &CStr, dir: BorrowedFd, name: &CStr) -> io::Result<()> {
    // SAFETY: both strings are NUL-terminated and outlive the call.
    check(i64::from(unsafe {
        libc::symlinkat(content.as_ptr(), dir.as_raw_fd(), name.as_ptr())
    }))
    .map(drop)
}

pub fn chown(dir: BorrowedFd, name: &CStr, uid: u32, gid: u32) -> io::Result<()> {
    let flags = libc::AT_SYMLINK_NOFOLLOW | libc::AT_EMPTY_PATH;
    // SAFETY: `name` is NUL-terminated and outlives the call.
    check(i64::from(unsafe {
        libc::fchownat(dir.as_raw_fd(), name.as_ptr(), uid, gid, flags)
    }))
    .map(drop)
}

pub fn stat(fd: BorrowedFd) -> io::Result<libc::stat> {
    // SAFETY: all-zero is a valid stat; the call fills it.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: an open descriptor and a stat that we own.
    check(i64::from(unsafe { libc::fstat(fd.as_raw_fd(), &raw mut stat) }))?;
    Ok(stat)
}

pub fn mode(fd: BorrowedFd) -> io::Result<u32> {
    stat(fd).map(|stat| stat.st_mode)
}

/// Mounts an overlay in the classic way, for kernels whose overlayfs knows no other.
pub fn mount_overlay_on(target: &CStr, data: &CStr) -> io::Result<()> {
    // SAFETY: all strings are NUL-terminated and outlive the call.
    check(i64::from(unsafe {
        libc::mount(
            c"overlay".as_ptr(),
            target.as_ptr(),
            c"overlay".as_ptr(),
            0,
            data.as_ptr().cast(),
        )
    }))
    .map(drop)
}

pub fn chmod(fd: BorrowedFd, mode: u32) -> io::Result<()> {
    // SAFETY: an open descriptor and a plain number.
    check(i64::from(unsafe { libc::fchmod(fd.as_raw_fd(), mode) })).map(drop)
}

/// Follows a link at `name`: the caller knows that there is none.
pub fn chmod_at(dir: BorrowedFd, name: &CStr, mode: u32) -> io::Result<()> {
    // SAFETY: `name` is NUL-terminated and outlives the call.
    check(i64::from(unsafe {
        libc::fchmodat(dir.as_raw_fd(), name.as_ptr(), mode, 0)
    }))
    .map(drop)
}

pub fn is_directory(fd: BorrowedFd) -> io::Result<bool> {
    Ok(mode(fd)? & libc::S_IFMT == libc::S_IFDIR)
}

/// The magic number of the file system that `fd` is on.
pub fn file_system(fd: BorrowedFd) -> io::Result<libc::c_long> {
    // SAFETY: all-zero is a valid statfs; the call fills it.
    let mut stat: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: an open descriptor and a statfs that we own.
    check(i64::from(unsafe { libc::fstatfs(fd.as_raw_fd(), &raw mut stat) }))?;
    Ok(stat.f_type)
}

/// The content of the link that `link` was opened on (O_PATH | O_NOFOLLOW).
pub fn read_link(link: BorrowedFd) -> io::Result<OsString> {
    let mut buffer = vec![0u8; libc::PATH_MAX as usize];
    // SAFETY: an empty path means the descriptor itself; the buffer is writable for its whole length.
    let count = check(unsafe {
        libc::readlinkat(link.as_raw_fd(), c"".as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) as i64
    })?;
    buffer.truncate(count as usize);
    Ok(OsString::from_vec(buffer))
}

/// Whether this process is not in the machine's first user namespace: there, devices can't be made and overlayfs
/// keeps its marks in the user's attributes.
pub fn in_user_namespace() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let fields: Vec<&str> = map.split_whitespace().collect();
    fields != ["0", "0", "4294967295"]
}
