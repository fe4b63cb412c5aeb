//! Members of an archive become files below a root directory.
use super::name::{clean, join, split};
use super::parents::Parents;
use super::settle::Settled;
use super::whiteout;
use crate::failure::{During, Failure, Outcome};
use crate::remove::remove_at;
use crate::sys::{self, Fd};
use crate::tar::reader::Archive;
use crate::tar::{Entry, Kind};
use crate::xattr;
use std::io::{self, BufRead};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// As the archive says.
    Archive,
    /// Whoever runs this; nothing is chowned.
    Caller,
    Fixed(u32, u32),
}

#[derive(Clone, Debug)]
pub struct Rules {
    /// Prefix of overlay's attributes (`trusted.overlay.` or `user.overlay.`) when `.wh.` names are whiteouts.
    pub overlay: Option<&'static str>,
    pub owner: Owner,
    /// Only regular files, directories and symbolic links are accepted.
    pub flat: bool,
    /// A directory is not replaced by anything else, nor anything else by a directory.
    pub keep_kind: bool,
    /// An entry for the root itself sets the destination's attributes.
    pub root_attributes: bool,
    pub max_entries: u64,
    /// In a user namespace device nodes cannot be made: they are counted in `skipped`.
    pub skip_devices: bool,
}

#[derive(Default, Clone, Copy, Debug)]
pub struct Counts {
    pub entries: u64,
    pub skipped: u64,
}

pub struct Extractor {
    pub(super) parents: Parents,
    base: Vec<u8>,
    rules: Rules,
    settled: Settled,
    pub counts: Counts,
    ids: (u32, u32),
}

impl Extractor {
    /// `root` confines everything; members go below `base` in it.
    pub fn new(root: OwnedFd, base: Vec<u8>, rules: Rules) -> Self {
        sys::umask(0);
        let mut parents = Parents::new(root);
        parents.opaque = rules.overlay.map(whiteout::opaque_key);
        // SAFETY: these calls cannot fail and touch no memory.
        let ids = unsafe { (libc::geteuid(), libc::getegid()) };
        Extractor {
            parents,
            base,
            rules,
            settled: Settled::default(),
            counts: Counts::default(),
            ids,
        }
    }

    pub fn run<R: BufRead>(&mut self, archive: &mut Archive<R>, cancelled: &dyn Fn() -> bool) -> Outcome<()> {
        while let Some(entry) = archive.next_entry()? {
            if cancelled() {
                return Err(Failure::cancelled());
            }
            self.counts.entries += 1;
            if self.counts.entries > self.rules.max_entries {
                return Err(Failure::limit(format!(
                    "the archive has more than {} entries",
                    self.rules.max_entries
                )));
            }
            self.apply(archive, &entry).map_err(|f| f.at(&entry.path))?;
        }
        archive.drain()?;
        self.settled.apply(&self.parents)
    }

    fn apply<R: BufRead>(&mut self, archive: &mut Archive<R>, entry: &Entry) -> Outcome<()> {
        let inside = clean(&entry.path)?;
        if self.rules.flat && !matches!(entry.kind, Kind::File | Kind::Directory | Kind::Symlink) {
            return Err(Failure::new("flat", libc::EINVAL)
                .saying("only regular files, directories and symbolic links are allowed here"));
        }
        if inside.is_empty() {
            return self.root_entry(entry);
        }
        let path = join(&self.base, &inside);
        let (above, name) = split(&path);
        let parent = self.parents.open(above)?;
        if self.rules.overlay.is_some()
            && let Some(hidden) = name.strip_prefix(b".wh.")
        {
            self.parents.forget();
            return whiteout::apply(parent.as_fd(), hidden, self.rules.overlay.unwrap_or_default());
        }
        match entry.kind {
            Kind::File => self.file(archive, entry, &parent, name),
            Kind::Directory => self.directory(entry, &parent, &path, name),
            Kind::HardLink => self.hard_link(entry, &parent, &path, name),
            _ => self.node(entry, &parent, name),
        }
    }

