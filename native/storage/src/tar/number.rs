//! Numbers in tar headers: octal text, or base-256 when the first byte's top bit is set.

/// `None` when the field is not a number or does not fit.
pub fn parse(field: &[u8]) -> Option<i64> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => base256(field),
        _ => octal(field),
    }
}

fn octal(field: &[u8]) -> Option<i64> {
    let text = field.trim_ascii_start();
    let end = text.iter().position(|b| *b == 0 || *b == b' ').unwrap_or(text.len());
    if text[end..].iter().any(|b| *b != 0 && *b != b' ') {
        return None;
    }
    text[..end].iter().try_fold(0i64, |value, b| match b {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(i64::from(b - b'0')),
        _ => None,
    })
}

fn base256(field: &[u8]) -> Option<i64> {
    let negative = field[0] & 0x40 != 0;
    let first = if negative {
        i128::from(field[0]) - 256
    } else {
        i128::from(field[0] & 0x7f)
    };
    let value = field[1..].iter().try_fold(first, |value, b| {
        let next = value.checked_mul(256)?.checked_add(i128::from(*b))?;
        i64::try_from(next).ok().map(i128::from)
    })?;
    i64::try_from(value).ok()
}

/// Octal with leading zeros and a final NUL, or `None` when `value` needs more digits than the field has.
pub fn format(value: u64, field: &mut [u8]) -> Option<()> {
    let digits = field.len() - 1;
    if digits < 22 && value >> (3 * digits) != 0 {
        return None;
    }
    let mut rest = value;
    for place in field[..digits].iter_mut().rev() {
        *place = b'0' + (rest & 7) as u8;
        rest >>= 3;
    }
    field[digits] = 0;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_reads_octal_and_base256() {
        assert_eq!(parse(b"0000644\0"), Some(0o644));
        assert_eq!(parse(b"   644 \0"), Some(0o644));
        assert_eq!(parse(b"\0\0\0\0"), Some(0));
        assert_eq!(parse(b"777777777777"), Some(0o777_777_777_777));
        assert_eq!(parse(&[0x80, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0]), Some(3 << 32));
        assert_eq!(parse(&[0xff; 12]), Some(-1));
        assert_eq!(
            parse(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]),
            Some(-2)
        );
    }

    #[test]
    fn parse_refuses_what_is_no_number() {
        assert_eq!(parse(b"0000899\0"), None);
        assert_eq!(parse(b"-000001\0"), None);
        assert_eq!(parse(b"12 34\0\0\0"), None);
        let mut huge = [0xffu8; 12];
        huge[0] = 0x80;
        assert_eq!(parse(&huge), None);
    }

    #[test]
    fn format_is_read_back_and_says_when_it_does_not_fit() {
        let mut field = [0u8; 8];
        format(0o1234567, &mut field).unwrap();
        assert_eq!(parse(&field), Some(0o1234567));
        assert!(format(0o10000000, &mut field).is_none());
    }
}
