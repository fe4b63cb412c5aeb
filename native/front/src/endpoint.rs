//! Where the daemon listens, as src/sdk/paths.ts says.

use std::env::var_os;
use std::path::PathBuf;

/// `None` where the environment says something that the whole command line should judge.
pub fn socket_path() -> Option<PathBuf> {
    let set = |name: &str| var_os(name).filter(|value| !value.is_empty());
    if set("HYPERBOX_API_VERSION").is_some() {
        return None;
    }
    if let Some(host) = set("HYPERBOX_HOST") {
        let host = host.to_str()?;
        let path = host.strip_prefix("unix://").unwrap_or(host);
        return path.starts_with('/').then(|| path.into());
    }
    let home = match set("HYPERBOX_HOME") {
        Some(home) => PathBuf::from(home),
        None if user_id() == 0 => "/var/lib/hyperbox".into(),
        None => match set("XDG_DATA_HOME") {
            Some(data) => PathBuf::from(data).join("hyperbox"),
            None => PathBuf::from(set("HOME")?).join(".local/share/hyperbox"),
        },
    };
    Some(home.join("hyperbox.sock"))
}

fn user_id() -> libc::uid_t {
    // SAFETY: getuid reads no memory of ours and cannot fail.
    unsafe { libc::getuid() }
}