    fn root_entry(&mut self, entry: &Entry) -> Outcome<()> {
        if entry.kind != Kind::Directory {
            return Err(Failure::traversal(
                &entry.path,
                "the entry would replace the destination itself",
            ));
        }
        if !self.rules.root_attributes {
            return Ok(());
        }
        let fd = self.parents.existing(b"").during("write")?;
        let dir = sys::openat(fd.as_fd(), b".", libc::O_RDONLY | libc::O_DIRECTORY, 0).during("write")?;
        self.attributes(dir.as_fd(), entry, true)?;
        self.settled.add(b"", entry);
        Ok(())
    }

    fn file<R: BufRead>(
        &mut self,
        archive: &mut Archive<R>,
        entry: &Entry,
        parent: &Rc<OwnedFd>,
        name: &[u8],
    ) -> Outcome<()> {
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL;
        let file = self.replacing(parent, name, false, |dir| {
            sys::openat(dir, name, flags, entry.mode & 0o777)
        })?;
        let mut end = 0;
        archive.data(|offset, data| {
            end = offset + data.len() as u64;
            sys::pwrite_all(file.as_fd(), data, offset).during("write")
        })?;
        if end < entry.size {
            sys::ftruncate(file.as_fd(), entry.size).during("write")?;
        }
        self.attributes(file.as_fd(), entry, false)?;
        sys::futimens(file.as_fd(), entry.mtime).during("write")
    }

    /// Owner, then mode and attributes, which a change of owner would clear. Overlay's own attributes are never taken from
    /// an archive: they would redirect to or hide files of other layers.
    fn attributes(&mut self, fd: Fd, entry: &Entry, set_mode: bool) -> Outcome<()> {
        let mut set_mode = set_mode || entry.mode & 0o7000 != 0;
        if let Some((uid, gid)) = self.owner(entry) {
            // A new file has our ids unless its directory is set-gid.
            if set_mode || (uid, gid) != self.ids || self.settled.any_setgid {
                sys::fchown(fd, uid, gid).map_err(|e| owner_failure(&e, uid, gid))?;
                set_mode |= entry.mode & 0o7000 != 0;
            }
        }
        if set_mode {
            sys::fchmod(fd, entry.mode).during("write")?;
        }
        for (key, value) in entry.xattrs.iter().filter(|(key, _)| !whiteout::is_overlay_key(key)) {
            self.xattr(key, xattr::set(fd, key, value))?;
        }
        Ok(())
    }

    fn owner(&self, entry: &Entry) -> Option<(u32, u32)> {
        match self.rules.owner {
            Owner::Archive => Some((entry.uid, entry.gid)),
            Owner::Caller => None,
            Owner::Fixed(uid, gid) => Some((uid, gid)),
        }
    }

    fn xattr(&mut self, key: &[u8], result: io::Result<()>) -> Outcome<()> {
        let Err(error) = result else { return Ok(()) };
        let refusable = error.raw_os_error() == Some(libc::EOPNOTSUPP)
            || (error.raw_os_error() == Some(libc::EPERM) && (self.rules.skip_devices || key.starts_with(b"user.")));
        if refusable {
            self.counts.skipped += 1;
            return Ok(());
        }
        Err(Failure::io("write", &error).saying(format!("cannot set attribute {}", String::from_utf8_lossy(key))))
    }

    fn directory(&mut self, entry: &Entry, parent: &Rc<OwnedFd>, path: &[u8], name: &[u8]) -> Outcome<()> {
        let dir = parent.as_fd();
        let open = || sys::openat(dir, name, libc::O_RDONLY | libc::O_DIRECTORY, 0).during("write");
        let fd = match sys::mkdirat(dir, name, (entry.mode & 0o777) | 0o700) {
            Ok(()) => open()?,
            Err(e) if e.raw_os_error() == Some(libc::EEXIST) => {
                let st = sys::fstatat(dir, name).during("write")?;
                if st.st_mode & libc::S_IFMT == libc::S_IFDIR {
                    open()?
                } else {
                    self.replacing(parent, name, true, |d| {
                        sys::mkdirat(d, name, (entry.mode & 0o777) | 0o700)
                    })?;
                    let fd = open()?;
                    if st.st_mode & libc::S_IFMT == libc::S_IFCHR
                        && st.st_rdev == 0
                        && let Some(key) = self.parents.opaque
                    {
                        xattr::set(fd.as_fd(), key, b"y").during("write")?;
                    }
                    fd
                }
            }
            Err(e) => return Err(Failure::io("write", &e)),
        };
        let mut early = entry.clone();
        early.mode |= 0o700;
        self.attributes(fd.as_fd(), &early, true)?;
        self.settled.add(path, entry);
        Ok(())
    }

