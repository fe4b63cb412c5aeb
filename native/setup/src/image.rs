//! An image's EROFS file as a mount that is attached nowhere.

use std::os::fd::{AsRawFd, OwnedFd};

use hbx_protocol::{Failure, steps};

use crate::sys::{self, FsContext, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY};

const STEP: &str = steps::IMAGE_MOUNT;

/// Mounts the file itself, without a loop device. Nobody sees the mount but who has the descriptor; it ends with the last one.
pub fn mount(path: &str) -> Result<OwnedFd, Failure> {
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(path);
    let file = sys::open_host(path, libc::O_RDONLY | libc::O_NOFOLLOW).map_err(failing)?;
    let fs = FsContext::open(c"erofs").map_err(|e| Failure::io(STEP, &e).saying("the kernel has no EROFS"))?;
    let configured = (|| {
        fs.string(c"source", &sys::c_path(&format!("/proc/self/fd/{}", file.as_raw_fd()))?)?;
        fs.flag(c"ro")?;
        fs.mount(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID)
    })();
    configured.map_err(|e| match fs.complaint() {
        Some(text) => failing(e).saying(text),
        None => failing(e),
    })
}
