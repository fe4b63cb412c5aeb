//! Capability sets of this process.

use std::io;

use hbx_protocol::plan::CapabilitySets;
use hbx_protocol::{Failure, steps};

use crate::sys;

const STEP: &str = steps::CAPABILITIES;
const VERSION_3: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Data {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

fn mask(numbers: &[u8]) -> u64 {
    numbers.iter().fold(0, |bits, number| {
        bits | 1u64.checked_shl(u32::from(*number)).unwrap_or(0)
    })
}

/// Takes everything out of the bounding set that is not in `keep`. Numbers that the kernel does not know end the list.
pub fn bound(sets: &CapabilitySets) -> Result<(), Failure> {
    let keep = mask(&sets.bounding);
    for number in 0..64u8 {
        if keep & (1 << number) != 0 {
            continue;
        }
        match sys::prctl(libc::PR_CAPBSET_DROP, libc::c_ulong::from(number)) {
            Err(e) if e.raw_os_error() == Some(libc::EINVAL) => break,
            other => other.map_err(|e| Failure::io(STEP, &e))?,
        }
    }
    Ok(())
}

/// Makes everything permitted effective again, which a change of identity has ended.
pub fn raise_all() -> Result<(), Failure> {
    let permitted = permitted().map_err(|e| Failure::io(STEP, &e))?;
    set(permitted, permitted, 0).map_err(|e| Failure::io(STEP, &e))
}

/// Sets effective, permitted and inheritable, then the ambient set. Asking for what this process does not have fails.
pub fn apply(sets: &CapabilitySets, root: bool) -> Result<(), Failure> {
    let effective = if root {
        mask(&sets.effective)
    } else {
        mask(&sets.ambient)
    };
    let permitted = mask(&sets.permitted);
    let inheritable = mask(&sets.inheritable) | mask(&sets.ambient);
    let asked = effective | permitted | inheritable;
    set(effective, permitted, inheritable).map_err(|e| {
        let lacking: Vec<String> = self::permitted().map_or(Vec::new(), |have| numbers(asked & !have));
        let failure = Failure::io(STEP, &e);
        if lacking.is_empty() {
            failure
        } else {
            failure.saying(format!("this host can't give the capabilities {}", lacking.join(", ")))
        }
    })?;
    for number in &sets.ambient {
        raise_ambient(*number).map_err(|e| Failure::io(STEP, &e))?;
    }
    Ok(())
}

fn numbers(bits: u64) -> Vec<String> {
    (0..64u32)
        .filter(|number| bits & (1 << number) != 0)
        .map(|number| number.to_string())
        .collect()
}

fn permitted() -> io::Result<u64> {
    let header = Header {
        version: VERSION_3,
        pid: 0,
    };
    let mut data = [Data::default(); 2];
    // SAFETY: version 3 fills two data elements, both of which outlive the call.
    let result = unsafe { libc::syscall(libc::SYS_capget, &raw const header, data.as_mut_ptr()) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let [low, high] = data;
    Ok(u64::from(low.permitted) | u64::from(high.permitted) << 32)
}

fn set(effective: u64, permitted: u64, inheritable: u64) -> io::Result<()> {
    let header = Header {
        version: VERSION_3,
        pid: 0,
    };
    let half = |bits: u64, high: bool| if high { (bits >> 32) as u32 } else { bits as u32 };
    let data = [false, true].map(|high| Data {
        effective: half(effective, high),
        permitted: half(permitted, high),
        inheritable: half(inheritable, high),
    });
    // SAFETY: version 3 takes a header and two data elements, both of which outlive the call.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn raise_ambient(number: u8) -> io::Result<()> {
    // SAFETY: plain numbers.
    let result = unsafe {
        libc::prctl(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_RAISE,
            libc::c_ulong::from(number),
            0,
            0,
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn mask_sets_one_bit_a_number() {
        assert_eq!(super::mask(&[0, 21, 40]), 1 | 1 << 21 | 1 << 40);
        assert_eq!(super::mask(&[200]), 0);
    }
}
