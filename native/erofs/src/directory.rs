//! Directories: blocks of entries, each followed by its names; sorted by name through all blocks, `.` and `..` too.
use crate::BLOCK;

const ENTRY: usize = 12;

pub struct Entry<'a> {
    pub name: &'a [u8],
    pub inode: u32,
    /// Of the inode.
    pub mode: u16,
}

fn kind(mode: u16) -> u8 {
    match mode & 0xf000 {
        0x8000 => 1,
        0x4000 => 2,
        0x2000 => 3,
        0x6000 => 4,
        0x1000 => 5,
        0xc000 => 6,
        0xa000 => 7,
        _ => 0,
    }
}

/// Puts `.` and `..` where their bytes sort among the others.
pub fn sorted<'a>(own: &Entry<'a>, parent: &Entry<'a>, others: impl Iterator<Item = Entry<'a>>) -> Vec<Entry<'a>> {
    let mut all: Vec<Entry> = Vec::new();
    let dots = |entry: &Entry, name: &'a [u8]| Entry { name, ..*entry };
    let mut waiting = vec![dots(parent, b".."), dots(own, b".")];
    for entry in others {
        while waiting.last().is_some_and(|dot| dot.name < entry.name) {
            all.extend(waiting.pop());
        }
        all.push(entry);
    }
    all.extend(waiting.into_iter().rev());
    all
}

/// How many bytes the entries take: full blocks, and what is used of the last one.
pub fn size<'a>(names: impl Iterator<Item = &'a [u8]>) -> u64 {
    let (mut blocks, mut used) = (0u64, 0usize);
    for name in names {
        let need = ENTRY + name.len();
        if used + need > BLOCK as usize {
            blocks += 1;
            used = 0;
        }
        used += need;
    }
    blocks * BLOCK + used as u64
}

/// The same bytes; `nid` tells where an inode is.
pub fn bytes(entries: &[Entry], nid: impl Fn(u32) -> u64) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut from, mut used) = (0, 0);
    for (i, entry) in entries.iter().enumerate() {
        let need = ENTRY + entry.name.len();
        if used + need > BLOCK as usize {
            block(&mut out, &entries[from..i], &nid);
            out.resize(out.len().next_multiple_of(BLOCK as usize), 0);
            (from, used) = (i, 0);
        }
        used += need;
    }
    block(&mut out, &entries[from..], &nid);
    out
}

fn block(out: &mut Vec<u8>, entries: &[Entry], nid: &impl Fn(u32) -> u64) {
    let mut at = entries.len() * ENTRY;
    for entry in entries {
        out.extend_from_slice(&nid(entry.inode).to_le_bytes());
        out.extend_from_slice(&(at as u16).to_le_bytes());
        out.extend_from_slice(&[kind(entry.mode), 0]);
        at += entry.name.len();
    }
    for entry in entries {
        out.extend_from_slice(entry.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &[u8]) -> Entry<'_> {
        Entry {
            name,
            inode: 1,
            mode: 0x81a4,
        }
    }

    #[test]
    fn dots_are_sorted_among_the_names() {
        let (own, parent) = (entry(b""), entry(b""));
        let names = [&b"!"[..], b"-x", b".", b"..", b"...", b".a", b"a"];
        let others = [&b"!"[..], b"-x", b"...", b".a", b"a"];
        let all = sorted(&own, &parent, others.into_iter().map(entry));
        assert_eq!(all.iter().map(|e| e.name).collect::<Vec<_>>(), names);
    }

    #[test]
    fn bytes_are_as_many_as_size_says() {
        let names: Vec<Vec<u8>> = (0..1000)
            .map(|i| format!("{i:0>w$}", w = 1 + i % 255).into_bytes())
            .collect();
        let mut names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        names.sort_unstable();
        for n in [1, 2, 15, 16, 300, 1000] {
            let entries: Vec<Entry> = names[..n].iter().map(|name| entry(name)).collect();
            assert_eq!(
                bytes(&entries, u64::from).len() as u64,
                size(names[..n].iter().copied())
            );
        }
    }
}
