//! What a directory may get only after its content: its final mode and its time.
use super::parents::Parents;
use crate::failure::{During, Outcome};
use crate::sys;
use crate::tar::Entry;
use std::collections::HashMap;
use std::os::fd::AsFd;

#[derive(Default)]
pub struct Settled {
    places: HashMap<Vec<u8>, usize>,
    order: Vec<(Vec<u8>, u32, (i64, u32))>,
    pub any_setgid: bool,
}

impl Settled {
    pub fn add(&mut self, path: &[u8], entry: &Entry) {
        self.any_setgid |= entry.mode & libc::S_ISGID != 0;
        let item = (path.to_vec(), entry.mode, entry.mtime);
        match self.places.get(path) {
            Some(place) => self.order[*place] = item,
            None => {
                self.places.insert(path.to_vec(), self.order.len());
                self.order.push(item);
            }
        }
    }

    /// Deepest first, as a mode without x closes what is below to an unprivileged caller.
    pub fn apply(&mut self, parents: &Parents) -> Outcome<()> {
        self.order.sort_by(|a, b| b.0.cmp(&a.0));
        for (path, mode, mtime) in &self.order {
            let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW;
            // Replaced later by something that is no directory: then its own entry counts.
            let Ok(dir) = sys::openat2(parents.root(), path, flags, sys::IN_ROOT) else {
                continue;
            };
            if mode & 0o700 != 0o700 {
                sys::fchmod(dir.as_fd(), *mode).during_at("write", path)?;
            }
            sys::futimens(dir.as_fd(), *mtime).during_at("write", path)?;
        }
        Ok(())
    }
}
