//! Parent directories of members. The kernel resolves them inside the root, so that a link of the archive's own (or of a
//! racing container) leads to where it would lead inside, never out. Missing parents are made.
use super::name::{join, split};
use crate::failure::{During, Failure, Outcome};
use crate::sys::{self, Fd};
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

const CACHED: usize = 128;
/// As many links as the kernel follows in one path.
const MAX_LINKS: u32 = 40;

pub struct Parents {
    root: Rc<OwnedFd>,
    last: Option<(Vec<u8>, Rc<OwnedFd>)>,
    cache: HashMap<Vec<u8>, Rc<OwnedFd>>,
    /// A directory made where a whiteout stood hides what is below it; how to say so.
    pub opaque: Option<&'static [u8]>,
}

fn is(error: &io::Error, codes: &[i32]) -> bool {
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

impl Parents {
    pub fn new(root: OwnedFd) -> Self {
        Parents {
            root: Rc::new(root),
            last: None,
            cache: HashMap::new(),
            opaque: None,
        }
    }

    pub fn root(&self) -> Fd<'_> {
        self.root.as_fd()
    }

    /// Must be called whenever something that may be or lead to a directory was removed.
    pub fn forget(&mut self) {
        self.cache.clear();
        self.last = None;
    }

    pub fn open(&mut self, path: &[u8]) -> Outcome<Rc<OwnedFd>> {
        if let Some((last, fd)) = &self.last
            && last == path
        {
            return Ok(fd.clone());
        }
        let fd = match self.cache.get(path) {
            Some(fd) => fd.clone(),
            None => {
                let fd = Rc::new(self.make(path, 0)?);
                if self.cache.len() >= CACHED {
                    self.cache.clear();
                }
                self.cache.insert(path.to_vec(), fd.clone());
                fd
            }
        };
        self.last = Some((path.to_vec(), fd.clone()));
        Ok(fd)
    }

    /// An existing directory, nothing made.
    pub fn existing(&self, path: &[u8]) -> io::Result<OwnedFd> {
        sys::openat2(self.root(), path, libc::O_PATH | libc::O_DIRECTORY, sys::IN_ROOT)
    }

    fn make(&self, path: &[u8], links: u32) -> Outcome<OwnedFd> {
        match self.existing(path) {
            Err(e) if is(&e, &[libc::ENOENT, libc::ENOTDIR]) && !path.is_empty() => {}
            other => return other.during_at("write", path),
        }
        let (above, name) = split(path);
        let parent = self.make(above, links)?;
        if name == b".." || name.is_empty() {
            return self.existing(path).during_at("write", path);
        }
        match sys::mkdirat(parent.as_fd(), name, 0o755) {
            Err(e) if is(&e, &[libc::EEXIST]) => self.through(&parent, above, name, links),
            other => {
                other.during_at("write", path)?;
                self.existing(path).during_at("write", path)
            }
        }
    }

    /// `name` exists and yet is no directory: a link to something missing, or a whiteout of this very archive.
    fn through(&self, parent: &OwnedFd, above: &[u8], name: &[u8], links: u32) -> Outcome<OwnedFd> {
        let path = join(above, name);
        let st = sys::fstatat(parent.as_fd(), name).during_at("write", &path)?;
        match st.st_mode & libc::S_IFMT {
            libc::S_IFLNK if links >= MAX_LINKS => Err(Failure::new("write", libc::ELOOP).at(&path)),
            libc::S_IFLNK => {
                let target = sys::readlinkat(parent.as_fd(), name).during_at("write", &path)?;
                let trimmed = target.strip_suffix(b"/").unwrap_or(&target);
                let next = if target.starts_with(b"/") {
                    trimmed.trim_ascii_start().to_vec()
                } else {
                    join(above, trimmed)
                };
                let next = next
                    .iter()
                    .position(|b| *b != b'/')
                    .map_or_else(Vec::new, |i| next[i..].to_vec());
                self.make(&next, links + 1)
            }
            libc::S_IFCHR if st.st_rdev == 0 && self.opaque.is_some() => {
                sys::unlinkat(parent.as_fd(), name, 0).during_at("write", &path)?;
                sys::mkdirat(parent.as_fd(), name, 0o755).during_at("write", &path)?;
                let dir = sys::openat(parent.as_fd(), name, libc::O_RDONLY | libc::O_DIRECTORY, 0)
                    .during_at("write", &path)?;
                crate::xattr::set(dir.as_fd(), self.opaque.unwrap_or_default(), b"y").during_at("write", &path)?;
                self.existing(&path).during_at("write", &path)
            }
            libc::S_IFDIR => self.existing(&path).during_at("write", &path),
            _ => Err(Failure::new("write", libc::ENOTDIR).at(&path)),
        }
    }
}
