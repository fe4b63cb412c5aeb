//! What this process may do, which decides how overlay's attributes are named.
use std::fs;

/// True outside the initial user namespace, whose map covers all ids.
pub fn in_user_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let fields: Vec<&str> = map.split_whitespace().collect();
    fields != ["0", "0", "4294967295"]
}

pub fn overlay_prefix() -> &'static str {
    // SAFETY: cannot fail, touches no memory.
    let root = unsafe { libc::geteuid() } == 0;
    if root && !in_user_namespace() {
        "trusted.overlay."
    } else {
        "user.overlay."
    }
}

/// Walks keep one descriptor for each level.
pub fn raise_open_files() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is valid for reading and writing.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}
