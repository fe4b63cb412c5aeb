//! Addresses of plans as the kernel wants them.

use std::net::IpAddr;

use hbx_protocol::{Failure, steps};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    pub ip: IpAddr,
    pub prefix: u8,
}

impl Cidr {
    /// `172.18.0.5/16` or `fd00::5/64`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let invalid = || {
            Failure::new(steps::NET_ADDRESS, 0)
                .at(text)
                .saying("expected an address with a prefix length")
        };
        let (ip, prefix) = text.split_once('/').ok_or_else(invalid)?;
        let ip: IpAddr = ip.parse().map_err(|_| invalid())?;
        let prefix: u8 = prefix.parse().map_err(|_| invalid())?;
        let longest = if ip.is_ipv4() { 32 } else { 128 };
        if prefix > longest {
            Err(invalid())
        } else {
            Ok(Self { ip, prefix })
        }
    }
}

pub fn parse_ip(text: &str) -> Result<IpAddr, Failure> {
    text.parse()
        .map_err(|_| Failure::new(steps::NET_ROUTE, 0).at(text).saying("expected an address"))
}

pub fn family(ip: &IpAddr) -> u8 {
    (if ip.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 }) as u8
}

pub fn octets(ip: &IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

pub fn parse_mac(text: &str) -> Result<[u8; 6], Failure> {
    let invalid = || {
        Failure::new(steps::NET_LINK_CREATE, 0)
            .at(text)
            .saying("expected a MAC address")
    };
    let mut mac = [0u8; 6];
    let mut parts = text.split(':');
    for byte in &mut mac {
        let part = parts.next().filter(|part| part.len() == 2).ok_or_else(invalid)?;
        *byte = u8::from_str_radix(part, 16).map_err(|_| invalid())?;
    }
    if parts.next().is_some() {
        Err(invalid())
    } else {
        Ok(mac)
    }
}

/// Interface names: 1 to 15 bytes, no slash, no space, not `.` or `..`.
pub fn check_name<'a>(step: &'static str, name: &'a str) -> Result<&'a str, Failure> {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'/' && byte != b':');
    if name.is_empty() || name.len() >= libc::IFNAMSIZ || !plain || name == "." || name == ".." {
        return Err(Failure::new(step, 0).at(name).saying("not a name for an interface"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cidr_parse_takes_both_families_and_refuses_what_is_not_an_address() {
        assert_eq!(Cidr::parse("10.1.2.3/8").unwrap().prefix, 8);
        assert_eq!(Cidr::parse("fd00::1/64").unwrap().prefix, 64);
        for bad in [
            "10.1.2.3",
            "10.1.2.3/33",
            "10.1.2/8",
            "fd00::1/129",
            "/8",
            "10.1.2.3/-1",
        ] {
            assert!(Cidr::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parse_mac_takes_six_bytes_only() {
        assert_eq!(parse_mac("02:42:0a:00:ff:01").unwrap(), [2, 0x42, 10, 0, 255, 1]);
        for bad in [
            "",
            "02:42",
            "02:42:0a:00:ff:01:02",
            "2:42:0a:00:ff:01",
            "zz:42:0a:00:ff:01",
        ] {
            assert!(parse_mac(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn check_name_refuses_what_the_kernel_or_a_path_would_trip_over() {
        assert!(check_name("net_link", "hv0123456789abc").is_ok());
        for bad in ["", "hv0123456789abcd", "a/b", "..", "a b", "a:1"] {
            assert!(check_name("net_link", bad).is_err(), "{bad}");
        }
    }
}
