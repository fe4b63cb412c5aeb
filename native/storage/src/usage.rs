//! The job `usage`: the disk space of a tree, hard links counted once, other mounts not at all.
use crate::conn::Job;
use crate::failure::{During, Outcome};
use crate::list::names;
use crate::sys::{self, Fd};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::os::fd::AsFd;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    #[serde(rename = "t")]
    _t: String,
    pub path: String,
}

#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Used {
    t: &'static str,
    pub size_bytes: u64,
    pub entries: u64,
}

pub fn run(request: &Usage, job: &Job) -> Outcome<Used> {
    let path = request.path.as_bytes();
    let top = sys::open(path, libc::O_RDONLY | libc::O_DIRECTORY, 0).during_at("read", path)?;
    let st = sys::fstat(top.as_fd()).during_at("read", path)?;
    let mut count = Count {
        job,
        device: st.st_dev,
        seen: HashSet::new(),
        bytes: st.st_blocks as u64 * 512,
        entries: 0,
    };
    let mut todo = vec![top];
    // Descriptors are held only for directories not yet read; what cannot be opened has vanished or is another mount.
    while let Some(dir) = todo.pop() {
        count.level(dir.as_fd(), &mut todo)?;
    }
    Ok(Used {
        t: "done",
        size_bytes: count.bytes,
        entries: count.entries,
    })
}

struct Count<'a> {
    job: &'a Job,
    device: u64,
    seen: HashSet<u64>,
    bytes: u64,
    entries: u64,
}

impl Count<'_> {
    fn level(&mut self, dir: Fd, todo: &mut Vec<std::os::fd::OwnedFd>) -> Outcome<()> {
        self.job.check()?;
        for (name, _) in names(dir).during("read")?.iter() {
            let Ok(st) = sys::fstatat(dir, name) else { continue };
            if st.st_dev != self.device {
                continue;
            }
            self.entries += 1;
            let is_directory = st.st_mode & libc::S_IFMT == libc::S_IFDIR;
            if is_directory || st.st_nlink < 2 || self.seen.insert(st.st_ino) {
                self.bytes += st.st_blocks as u64 * 512;
            }
            if is_directory {
                match sys::openat2(
                    dir,
                    name,
                    libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW,
                    sys::SAME_MOUNT,
                ) {
                    Ok(fd) => todo.push(fd),
                    Err(e)
                        if matches!(
                            e.raw_os_error(),
                            Some(libc::ENOENT | libc::ENOTDIR | libc::ELOOP | libc::EXDEV | libc::EACCES)
                        ) => {}
                    Err(e) => return Err(crate::Failure::io("read", &e).at(name)),
                }
            }
        }
        Ok(())
    }
}
