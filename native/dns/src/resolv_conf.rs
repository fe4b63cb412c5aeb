//! The host's resolvers, read again when its file has changed.

use std::fs;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const PORT: u16 = 53;
const MOST: usize = 8;
/// How often the file is looked at, while anybody asks.
const INTERVAL: Duration = Duration::from_millis(500);

pub struct HostResolvers {
    path: PathBuf,
    looked: Option<Instant>,
    /// Device, inode, time of the last change: another file, or the same with new content.
    version: (u64, u64, i64, i64),
    list: Vec<SocketAddr>,
}

impl HostResolvers {
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            looked: None,
            version: (0, 0, 0, 0),
            list: Vec::new(),
        }
    }

    /// True when they are others than the last time.
    pub fn refresh(&mut self, now: Instant) -> bool {
        if self.looked.is_some_and(|at| now.duration_since(at) < INTERVAL) {
            return false;
        }
        self.looked = Some(now);
        let version = fs::metadata(&self.path).map_or((0, 0, 0, 0), |m| (m.dev(), m.ino(), m.mtime(), m.mtime_nsec()));
        if version == self.version {
            return false;
        }
        self.version = version;
        let text = fs::read(&self.path).unwrap_or_default();
        let list = parse(&String::from_utf8_lossy(&text));
        std::mem::replace(&mut self.list, list.clone()) != list
    }

    pub fn list(&self) -> &[SocketAddr] {
        &self.list
    }
}

/// The `nameserver` lines; what is no address is passed over, as the C library does.
fn parse(text: &str) -> Vec<SocketAddr> {
    let lines = text.lines().map(|line| line.split(['#', ';']).next().unwrap_or(""));
    let words = lines.map(str::split_whitespace);
    let named = words.filter_map(|mut words| words.next().filter(|&word| word == "nameserver").and(words.next()));
    named.filter_map(parse_server).take(MOST).collect()
}

/// An address, with `%interface` where it is link-local.
pub fn parse_server(text: &str) -> Option<SocketAddr> {
    let (address, zone) = text.split_once('%').map_or((text, None), |(a, z)| (a, Some(z)));
    match (address.parse().ok()?, zone) {
        (IpAddr::V6(ip), Some(zone)) => Some(SocketAddrV6::new(ip, PORT, 0, interface_index(zone)?).into()),
        (ip, None) => Some(SocketAddr::new(ip, PORT)),
        (IpAddr::V4(_), Some(_)) => None,
    }
}

fn interface_index(name: &str) -> Option<u32> {
    let name = std::ffi::CString::new(name).ok()?;
    // SAFETY: a C string that outlives the call.
    Some(unsafe { libc::if_nametoindex(name.as_ptr()) }).filter(|&index| index != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_takes_nameserver_lines_only() {
        let text = "# none\nsearch a b\nnameserver 10.0.0.1 # x\n nameserver\t::1\nnameserver fe80::1%lo\nnameserver x\noptions a\n";
        let list: Vec<String> = parse(text).iter().map(ToString::to_string).collect();
        assert_eq!(list, ["10.0.0.1:53", "[::1]:53", "[fe80::1%1]:53"]);
        assert!(parse("nameserver 10.0.0.1%eth0\nnameserver fe80::1%nothere0").is_empty());
    }

    #[test]
    fn refresh_notices_a_file_that_was_replaced_or_is_gone() {
        let path = std::env::temp_dir().join(format!("hbx-resolv-{}", std::process::id()));
        let mut resolvers = HostResolvers::new(&path);
        let start = Instant::now();
        assert!(!resolvers.refresh(start));
        fs::write(&path, "nameserver 10.0.0.1\n").unwrap();
        assert!(!resolvers.refresh(start));
        assert!(resolvers.refresh(start + INTERVAL));
        let other = path.with_extension("new");
        fs::write(&other, "nameserver 10.0.0.2\n").unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(resolvers.refresh(start + 2 * INTERVAL));
        assert_eq!(resolvers.list()[0].to_string(), "10.0.0.2:53");
        fs::remove_file(&path).unwrap();
        assert!(resolvers.refresh(start + 3 * INTERVAL));
        assert!(resolvers.list().is_empty());
    }
}
