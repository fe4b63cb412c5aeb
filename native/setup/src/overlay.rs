//! The overlay over the image's layers. Linux 6.7 and newer take one option a layer; older ones get the classic option
//! string, in which the layers are descriptor numbers: short, and nothing in a path can be mistaken for a separator.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use hbx_protocol::plan::RootPlan;
use hbx_protocol::{Failure, steps};

use crate::container::Context;
use crate::sys::{self, FsContext, MountAttr};

const STEP: &str = steps::ROOT;
/// The longest value that fsconfig takes.
const MAX_VALUE: usize = 255;
/// Layers are read as they are: nothing in them may redirect look-ups or stand for another layer's data (but that of `data`,
/// which nothing else shows), and the upper directory stays a plain list of changes.
const PLAIN: [(&str, &str); 3] = [("index", "off"), ("metacopy", "off"), ("redirect_dir", "nofollow")];

pub fn mount(plan: &RootPlan, context: &Context) -> Result<OwnedFd, Failure> {
    let idmapped = if plan.idmap {
        idmap(&plan.lowers, context)?
    } else {
        Vec::new()
    };
    match by_context(plan, &idmapped) {
        // Kernels that want the classic form have no layers of contents either.
        Err(failure) if failure.errno == libc::EINVAL && plan.data.is_empty() => {
            by_string(plan, idmapped).map_err(|second| match failure.message {
                Some(text) => second.saying(text),
                None => second,
            })
        }
        other => other,
    }
}

fn by_context(plan: &RootPlan, idmapped: &[OwnedFd]) -> Result<OwnedFd, Failure> {
    let fs = FsContext::open(c"overlay").map_err(|e| Failure::io(STEP, &e).saying("overlayfs is not available"))?;
    let failing = |e: io::Error| {
        let failure = Failure::io(STEP, &e);
        match fs.complaint() {
            Some(text) => failure.saying(text),
            None => failure,
        }
    };
    let mut held = Vec::new();
    for (index, lower) in plan.lowers.iter().enumerate() {
        let value = match idmapped.get(index) {
            Some(fd) => through(fd),
            None => value_of(lower, &mut held).map_err(|e| failing(e).at(lower))?,
        };
        fs.string(c"lowerdir+", &value).map_err(|e| failing(e).at(lower))?;
    }
    for path in &plan.data {
        let value = value_of(path, &mut held).map_err(|e| failing(e).at(path))?;
        fs.string(c"datadir+", &value).map_err(|e| failing(e).at(path))?;
    }
    for (key, path) in [(c"upperdir", &plan.upper), (c"workdir", &plan.work)] {
        let value = value_of(path, &mut held).map_err(|e| failing(e).at(path))?;
        fs.string(key, &value).map_err(|e| failing(e).at(path))?;
    }
    for (key, value) in [
        (c"index", c"off"),
        (c"metacopy", c"off"),
        (c"redirect_dir", c"nofollow"),
    ] {
        fs.string(key, value).map_err(&failing)?;
    }
    if plan.volatile {
        fs.flag(c"volatile").map_err(&failing)?;
    }
    if sys::in_user_namespace() {
        fs.flag(c"userxattr").map_err(&failing)?;
    }
    fs.string(c"source", c"overlay").map_err(&failing)?;
    fs.mount(0).map_err(|e| failing(e).at(&plan.upper))
}

