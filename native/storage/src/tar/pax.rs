//! PAX extended header records: `"%d key=value\n"`.
use crate::failure::{Failure, Outcome};
use crate::xattr::Xattr;

/// What the records of one or more extended headers say; a later record wins.
#[derive(Clone, Default, Debug)]
pub struct Records {
    pub path: Option<Vec<u8>>,
    pub linkpath: Option<Vec<u8>>,
    pub size: Option<u64>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub mtime: Option<(i64, u32)>,
    pub xattrs: Vec<Xattr>,
    pub sparse: SparseRecords,
}

#[derive(Clone, Default, Debug)]
pub struct SparseRecords {
    pub major: Option<u64>,
    pub minor: Option<u64>,
    pub name: Option<Vec<u8>>,
    pub real_size: Option<u64>,
    /// Format 0.0 (offset and numbytes in turn) and 0.1 (one list).
    pub numbers: Vec<u64>,
}

pub fn parse(mut body: &[u8], into: &mut Records) -> Outcome<()> {
    while !body.is_empty() {
        let (key, value, rest) = record(body).ok_or_else(|| Failure::corrupt("malformed PAX record"))?;
        apply(key, value, into).ok_or_else(|| bad_value(key))?;
        body = rest;
    }
    Ok(())
}

fn bad_value(key: &[u8]) -> Failure {
    Failure::corrupt(format!(
        "PAX record {} has an invalid value",
        String::from_utf8_lossy(key)
    ))
}

fn record(body: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = body.iter().take(20).position(|b| *b == b' ')?;
    let length = usize::try_from(decimal(&body[..space])?).ok()?;
    if length <= space + 1 || length > body.len() || body[length - 1] != b'\n' {
        return None;
    }
    let text = &body[space + 1..length - 1];
    let equals = text.iter().position(|b| *b == b'=')?;
    (equals > 0).then(|| (&text[..equals], &text[equals + 1..], &body[length..]))
}

fn apply(key: &[u8], value: &[u8], into: &mut Records) -> Option<()> {
    match key {
        b"path" => into.path = text(value)?,
        b"linkpath" => into.linkpath = text(value)?,
        b"size" => into.size = number(value)?,
        b"uid" => into.uid = number(value)?.map(u32::try_from).transpose().ok()?,
        b"gid" => into.gid = number(value)?.map(u32::try_from).transpose().ok()?,
        b"mtime" if value.is_empty() => into.mtime = None,
        b"mtime" => into.mtime = Some(time(value)?),
        b"GNU.sparse.major" => into.sparse.major = number(value)?,
        b"GNU.sparse.minor" => into.sparse.minor = number(value)?,
        b"GNU.sparse.name" => into.sparse.name = text(value)?,
        b"GNU.sparse.size" | b"GNU.sparse.realsize" => into.sparse.real_size = number(value)?,
        b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => into.sparse.numbers.push(decimal(value)?),
        b"GNU.sparse.map" => {
            into.sparse.numbers = value
                .split(|b| *b == b',')
                .filter(|n| !n.is_empty())
                .map(decimal)
                .collect::<Option<_>>()?;
        }
        _ => {
            if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                into.xattrs.retain(|(k, _)| k != name);
                into.xattrs.push((text(name)??, value.to_vec()));
            }
        }
    }
    Some(())
}

/// An empty value takes an earlier record back; a NUL would cut the name short in the kernel.
fn text(value: &[u8]) -> Option<Option<Vec<u8>>> {
    if value.contains(&0) {
        None
    } else {
        Some((!value.is_empty()).then(|| value.to_vec()))
    }
}

fn number(value: &[u8]) -> Option<Option<u64>> {
    if value.is_empty() {
        Some(None)
    } else {
        decimal(value).map(Some)
    }
}

pub fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, b| match b {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(b - b'0')),
        _ => None,
    })
}

/// Seconds with an optional fraction; rounded towards minus infinity at a nanosecond.
fn time(value: &[u8]) -> Option<(i64, u32)> {
    let (negative, digits) = value.strip_prefix(b"-").map_or((false, value), |rest| (true, rest));
    let mut parts = digits.splitn(2, |b| *b == b'.');
    let seconds = i64::try_from(decimal(parts.next()?)?).ok()?;
    let fraction = parts.next().unwrap_or(b"");
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let nanos = (0..9).fold(0u32, |n, i| n * 10 + u32::from(fraction.get(i).map_or(0, |b| b - b'0')));
    match (negative, nanos) {
        (false, n) => Some((seconds, n)),
        (true, 0) => Some((-seconds, 0)),
        (true, n) => Some((-seconds - 1, 1_000_000_000 - n)),
    }
}

/// Appends one record, whose length counts its own digits.
pub fn write(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    out.extend_from_slice(format!("{length} ").as_bytes());
    out.extend_from_slice(key);
    out.push(b'=');
    out.extend_from_slice(value);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &[u8]) -> Outcome<Records> {
        let mut records = Records::default();
        parse(body, &mut records).map(|()| records)
    }

    #[test]
    fn write_is_read_back_for_every_length_of_length() {
        for n in [1, 80, 87, 88, 89, 90, 91, 980, 985, 986, 987, 990, 9980, 9985] {
            let mut body = Vec::new();
            write(&mut body, b"path", &vec![b'a'; n]);
            assert_eq!(parsed(&body).unwrap().path.unwrap().len(), n);
        }
    }

    #[test]
    fn parse_reads_times_with_fractions_and_before_the_epoch() {
        assert_eq!(parsed(b"21 mtime=1.123456789\n").unwrap().mtime, Some((1, 123_456_789)));
        assert_eq!(parsed(b"14 mtime=-1.5\n").unwrap().mtime, Some((-2, 500_000_000)));
    }

    #[test]
    fn parse_refuses_malformed_records() {
        for body in [
            &b"5 a=b"[..],
            b"99 path=x\n",
            b"0 path=x\n",
            b"x path=x\n",
            b"7 path\n\n",
            b"11 path=a\0b\n",
            b"8 size=x\n",
            b"10 size=-1\n",
        ] {
            assert_eq!(
                parsed(body).unwrap_err().step,
                "corrupt",
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }
}