    fn hard_link(&mut self, entry: &Entry, parent: &Rc<OwnedFd>, path: &[u8], name: &[u8]) -> Outcome<()> {
        let target = join(&self.base, &clean(&entry.link)?);
        if target == path {
            return Ok(());
        }
        let (above, target_name) = split(&target);
        if target_name.is_empty() {
            return Err(Failure::traversal(&entry.path, "a hard link to the destination itself"));
        }
        let from = self.parents.existing(above).during("write")?;
        self.replacing(parent, name, false, |dir| {
            sys::linkat(from.as_fd(), target_name, dir, name)
        })
        .map_err(|f| f.saying(format!("hard link to {}", String::from_utf8_lossy(&target))))
    }

    fn node(&mut self, entry: &Entry, parent: &Rc<OwnedFd>, name: &[u8]) -> Outcome<()> {
        let dir = parent.as_fd();
        let (kind, (major, minor)) = match entry.kind {
            Kind::CharDevice => (libc::S_IFCHR, entry.device),
            Kind::BlockDevice => (libc::S_IFBLK, entry.device),
            _ => (libc::S_IFIFO, (0, 0)),
        };
        if entry.kind == Kind::Symlink {
            self.replacing(parent, name, false, |d| sys::symlinkat(&entry.link, d, name))?;
        } else if kind != libc::S_IFIFO && self.rules.skip_devices {
            self.counts.skipped += 1;
            return Ok(());
        } else if kind == libc::S_IFCHR && entry.device == (0, 0) && self.rules.overlay.is_some() {
            return Err(Failure::corrupt("a character device 0/0 is reserved for whiteouts"));
        } else {
            self.replacing(parent, name, false, |d| {
                sys::mknodat(d, name, kind | entry.mode, major, minor)
            })?;
        }
        if let Some((uid, gid)) = self.owner(entry)
            && ((uid, gid) != self.ids || self.settled.any_setgid)
        {
            sys::lchownat(dir, name, uid, gid).map_err(|e| owner_failure(&e, uid, gid))?;
        }
        for (key, value) in entry.xattrs.iter().filter(|(key, _)| !whiteout::is_overlay_key(key)) {
            self.xattr(key, xattr::set_at(dir, name, key, value))?;
        }
        sys::lutimensat(dir, name, entry.mtime).during("write")
    }

    /// Does `make`, after removing what is in its way. Never writes into an existing file: it may be linked elsewhere.
    fn replacing<T>(
        &mut self,
        parent: &Rc<OwnedFd>,
        name: &[u8],
        directory: bool,
        make: impl Fn(Fd) -> io::Result<T>,
    ) -> Outcome<T> {
        for _ in 0..8 {
            match make(parent.as_fd()) {
                Err(e) if e.raw_os_error() == Some(libc::EEXIST) => {}
                other => return other.during("write"),
            }
            let st = sys::fstatat(parent.as_fd(), name).during("write")?;
            let is_directory = st.st_mode & libc::S_IFMT == libc::S_IFDIR;
            if self.rules.keep_kind && is_directory != directory {
                let text = if is_directory {
                    "cannot overwrite directory with non-directory"
                } else {
                    "cannot overwrite non-directory with directory"
                };
                return Err(Failure::new("overwrite", libc::EEXIST).saying(text));
            }
            self.parents.forget();
            remove_at(parent.as_fd(), name)?;
        }
        Err(Failure::new("write", libc::EEXIST))
    }
}

/// EINVAL is how the kernel says that a user namespace has no such id.
fn owner_failure(error: &io::Error, uid: u32, gid: u32) -> Failure {
    let failure = Failure::io("write", error);
    if error.raw_os_error() == Some(libc::EINVAL) {
        return failure.saying(format!(
            "the daemon's user namespace lacks the owner's id: uid {uid}, gid {gid}"
        ));
    }
    failure
}
