//! Kernel settings below `/proc/sys/net`.

use hbx_protocol::{Failure, steps};

/// `path` is relative to `/proc/sys`: `net/ipv4/ip_forward`.
pub fn write(path: &str, value: &str) -> Result<(), Failure> {
    if !path.starts_with("net/")
        || path
            .split('/')
            .any(|part| part.is_empty() || part == "." || part == "..")
    {
        return Err(Failure::new(steps::NET_SYSCTL, 0)
            .at(path)
            .saying("expected a path below net/"));
    }
    std::fs::write(format!("/proc/sys/{path}"), value).map_err(|error| Failure::io(steps::NET_SYSCTL, &error).at(path))
}

/// The same, but only where it is not so yet: some writes are dear, all reads are cheap.
pub fn ensure(path: &str, value: &str) -> Result<(), Failure> {
    match std::fs::read_to_string(format!("/proc/sys/{path}")) {
        Ok(now) if now.trim() == value => Ok(()),
        _ => write(path, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_refuses_paths_outside_net() {
        for bad in [
            "kernel/core_pattern",
            "net/../kernel/core_pattern",
            "net//x",
            "/net/x",
            "net/./x",
        ] {
            let error = write(bad, "1").unwrap_err();
            assert_eq!((error.step.as_str(), error.errno), ("net_sysctl", 0), "{bad}");
        }
    }
}
