//! Layers made at random from a fixed seed: names, sizes and attributes at the edges of what is allowed.
use super::mutate::Random;
use hbx_storage::tar::{Entry, Kind, writer};
use std::collections::BTreeMap;

/// What is where, so that later members and layers can refer to it.
type Names = BTreeMap<Vec<u8>, Kind>;

const SIZES: [usize; 12] = [
    0, 1, 511, 512, 513, 4095, 4096, 4097, 70_000, 1_048_575, 1_048_576, 1_300_000,
];
const TIMES: [(i64, u32); 6] = [
    (0, 0),
    (1_600_000_000, 123_456_789),
    (-1, 999_999_999),
    (-2_000_000_000, 0),
    (4_294_967_296, 1),
    (8_000_000_000, 5),
];

/// Layers of one image, bottom first. With `whiteouts` upper ones take away what lower ones have.
pub fn image(random: &mut Random, layers: usize, entries: usize) -> Vec<Vec<u8>> {
    let mut below = Names::new();
    (0..layers).map(|_| layer(random, &mut below, entries)).collect()
}

fn layer(random: &mut Random, below: &mut Names, entries: usize) -> Vec<u8> {
    let (mut out, mut own) = (Vec::new(), Names::new());
    let mut hidden: Vec<Vec<u8>> = Vec::new();
    for _ in 0..random.below(4) * below.len() / 12 {
        let Some(path) = below.keys().nth(random.below(below.len())).cloned() else {
            break;
        };
        let opaque = below.get(&path) == Some(&Kind::Directory) && random.below(3) == 0;
        if hidden.iter().any(|h| path.starts_with(h)) {
            continue;
        }
        above(random, &mut out, &mut own, &path);
        if opaque {
            directory(random, &mut out, &mut own, &path);
            put(&mut out, file([&path[..], b"/.wh..wh..opq"].concat()), b"");
        } else {
            let (dir, name) = split(&path);
            put(&mut out, file([dir, b".wh.", name].concat()), b"");
        }
        below.retain(|other, _| !other.starts_with(&path));
        hidden.push(path);
    }
    for _ in 0..entries {
        let path = path(random, below, &own);
        if own.contains_key(&path) || hidden.iter().any(|h| path.starts_with(h)) {
            continue;
        }
        above(random, &mut out, &mut own, &path);
        member(random, &mut out, &mut own, path);
    }
    below.extend(own);
    out.extend_from_slice(&writer::END);
    out
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    path.split_at(path.iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1))
}

fn path(random: &mut Random, below: &Names, own: &Names) -> Vec<u8> {
    let all = if random.below(2) == 0 { below } else { own };
    let dirs: Vec<&Vec<u8>> = all
        .iter()
        .filter(|(_, kind)| **kind == Kind::Directory)
        .map(|(p, _)| p)
        .collect();
    let name = match random.below(20) {
        0 => vec![b'n'; 255],
        1 => b"- odd\nname\xff".to_vec(),
        2 => b"...".to_vec(),
        _ => format!("n{}", random.below(400)).into_bytes(),
    };
    match dirs.len() {
        0 => name,
        n => match random.below(3) {
            0 => name,
            _ => {
                let dir = dirs[random.below(n)];
                if dir.len() + name.len() > 3000 {
                    name
                } else {
                    [&dir[..], b"/", &name].concat()
                }
            }
        },
    }
}

/// Entries for the directories above: a parent that is only implied has no attributes to compare.
fn above(random: &mut Random, out: &mut Vec<u8>, own: &mut Names, path: &[u8]) {
    for (i, _) in path.iter().enumerate().filter(|(_, b)| **b == b'/') {
        if own.get(&path[..i]) != Some(&Kind::Directory) {
            directory(random, out, own, &path[..i]);
        }
    }
}

fn directory(random: &mut Random, out: &mut Vec<u8>, own: &mut Names, path: &[u8]) {
    own.retain(|other, _| !other.starts_with(path) || other.get(path.len()) == Some(&b'/'));
    own.insert(path.to_vec(), Kind::Directory);
    let mut entry = attributes(random, path.to_vec(), Kind::Directory);
    entry.mode |= 0o700;
    put(out, entry, b"");
}

fn member(random: &mut Random, out: &mut Vec<u8>, own: &mut Names, path: Vec<u8>) {
    let kinds = [
        Kind::File,
        Kind::File,
        Kind::File,
        Kind::File,
        Kind::Directory,
        Kind::Symlink,
    ];
    let special = [Kind::HardLink, Kind::CharDevice, Kind::BlockDevice, Kind::Fifo];
    let kind = match random.below(10) {
        n @ 0..=5 => kinds[n],
        _ => special[random.below(4)],
    };
    if kind == Kind::Directory {
        return directory(random, out, own, &path);
    }
    let mut entry = attributes(random, path.clone(), kind);
    let mut data = Vec::new();
    match kind {
        Kind::HardLink => {
            let targets: Vec<&Vec<u8>> = own
                .iter()
                .filter(|(_, k)| **k != Kind::Directory)
                .map(|(p, _)| p)
                .collect();
            if targets.is_empty() {
                return;
            }
            entry.link = targets[random.below(targets.len())].clone();
            entry.xattrs.clear();
        }
        Kind::Symlink => entry.link = vec![b'l'; [1, 40, 59, 60, 1000, 4063, 4064, 4065, 4095][random.below(9)]],
        Kind::CharDevice | Kind::BlockDevice => entry.device = [(1, 3), (4095, 1_048_575), (255, 256)][random.below(3)],
        Kind::File => {
            let size = match random.below(3) {
                0 => SIZES[random.below(SIZES.len())],
                _ => random.below(3000),
            };
            // Few contents, so that objects are shared.
            data = vec![b'a' + random.below(4) as u8; size];
            entry.size = size as u64;
        }
        _ => {}
    }
    own.insert(path, kind);
    put(out, entry, &data);
}

fn file(path: Vec<u8>) -> Entry {
    Entry {
        kind: Kind::File,
        path,
        link: Vec::new(),
        mode: 0o644,
        uid: 0,
        gid: 0,
        size: 0,
        mtime: (1, 0),
        device: (0, 0),
        xattrs: Vec::new(),
    }
}

fn attributes(random: &mut Random, path: Vec<u8>, kind: Kind) -> Entry {
    let ids = [0, 1, 1000, 65_536, 4_000_000_000];
    let mut entry = Entry {
        kind,
        mode: [0o644, 0o755, 0o600, 0o4755, 0o2711, 0o1777][random.below(6)],
        uid: ids[random.below(5)],
        gid: ids[random.below(5)],
        mtime: TIMES[random.below(TIMES.len())],
        ..file(path)
    };
    if matches!(kind, Kind::Fifo | Kind::CharDevice | Kind::BlockDevice) {
        entry.mode &= 0o777;
    }
    if random.below(6) == 0 {
        let length = [0, 1, 100, 2500][random.below(4)];
        entry.xattrs.push((b"trusted.test".to_vec(), vec![b'v'; length]));
    }
    if random.below(6) == 0 && matches!(kind, Kind::File | Kind::Directory) {
        entry.xattrs.push((
            b"user.colour".to_vec(),
            vec![b'0' + random.below(3) as u8; random.below(60)],
        ));
    }
    entry
}

fn put(out: &mut Vec<u8>, entry: Entry, data: &[u8]) {
    writer::header(out, &entry, None);
    out.extend_from_slice(data);
    writer::pad(out, data.len() as u64);
}
