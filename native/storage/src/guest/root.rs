//! A container's root directory as a descriptor. Layers are mounted in a mount namespace of this job's own and vanish with it.
use crate::failure::{During, Failure, Outcome};
use crate::host;
use crate::sys::{self, Fd};
use crate::unpack::name::split;
use crate::unpack::parents::Parents;
use serde::Deserialize;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct RootRef {
    pub pid: Option<i32>,
    pub lowers: Option<Vec<String>>,
    /// Layers that only hold the contents which files of `lowers` refer to.
    pub data: Option<Vec<String>>,
    pub upper: Option<String>,
    pub work: Option<String>,
    pub mounts: Option<Vec<Volume>>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    pub source: String,
    pub target: String,
    pub readonly: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

impl RootRef {
    pub fn open(&self, access: Access) -> Outcome<OwnedFd> {
        match (self.pid, &self.lowers) {
            (Some(pid), None) => {
                let path = format!("/proc/{pid}/root");
                sys::open(path.as_bytes(), libc::O_PATH | libc::O_DIRECTORY, 0).during_at("root", path.as_bytes())
            }
            (None, Some(lowers)) if !lowers.is_empty() => self.assemble(lowers, access),
            _ => Err(Failure::new("protocol", 0).saying("a root is either a pid or at least one lower directory")),
        }
    }

    fn assemble(&self, lowers: &[String], access: Access) -> Outcome<OwnedFd> {
        // SAFETY: integers only; it affects this thread and those it starts.
        if unsafe { libc::unshare(libc::CLONE_NEWNS) } < 0 {
            return Err(Failure::io("root", &io::Error::last_os_error()));
        }
        mount("none", "/", "", libc::MS_REC | libc::MS_PRIVATE, "").during("root")?;
        let contents = self.data.as_deref().unwrap_or_default();
        // Any directory that can be mounted over; with contents the lowest layers are mounts of somebody else's.
        let place = contents.first().unwrap_or(&lowers[0]).as_str();
        let mut layers = lowers.iter().map(|l| directory(l)).collect::<Outcome<Vec<_>>>()?;
        let contents = contents.iter().map(|l| directory(l)).collect::<Outcome<Vec<_>>>()?;
        let upper = self.upper.as_deref().map(directory).transpose()?;
        let volumes = self.mounts.as_deref().unwrap_or_default();
        let mut writable = None;
        match access {
            Access::Write => {
                let work = self.work.as_deref().map(directory).transpose()?;
                writable = Some(upper.zip(work).ok_or_else(|| {
                    Failure::new("root", libc::EROFS).saying("writing needs an upper and a work directory")
                })?);
            }
            Access::Read => {
                layers.splice(0..0, upper);
                // Overlay wants two layers, and mount points may have to be made.
                if layers.len() < 2 || !volumes.is_empty() {
                    writable = Some(scratch(place)?);
                }
            }
        }
        overlay(place, &layers, &contents, writable.as_ref()).during_at("root", place.as_bytes())?;
        let root = directory(place)?;
        for volume in volumes {
            attach(&root, volume).map_err(|f| f.at(volume.target.as_bytes()))?;
        }
        Ok(root)
    }
}

fn directory(path: &str) -> Outcome<OwnedFd> {
    sys::open(path.as_bytes(), libc::O_PATH | libc::O_DIRECTORY, 0).during_at("root", path.as_bytes())
}

fn link(fd: Fd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

/// Layers go by descriptor: short, whatever the length and characters of their paths.
fn overlay(
    place: &str,
    layers: &[OwnedFd],
    contents: &[OwnedFd],
    writable: Option<&(OwnedFd, OwnedFd)>,
) -> io::Result<()> {
    let lower: Vec<String> = layers.iter().map(|fd| link(fd.as_fd())).collect();
    let mut data = format!("lowerdir={}", lower.join(":"));
    for fd in contents {
        data.push_str(&format!("::{}", link(fd.as_fd())));
    }
    // An upper directory stays a plain list of changes, whatever the host's defaults are.
    data.push_str(",metacopy=off,redirect_dir=nofollow,index=off");
    if let Some((upper, work)) = writable {
        data.push_str(&format!(
            ",upperdir={},workdir={}",
            link(upper.as_fd()),
            link(work.as_fd())
        ));
    }
    if host::overlay_prefix() == "user.overlay." {
        data.push_str(",userxattr");
    }
    mount("overlay", place, "overlay", libc::MS_NOSUID | libc::MS_NODEV, &data)
}

/// An upper directory in memory, for what reading needs and must not leave behind.
fn scratch(place: &str) -> Outcome<(OwnedFd, OwnedFd)> {
    mount(
        "tmpfs",
        place,
        "tmpfs",
        libc::MS_NOSUID | libc::MS_NODEV,
        "size=1m,mode=0755",
    )
    .during("root")?;
    let dir = directory(place)?;
    sys::mkdirat(dir.as_fd(), b"upper", 0o755).during("root")?;
    sys::mkdirat(dir.as_fd(), b"work", 0o755).during("root")?;
    let open = |name: &[u8]| sys::openat(dir.as_fd(), name, libc::O_PATH | libc::O_DIRECTORY, 0).during("root");
    Ok((open(b"upper")?, open(b"work")?))
}

fn attach(root: &OwnedFd, volume: &Volume) -> Outcome<()> {
    let source = sys::open(volume.source.as_bytes(), libc::O_PATH, 0).during_at("volume", volume.source.as_bytes())?;
    let is_directory = sys::fstat(source.as_fd()).during("volume")?.st_mode & libc::S_IFMT == libc::S_IFDIR;
    let target = crate::unpack::name::clean(volume.target.as_bytes())?;
    let open = || sys::openat2(root.as_fd(), &target, libc::O_PATH, sys::IN_ROOT);
    let point = match open() {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => {
            let mut parents = Parents::new(root.try_clone().during("volume")?);
            if is_directory {
                parents.open(&target)?;
            } else {
                let (above, name) = split(&target);
                let parent = parents.open(above)?;
                sys::openat((*parent).as_fd(), name, libc::O_WRONLY | libc::O_CREAT, 0o644).during("volume")?;
            }
            open()
        }
        other => other,
    };
    let point = point.during("volume")?;
    mount(
        &link(source.as_fd()),
        &link(point.as_fd()),
        "",
        libc::MS_BIND | libc::MS_REC,
        "",
    )
    .during("volume")?;
    if volume.readonly {
        seal(open().during("volume")?.as_fd()).during("volume")?;
    }
    Ok(())
}

fn seal(mounted: Fd) -> io::Result<()> {
    // SAFETY: mount_attr is plain integers; all zero is valid.
    let mut attr: libc::mount_attr = unsafe { std::mem::zeroed() };
    attr.attr_set = libc::MOUNT_ATTR_RDONLY;
    let flags = libc::AT_EMPTY_PATH | libc::AT_RECURSIVE;
    // SAFETY: the empty path is terminated, attr outlives the call and has the size that is passed.
    let r = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mounted.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attr,
            size_of::<libc::mount_attr>(),
        )
    };
    if r < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn mount(source: &str, target: &str, kind: &str, flags: libc::c_ulong, data: &str) -> io::Result<()> {
    let text = |s: &str| CString::new(s).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL));
    let (source, target, kind, data) = (text(source)?, text(target)?, text(kind)?, text(data)?);
    // SAFETY: all strings are terminated and outlive the call.
    let r = unsafe {
        libc::mount(
            source.as_ptr(),
            target.as_ptr(),
            kind.as_ptr(),
            flags,
            data.as_ptr().cast(),
        )
    };
    if r < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