fn through(fd: &OwnedFd) -> CString {
    // Digits and slashes: there is no NUL in it.
    CString::new(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap_or_default()
}

/// The path itself where it can be said, or the way through a descriptor.
fn value_of(path: &str, held: &mut Vec<OwnedFd>) -> io::Result<CString> {
    if path.len() <= MAX_VALUE && !path.contains(['\\', ':', ',']) {
        return sys::c_path(path);
    }
    let fd = sys::open_host(path, libc::O_PATH | libc::O_DIRECTORY)?;
    let value = through(&fd);
    held.push(fd);
    Ok(value)
}

fn by_string(plan: &RootPlan, idmapped: Vec<OwnedFd>) -> Result<OwnedFd, Failure> {
    let open = |path: &String| {
        sys::open_host(path, libc::O_PATH | libc::O_DIRECTORY).map_err(|e| Failure::io(STEP, &e).at(path))
    };
    let lowers = if idmapped.is_empty() {
        plan.lowers.iter().map(open).collect::<Result<Vec<_>, _>>()?
    } else {
        idmapped
    };
    let (upper, work) = (open(&plan.upper)?, open(&plan.work)?);
    let list: Vec<String> = lowers.iter().map(|fd| fd.as_raw_fd().to_string()).collect();
    let mut data = format!(
        "lowerdir={},upperdir={},workdir={}",
        list.join(":"),
        upper.as_raw_fd(),
        work.as_raw_fd()
    );
    for (key, value) in PLAIN {
        data.push_str(&format!(",{key}={value}"));
    }
    if plan.volatile {
        data.push_str(",volatile");
    }
    if sys::in_user_namespace() {
        data.push_str(",userxattr");
    }
    let failing = |e: io::Error| Failure::io(STEP, &e).at(&plan.upper);
    std::env::set_current_dir("/proc/self/fd").map_err(failing)?;
    sys::mount_overlay_on(&through(&upper), &sys::c_path(&data).map_err(failing)?).map_err(failing)?;
    let mounted = sys::open_host(&plan.upper, libc::O_PATH | libc::O_DIRECTORY).map_err(failing)?;
    std::env::set_current_dir("/").map_err(failing)?;
    if sys::file_system(mounted.as_fd()).map_err(failing)? == libc::OVERLAYFS_SUPER_MAGIC {
        sys::clone_tree(mounted.as_fd(), false).map_err(failing)
    } else {
        Err(Failure::new(STEP, libc::ESTALE).at(&plan.upper))
    }
}

fn idmap(lowers: &[String], context: &Context) -> Result<Vec<OwnedFd>, Failure> {
    let Some(userns) = context.userns else {
        return Err(Failure::new(STEP, libc::EINVAL).saying("idmapped layers need a user namespace"));
    };
    let mut mounts = Vec::with_capacity(lowers.len());
    for lower in lowers {
        let failing = |e: io::Error| Failure::io(steps::IDMAP, &e).at(lower);
        let place = sys::open_host(lower, libc::O_PATH | libc::O_DIRECTORY).map_err(failing)?;
        let mount = sys::clone_tree(place.as_fd(), false).map_err(failing)?;
        let attr = MountAttr {
            attr_set: sys::MOUNT_ATTR_IDMAP,
            userns_fd: userns.as_raw_fd() as u64,
            ..MountAttr::default()
        };
        sys::set_mount_attr(mount.as_fd(), &attr, false).map_err(failing)?;
        mounts.push(mount);
    }
    Ok(mounts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hbx_protocol::plan::Propagation;
    use std::fs;

    /// What kernels before 6.7 get has to be the same root.
    #[test]
    fn by_string_mounts_what_by_context_mounts() {
        let dir = std::env::temp_dir().join(format!("hbx-overlay-{}", std::process::id()));
        let path = |name: &str| dir.join(name).display().to_string();
        for name in ["odd:a,b/one", "two", "upper", "work"] {
            fs::create_dir_all(dir.join(name)).unwrap();
        }
        fs::write(dir.join("odd:a,b/one/both"), "top").unwrap();
        fs::write(dir.join("two/both"), "bottom").unwrap();
        fs::write(dir.join("two/below"), "below").unwrap();
        let plan = RootPlan {
            lowers: vec![path("odd:a,b/one"), path("two")],
            data: Vec::new(),
            upper: path("upper"),
            work: path("work"),
            volatile: true,
            readonly: false,
            propagation: Propagation::Rprivate,
            idmap: false,
        };
        // The mounts and the directory of a thread of its own: the host's stay as they are.
        let mounting = std::thread::spawn(move || {
            sys::unshare(libc::CLONE_NEWNS).unwrap();
            sys::set_propagation(libc::MS_PRIVATE | libc::MS_REC).unwrap();
            let root = by_string(&plan, Vec::new()).unwrap();
            let inside = |name: &str| format!("/proc/thread-self/fd/{}/{name}", root.as_raw_fd());
            fs::write(inside("new"), "new").unwrap();
            let place = sys::open_host(&plan.upper, libc::O_PATH).unwrap();
            sys::attach(root.as_fd(), place.as_fd()).unwrap();
            ["both", "below"].map(|name| fs::read_to_string(inside(name)).unwrap())
        });
        assert_eq!(mounting.join().unwrap(), ["top", "below"]);
        assert_eq!(fs::read_to_string(dir.join("upper/new")).unwrap(), "new");
        fs::remove_dir_all(&dir).unwrap();
    }
}
