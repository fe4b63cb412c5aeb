//! What a pack holds: a Bloom filter, then every chunk with its place, sorted by its hash. Looked up on disk: memory holds the filters.
use super::bloom::Bloom;
use crate::failure::{During, Failure, Outcome};
use crate::store::place::Hash;
use std::cmp::Ordering;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"hbxidx\x00\x01";
const HEAD: u64 = 16;
const ENTRY: u64 = 44;
/// Of one pack: the filter of more would not be believable.
const MAX_ENTRIES: u32 = 16 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub offset: u64,
    pub length: u32,
}

pub struct Index {
    pub pack: PathBuf,
    file: File,
    count: u64,
    entries_at: u64,
    bloom: Bloom,
}

impl Index {
    /// `path` is `<name>.index`; the pack is `<name>.pack` beside it.
    pub fn open(path: &Path) -> Outcome<Index> {
        let name = path.as_os_str().as_encoded_bytes();
        let mut file = File::open(path).during_at("open", name)?;
        let mut head = [0; HEAD as usize];
        file.read_exact(&mut head).during_at("read", name)?;
        let count = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        let bloom_bytes = u32::from_be_bytes([head[12], head[13], head[14], head[15]]);
        let entries_at = HEAD + u64::from(bloom_bytes);
        let size = file.metadata().during_at("read", name)?.len();
        let bad = || Failure::corrupt("an index of chunks is damaged").at(name);
        if &head[..8] != MAGIC || count > MAX_ENTRIES || size != entries_at + u64::from(count) * ENTRY {
            return Err(bad());
        }
        let mut bytes = vec![0; bloom_bytes as usize];
        file.read_exact(&mut bytes).during_at("read", name)?;
        Ok(Index {
            pack: path.with_extension("pack"),
            file,
            count: count.into(),
            entries_at,
            bloom: Bloom::parse(&bytes).ok_or_else(bad)?,
        })
    }

    pub fn find(&self, hash: &Hash) -> Outcome<Option<Place>> {
        if !self.bloom.may_have(hash) {
            return Ok(None);
        }
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let (found, place) = self.entry(middle)?;
            match found.cmp(hash) {
                Ordering::Equal => return Ok(Some(place)),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    pub fn entries(&self) -> impl Iterator<Item = Outcome<(Hash, Place)>> {
        (0..self.count).map(|at| self.entry(at))
    }

    fn entry(&self, at: u64) -> Outcome<(Hash, Place)> {
        let mut bytes = [0; ENTRY as usize];
        self.file
            .read_exact_at(&mut bytes, self.entries_at + at * ENTRY)
            .during("read")?;
        let (mut hash, mut offset, mut length) = ([0; 32], [0; 8], [0; 4]);
        hash.copy_from_slice(&bytes[..32]);
        offset.copy_from_slice(&bytes[32..40]);
        length.copy_from_slice(&bytes[40..]);
        let place = Place {
            offset: u64::from_be_bytes(offset),
            length: u32::from_be_bytes(length),
        };
        Ok((hash, place))
    }
}

/// Written whole and synced; the caller gives it its name.
pub fn write(path: &Path, mut entries: Vec<(Hash, Place)>) -> Outcome<()> {
    entries.sort_unstable_by_key(|(hash, _)| *hash);
    let mut bloom = Bloom::for_entries(entries.len());
    entries.iter().for_each(|(hash, _)| bloom.insert(hash));
    let bloom = bloom.bytes();
    let file = File::create_new(path).during("write")?;
    let mut out = BufWriter::new(&file);
    let mut put = |bytes: &[u8]| out.write_all(bytes).during("write");
    put(MAGIC)?;
    put(&(entries.len() as u32).to_be_bytes())?;
    put(&(bloom.len() as u32).to_be_bytes())?;
    put(&bloom)?;
    for (hash, Place { offset, length }) in &entries {
        put(hash)?;
        put(&offset.to_be_bytes())?;
        put(&length.to_be_bytes())?;
    }
    out.flush().during("write")?;
    drop(out);
    file.sync_all().during("write")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn find_finds_what_was_written_and_refuses_damage() {
        let dir = std::env::temp_dir().join(format!("hbx-index-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("a.index");
        let _ = std::fs::remove_file(&path);
        let hash =
            |n: u8| -> Hash { std::array::from_fn(|at| n.wrapping_mul(31).wrapping_add((at as u8).wrapping_mul(n))) };
        let place = |n: u8| Place {
            offset: u64::from(n) << 33,
            length: n.into(),
        };
        write(&path, (1..=200).map(|n| (hash(n), place(n))).collect()).unwrap();
        let index = Index::open(&path).unwrap();
        assert!((1..=200).all(|n| index.find(&hash(n)).unwrap() == Some(place(n))));
        assert_eq!(index.find(&[9; 32]).unwrap(), None);
        let bytes = std::fs::read(&path).unwrap();
        for damaged in [&bytes[..bytes.len() - 1], &[&[0][..], &bytes[1..]].concat(), b""] {
            std::fs::write(&path, damaged).unwrap();
            assert!(Index::open(&path).is_err());
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
