//! Nodes and links in the container's /dev.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hbx_protocol::plan::{BindMount, DeviceKind, DeviceNode, Propagation};
use hbx_protocol::{Failure, steps};

use crate::{fs, mounts, sys};

const STEP: &str = steps::DEVICE;

/// Makes the nodes; where they can't be made (user namespace), the host's are mounted in their places.
pub fn make(devices: &[DeviceNode], symlinks: &[(String, String)], root: BorrowedFd) -> Result<(), Failure> {
    let mut last: Option<(String, OwnedFd)> = None;
    for device in devices {
        make_node(device, root, &mut last)?;
    }
    for (content, path) in symlinks {
        let failing = |e: std::io::Error| Failure::io(steps::SYMLINK, &e).at(path);
        let name = enter_parent(path, root, &mut last).map_err(failing)?;
        let directory = last.as_ref().map_or(root, |(_, fd)| fd.as_fd());
        match sys::symlink(
            &sys::c_path(content).map_err(failing)?,
            directory,
            &sys::c_path(name).map_err(failing)?,
        ) {
            Err(e) if e.raw_os_error() != Some(libc::EEXIST) => return Err(failing(e)),
            _ => {}
        }
    }
    Ok(())
}

fn make_node(device: &DeviceNode, root: BorrowedFd, last: &mut Option<(String, OwnedFd)>) -> Result<(), Failure> {
    let failing = |e: std::io::Error| Failure::io(STEP, &e).at(&device.path);
    let kind = match device.kind {
        DeviceKind::Char => libc::S_IFCHR,
        DeviceKind::Block => libc::S_IFBLK,
        DeviceKind::Fifo => libc::S_IFIFO,
    };
    let name = enter_parent(&device.path, root, last).map_err(failing)?;
    let directory = last.as_ref().map_or(root, |(_, fd)| fd.as_fd());
    let name = sys::c_path(name).map_err(failing)?;
    match sys::mknod(
        directory,
        &name,
        kind | device.mode,
        libc::makedev(device.major, device.minor),
    ) {
        Ok(()) if device.uid != 0 || device.gid != 0 => {
            sys::chown(directory, &name, device.uid, device.gid).map_err(failing)
        }
        Ok(()) => Ok(()),
        Err(e) if e.raw_os_error() == Some(libc::EEXIST) => Ok(()),
        Err(e) if e.raw_os_error() == Some(libc::EPERM) => bind_node(device, root),
        Err(e) => Err(failing(e)),
    }
}

fn bind_node(device: &DeviceNode, root: BorrowedFd) -> Result<(), Failure> {
    let bind = BindMount {
        source: device.path.clone(),
        namespace: None,
        target: device.path.clone(),
        readonly: false,
        recursive: false,
        propagation: Propagation::Rprivate,
        flags: Vec::new(),
        label: "device".to_owned(),
    };
    let source = sys::open_host(&bind.source, libc::O_PATH).map_err(|e| Failure::io(STEP, &e).at(&device.path))?;
    let stat = sys::stat(source.as_fd()).map_err(|e| Failure::io(STEP, &e).at(&device.path))?;
    if stat.st_rdev != libc::makedev(device.major, device.minor) {
        let text = "devices can't be made in a user namespace, and the host's of this name is another one";
        return Err(Failure::new(STEP, libc::EPERM).at(&device.path).saying(text));
    }
    mounts::bind(&bind, root)
}

/// Opens the directory that holds `path` unless it is the one opened last; the path's last name.
fn enter_parent<'a>(path: &'a str, root: BorrowedFd, last: &mut Option<(String, OwnedFd)>) -> std::io::Result<&'a str> {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    if last.as_ref().is_none_or(|(open, _)| open != parent) {
        let (fd, _) = fs::parent_of(root, path)?;
        *last = Some((parent.to_owned(), fd));
    }
    Ok(name)
}
