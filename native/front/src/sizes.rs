//! Numbers in flags. Only the plain forms: anything else is for the whole command line.

/// `512m`, `1024`, `2G` → bytes.
pub fn bytes(text: &str) -> Option<u64> {
    let digits = text.len() - text.bytes().rev().take_while(|b| !b.is_ascii_digit()).count();
    let power = match text[digits..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        _ => return None,
    };
    let number = whole(&text[..digits])?;
    exact(number.checked_mul(1024_u64.pow(power))?)
}

/// Digits alone.
pub fn whole(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// `1.5` processors → billionths.
pub fn nano_cpus(text: &str) -> Option<u64> {
    let (left, right) = text.split_once('.').unwrap_or((text, "0"));
    if right.len() > 9 {
        return None;
    }
    let fraction = whole(right)? * 10_u64.pow(9 - right.len() as u32);
    exact(whole(left)?.checked_mul(1_000_000_000)?.checked_add(fraction)?)
}

/// What JavaScript's numbers hold without rounding.
fn exact(number: u64) -> Option<u64> {
    (number < 1 << 53).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_reads_binary_units() {
        assert_eq!(bytes("512m"), Some(512 << 20));
        assert_eq!(bytes("2G"), Some(2 << 30));
        assert_eq!(bytes("7"), Some(7));
        for odd in [
            "",
            "m",
            "1.5g",
            "1 m",
            "-1",
            "1mib",
            "é",
            "9999999999999999",
            "99999999999999g",
        ] {
            assert_eq!(bytes(odd), None, "{odd}");
        }
    }

    #[test]
    fn nano_cpus_reads_fractions() {
        assert_eq!(nano_cpus("1.5"), Some(1_500_000_000));
        assert_eq!(nano_cpus("0.001"), Some(1_000_000));
        assert_eq!(nano_cpus("2"), Some(2_000_000_000));
        for odd in ["", ".5", "1.", "1e3", "1.0000000001", "-1"] {
            assert_eq!(nano_cpus(odd), None, "{odd}");
        }
    }
}
