//! Headers as POSIX has them; what does not fit goes into a PAX header before. The same entry gives the same bytes.
use super::sparse::Stretch;
use super::{BLOCK, Entry, Kind, number, pax};

fn flag(kind: Kind) -> u8 {
    match kind {
        Kind::File => b'0',
        Kind::HardLink => b'1',
        Kind::Symlink => b'2',
        Kind::CharDevice => b'3',
        Kind::BlockDevice => b'4',
        Kind::Directory => b'5',
        Kind::Fifo => b'6',
    }
}

/// Appends the header blocks of `entry`. With a sparse map (PAX format 1.0) the map is appended too.
pub fn header(out: &mut Vec<u8>, entry: &Entry, sparse: Option<&[Stretch]>) {
    let mut records = Vec::new();
    let mut path = entry.path.clone();
    if entry.kind == Kind::Directory && !path.ends_with(b"/") {
        path.push(b'/');
    }
    let map = sparse.map(sparse_text);
    let data: u64 = sparse.map_or(entry.size, |m| m.iter().map(|s| s.length).sum());
    let stored = match entry.kind {
        Kind::File => data + map.as_ref().map_or(0, |m| m.len() as u64),
        _ => 0,
    };
    let mut block = [0u8; BLOCK];
    if sparse.is_some() {
        pax::write(&mut records, b"GNU.sparse.major", b"1");
        pax::write(&mut records, b"GNU.sparse.minor", b"0");
        pax::write(&mut records, b"GNU.sparse.name", &path);
        pax::write(&mut records, b"GNU.sparse.realsize", entry.size.to_string().as_bytes());
        path.truncate(100);
    }
    text(&mut block[..100], &path, b"path", &mut records);
    value(&mut block[100..108], u64::from(entry.mode), None, &mut records);
    value(&mut block[108..116], u64::from(entry.uid), Some(b"uid"), &mut records);
    value(&mut block[116..124], u64::from(entry.gid), Some(b"gid"), &mut records);
    value(&mut block[124..136], stored, Some(b"size"), &mut records);
    mtime(&mut block[136..148], entry.mtime, &mut records);
    block[156] = flag(entry.kind);
    if matches!(entry.kind, Kind::Symlink | Kind::HardLink) {
        text(&mut block[157..257], &entry.link, b"linkpath", &mut records);
    }
    device(&mut block[329..337], entry.device.0);
    device(&mut block[337..345], entry.device.1);
    for (key, value) in &entry.xattrs {
        pax::write(&mut records, &[b"SCHILY.xattr.", key.as_slice()].concat(), value);
    }
    if !records.is_empty() {
        extended(out, &records);
    }
    seal(&mut block);
    out.extend_from_slice(&block);
    out.extend_from_slice(&map.unwrap_or_default());
}

fn extended(out: &mut Vec<u8>, records: &[u8]) {
    let mut block = [0u8; BLOCK];
    let name = b"PaxHeaders/entry";
    block[..name.len()].copy_from_slice(name);
    let fields: [(std::ops::Range<usize>, u64); 5] = [
        (100..108, 0o644),
        (108..116, 0),
        (116..124, 0),
        (124..136, records.len() as u64),
        (136..148, 0),
    ];
    for (place, value) in fields {
        let _ = number::format(value, &mut block[place]);
    }
    block[156] = b'x';
    seal(&mut block);
    out.extend_from_slice(&block);
    out.extend_from_slice(records);
    pad(out, records.len() as u64);
}

fn seal(block: &mut [u8; BLOCK]) {
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|b| u64::from(*b)).sum();
    let _ = number::format(sum, &mut block[148..155]);
}

fn text(field: &mut [u8], value: &[u8], key: &[u8], records: &mut Vec<u8>) {
    let n = value.len().min(field.len());
    field[..n].copy_from_slice(&value[..n]);
    if value.len() > n {
        pax::write(records, key, value);
    }
}

fn value(field: &mut [u8], value: u64, key: Option<&[u8]>, records: &mut Vec<u8>) {
    if number::format(value, field).is_none() {
        let _ = number::format(0, field);
        if let Some(key) = key {
            pax::write(records, key, value.to_string().as_bytes());
        }
    }
}

/// Device numbers past the octal field go in base 256, as every reader understands.
fn device(field: &mut [u8], value: u32) {
    if number::format(u64::from(value), field).is_none() {
        field.fill(0);
        field[0] = 0x80;
        field[4..8].copy_from_slice(&value.to_be_bytes());
    }
}

fn mtime(field: &mut [u8], (seconds, nanos): (i64, u32), records: &mut Vec<u8>) {
    let plain = u64::try_from(seconds).ok().and_then(|s| number::format(s, field));
    if plain.is_none() {
        let _ = number::format(0, field);
    }
    if plain.is_none() || nanos != 0 {
        pax::write(records, b"mtime", time_text(seconds, nanos).as_bytes());
    }
}

fn time_text(seconds: i64, nanos: u32) -> String {
    match (seconds, nanos) {
        (s, 0) => s.to_string(),
        (s, n) if s < 0 => format!("-{}.{:09}", -(s + 1), 1_000_000_000 - n)
            .trim_end_matches('0')
            .to_owned(),
        (s, n) => format!("{s}.{n:09}").trim_end_matches('0').to_owned(),
    }
}

fn sparse_text(map: &[Stretch]) -> Vec<u8> {
    let mut out = format!("{}\n", map.len()).into_bytes();
    for s in map {
        out.extend_from_slice(format!("{}\n{}\n", s.offset, s.length).as_bytes());
    }
    let length = out.len() as u64;
    pad(&mut out, length);
    out
}

/// Zeros up to the next block after `length` bytes.
pub fn pad(out: &mut Vec<u8>, length: u64) {
    let missing = (length.wrapping_neg() % BLOCK as u64) as usize;
    out.resize(out.len() + missing, 0);
}

pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];
