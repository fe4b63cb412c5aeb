//! Kernel settings below `/proc/sys/net`.

use crate::NetError;

/// `path` is relative to `/proc/sys`: `net/ipv4/ip_forward`.
pub fn write(path: &str, value: &str) -> Result<(), NetError> {
    if !path.starts_with("net/") || path.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        return Err(NetError::invalid("net_sysctl", path, "expected a path below net/"));
    }
    std::fs::write(format!("/proc/sys/{path}"), value)
        .map_err(|error| NetError::errno("net_sysctl", path, error.raw_os_error().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_refuses_paths_outside_net() {
        for bad in ["kernel/core_pattern", "net/../kernel/core_pattern", "net//x", "/net/x", "net/./x"] {
            let error = write(bad, "1").unwrap_err();
            assert_eq!((error.step, error.errno), ("net_sysctl", 0), "{bad}");
        }
    }
}
