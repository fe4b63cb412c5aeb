//! Where a guest path leads, as text. The opens that follow go through RESOLVE_IN_ROOT all the same, so that a container
//! which changes links meanwhile gains nothing.
use crate::failure::{During, Failure, Outcome};
use crate::sys::{self, Fd};
use crate::unpack::name::{join, split};
use std::os::fd::{AsFd, OwnedFd};

const MAX_LINKS: usize = 255;

/// A name in an opened directory; `.` for the root itself.
pub struct Located {
    pub parent: OwnedFd,
    pub name: Vec<u8>,
    /// From the root, without a leading slash.
    pub path: Vec<u8>,
}

/// `path` with every link followed (the last only when `last`), relative to the root. What does not exist is kept as it is.
pub fn canonical(root: Fd, path: &[u8], last: bool) -> Outcome<Vec<u8>> {
    let parts = |path: &[u8]| {
        path.split(|b| *b == b'/')
            .filter(|p| !p.is_empty() && *p != b".")
            .map(<[u8]>::to_vec)
            .rev()
            .collect::<Vec<_>>()
    };
    let mut todo = parts(path);
    let mut done: Vec<u8> = Vec::new();
    let mut links = 0;
    while let Some(part) = todo.pop() {
        if part == b".." {
            done.truncate(split(&done).0.len());
            continue;
        }
        let next = join(&done, &part);
        if todo.is_empty() && !last {
            return Ok(next);
        }
        match target(root, &done, &part)? {
            None => done = next,
            Some(_) if links == MAX_LINKS => return Err(Failure::new("resolve", libc::ELOOP).at(path)),
            Some(target) => {
                links += 1;
                if target.starts_with(b"/") {
                    done.clear();
                }
                todo.extend(parts(&target));
            }
        }
    }
    Ok(done)
}

fn target(root: Fd, above: &[u8], name: &[u8]) -> Outcome<Option<Vec<u8>>> {
    let Ok(parent) = sys::openat2(root, above, libc::O_PATH | libc::O_DIRECTORY, sys::IN_ROOT) else {
        return Ok(None);
    };
    match sys::readlinkat(parent.as_fd(), name) {
        Err(e) if matches!(e.raw_os_error(), Some(libc::EINVAL | libc::ENOENT | libc::ENOTDIR)) => Ok(None),
        other => other.during_at("resolve", name).map(Some),
    }
}

/// A path that ends in `/` or `/.` means what the last link leads to.
pub fn names_a_directory(path: &[u8]) -> bool {
    path.ends_with(b"/") || path.ends_with(b"/.") || path == b"." || path.ends_with(b"/..")
}

pub fn locate(root: Fd, path: &[u8], follow: bool) -> Outcome<Located> {
    let path = canonical(root, path, follow || names_a_directory(path))?;
    let (above, name) = split(&path);
    let parent = sys::openat2(root, above, libc::O_PATH | libc::O_DIRECTORY, sys::IN_ROOT)
        .during_at("resolve", &guest(&path))?;
    Ok(Located {
        parent,
        name: if name.is_empty() { b".".to_vec() } else { name.to_vec() },
        path,
    })
}

/// The path as the guest writes it.
pub fn guest(path: &[u8]) -> Vec<u8> {
    [b"/", path].concat()
}

/// The last word of a path as Docker understands it: `.` stays, `/` is the root's.
pub fn base(path: &[u8]) -> &[u8] {
    let trimmed = path
        .iter()
        .rposition(|b| *b != b'/')
        .map_or(&path[..0], |i| &path[..=i]);
    if trimmed.is_empty() { b"/" } else { split(trimmed).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_is_the_last_word() {
        for (path, word) in [("/", "/"), ("/a/b", "b"), ("/a/b/", "b"), ("/a/.", "."), ("a", "a")] {
            assert_eq!(base(path.as_bytes()), word.as_bytes(), "{path}");
        }
    }
}
