//! Removing trees: fd by fd, no link followed, no mount crossed, whatever vanishes meanwhile is fine.
use crate::failure::{During, Failure, Outcome};
use crate::list::names;
use crate::sys::{self, Fd};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// Below this a directory is moved to the top instead of descended into: no limit of descriptors or stack is met.
const MAX_DEPTH: usize = 128;

pub struct Removal<'a> {
    pub entries: u64,
    pub cancelled: &'a dyn Fn() -> bool,
    moved: u64,
}

impl<'a> Removal<'a> {
    pub fn new(cancelled: &'a dyn Fn() -> bool) -> Self {
        Removal {
            entries: 0,
            cancelled,
            moved: 0,
        }
    }

    /// Removes `name` and all below it.
    pub fn entry(&mut self, parent: Fd, name: &[u8]) -> Outcome<()> {
        match self.unlink(parent, name, 0) {
            Err(e) if matches!(e.raw_os_error(), Some(libc::EISDIR)) => {}
            other => return other.during_at("remove", name),
        }
        if let Some(dir) = open_dir(parent, name)? {
            self.children(dir.as_fd())?;
        }
        self.unlink(parent, name, libc::AT_REMOVEDIR).during_at("remove", name)
    }

    pub fn children(&mut self, top: Fd) -> Outcome<()> {
        loop {
            let before = self.moved;
            rewind(top)?;
            self.level(top, top, 0)?;
            if self.moved == before {
                return Ok(());
            }
        }
    }

    fn level(&mut self, top: Fd, dir: Fd, depth: usize) -> Outcome<()> {
        for (name, kind) in names(dir).during("remove")?.iter() {
            if (self.cancelled)() {
                return Err(Failure::cancelled());
            }
            self.child(top, dir, name, kind, depth)?;
        }
        Ok(())
    }

    fn child(&mut self, top: Fd, dir: Fd, name: &[u8], kind: u8, depth: usize) -> Outcome<()> {
        if kind != libc::DT_DIR {
            match self.unlink(dir, name, 0) {
                Err(e) if matches!(e.raw_os_error(), Some(libc::EISDIR)) => {}
                other => return other.during_at("remove", name),
            }
        }
        if self.unlink(dir, name, libc::AT_REMOVEDIR).is_ok() {
            return Ok(());
        }
        if depth >= MAX_DEPTH {
            self.moved += 1;
            let place = format!(".hbx-removing-{}-{}", std::process::id(), self.moved);
            return gone_is_fine(sys::renameat(dir, name, top, place.as_bytes())).during_at("remove", name);
        }
        let Some(child) = open_dir(dir, name)? else {
            return Ok(());
        };
        self.level(top, child.as_fd(), depth + 1).map_err(|f| f.at(name))?;
        drop(child);
        match self.unlink(dir, name, libc::AT_REMOVEDIR) {
            Err(e) if e.raw_os_error() == Some(libc::ENOTEMPTY) => Err(Failure::io("remove", &e)
                .at(name)
                .saying("something is being added while it is removed")),
            other => other.during_at("remove", name),
        }
    }

    fn unlink(&mut self, dir: Fd, name: &[u8], flags: i32) -> io::Result<()> {
        let result = match sys::unlinkat(dir, name, flags) {
            Err(e) if e.raw_os_error() == Some(libc::EPERM) => {
                thaw(dir);
                if let Ok(fd) = sys::openat(dir, name, libc::O_RDONLY | libc::O_NONBLOCK, 0) {
                    thaw(fd.as_fd());
                }
                sys::unlinkat(dir, name, flags)
            }
            Err(e) if e.raw_os_error() == Some(libc::EACCES) => {
                let _ = unlock(dir);
                sys::unlinkat(dir, name, flags)
            }
            other => other,
        };
        if result.is_ok() {
            self.entries += 1;
        }
        gone_is_fine(result)
    }
}

/// Removes one name, as an archive's later member replaces an earlier one.
pub fn remove_at(parent: Fd, name: &[u8]) -> Outcome<()> {
    Removal::new(&|| false).entry(parent, name)
}

fn rewind(dir: Fd) -> Outcome<()> {
    sys::seek(dir, 0, libc::SEEK_SET).during("remove").map(drop)
}

fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => Ok(()),
        other => other,
    }
}

/// `None` when it has vanished. A directory closed to its owner (overlay's `work`) is opened up first.
fn open_dir(parent: Fd, name: &[u8]) -> Outcome<Option<OwnedFd>> {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW;
    let open = || sys::openat2(parent, name, flags, sys::SAME_MOUNT);
    let opened = match open() {
        Err(e) if e.raw_os_error() == Some(libc::EACCES) => {
            let path = sys::openat(parent, name, libc::O_PATH | libc::O_DIRECTORY, 0).during_at("remove", name)?;
            let _ = unlock(path.as_fd());
            open()
        }
        other => other,
    };
    match opened {
        Ok(fd) => Ok(Some(fd)),
        Err(e) if matches!(e.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR | libc::ELOOP)) => Ok(None),
        Err(e) if e.raw_os_error() == Some(libc::EXDEV) => Err(Failure::new("mounted", libc::EBUSY)
            .at(name)
            .saying("something is mounted here")),
        Err(e) => Err(Failure::io("remove", &e).at(name)),
    }
}

/// Gives the owner its rights back. Through /proc, as an O_PATH descriptor cannot be changed itself.
fn unlock(dir: Fd) -> io::Result<()> {
    let path = sys::c(&sys::proc_path(dir, b""))?;
    // SAFETY: the path is terminated and outlives the call.
    if unsafe { libc::chmod(path.as_ptr(), 0o700) } < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Takes the immutable and append-only flags away, which root in a container may have set.
fn thaw(fd: Fd) {
    let mut flags: libc::c_long = 0;
    // SAFETY: both calls read or write one long.
    unsafe {
        if libc::ioctl(fd.as_raw_fd(), libc::FS_IOC_GETFLAGS, &raw mut flags) == 0 && flags & 0x30 != 0 {
            flags &= !0x30;
            libc::ioctl(fd.as_raw_fd(), libc::FS_IOC_SETFLAGS, &raw const flags);
        }
    }
}
