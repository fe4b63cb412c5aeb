//! Capability sets of this process.

use std::io;

use hbx_protocol::Failure;
use hbx_protocol::plan::CapabilitySets;

use crate::sys;

const STEP: &str = "capabilities";
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

/// Sets effective, permitted and inheritable, then the ambient set. Asking for what this process does not have fails.
pub fn apply(sets: &CapabilitySets, root: bool) -> Result<(), Failure> {
    let effective = if root {
        mask(&sets.effective)
    } else {
        mask(&sets.ambient)
    };
    let permitted = mask(&sets.permitted);
    let inheritable = mask(&sets.inheritable) | mask(&sets.ambient);
    set(effective, permitted, inheritable).map_err(|e| Failure::io(STEP, &e))?;
    for number in &sets.ambient {
        raise_ambient(*number).map_err(|e| Failure::io(STEP, &e))?;
    }
    Ok(())
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
