//! The chunk store's directory: `packs/` with chunks and their indexes, `lists/` with what contents are made of, `drafts/`.
use super::index::{Index, Place};
use crate::failure::{During, Failure, Outcome};
use crate::store::place::{Hash, hex};
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

pub struct Chunked {
    root: PathBuf,
    lock: File,
}

/// What a content is made of.
pub type Parts = Vec<(Hash, u32)>;

/// A list that says more than this is none of ours: 1 TiB of smallest chunks.
const MAX_PARTS: usize = 64 << 20;
const PART: usize = 36;

impl Chunked {
    /// Makes what is missing.
    pub fn open(path: &str) -> Outcome<Chunked> {
        let root = PathBuf::from(path);
        if !root.is_absolute() {
            return Err(Failure::new("protocol", libc::EINVAL).saying("expected the absolute path of a store"));
        }
        for name in ["packs", "lists", "drafts"] {
            fs::create_dir_all(root.join(name)).during_at("open", path.as_bytes())?;
        }
        let lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(root.join("lock"));
        Ok(Chunked {
            lock: lock.during("lock")?,
            root,
        })
    }

    /// Puts and reads share the store; a collection has it alone.
    pub fn hold(&self, alone: bool) -> Outcome<()> {
        let how = if alone { libc::LOCK_EX } else { libc::LOCK_SH };
        loop {
            // SAFETY: integers only; the descriptor is ours for as long as `self` lives.
            if unsafe { libc::flock(self.lock.as_raw_fd(), how) } == 0 {
                return Ok(());
            }
            let error = std::io::Error::last_os_error();
            if error.kind() != std::io::ErrorKind::Interrupted {
                return Err(Failure::io("lock", &error));
            }
        }
    }

    /// A name that no other job makes.
    pub fn draft(&self, ending: &str) -> PathBuf {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_nanos());
        self.root
            .join("drafts")
            .join(format!("{now:x}-{}.{ending}", std::process::id()))
    }

    pub fn drafts(&self) -> PathBuf {
        self.root.join("drafts")
    }

    pub fn list(&self, id: &Hash) -> PathBuf {
        self.root.join("lists").join(String::from_utf8_lossy(&hex(id)).as_ref())
    }

    pub fn lists(&self) -> Outcome<Vec<PathBuf>> {
        entries(&self.root.join("lists"))
    }

    /// Packs that have their index. Others were never finished.
    pub fn indexes(&self) -> Outcome<Vec<Index>> {
        let mut paths = entries(&self.root.join("packs"))?;
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "index"));
        paths.iter().map(|path| Index::open(path)).collect()
    }

    pub fn packs(&self) -> Outcome<Vec<PathBuf>> {
        let mut paths = entries(&self.root.join("packs"))?;
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "pack"));
        Ok(paths)
    }

    /// Pack first: an index tells that its pack is whole.
    pub fn keep_pack(&self, pack: &Path, index: &Path) -> Outcome<()> {
        let packs = self.root.join("packs");
        for draft in [pack, index] {
            let name = draft.file_name().unwrap_or_default();
            fs::rename(draft, packs.join(name)).during("write")?;
            sync(&packs)?;
        }
        Ok(())
    }

    pub fn keep_list(&self, id: &Hash, parts: &Parts) -> Outcome<()> {
        let draft = self.draft("list");
        let bytes: Vec<u8> = encode(parts);
        fs::write(&draft, bytes).during("write")?;
        File::open(&draft).and_then(|file| file.sync_all()).during("write")?;
        fs::rename(&draft, self.list(id)).during("write")?;
        sync(&self.root.join("lists"))
    }

    pub fn read_list(path: &Path) -> Outcome<Parts> {
        let name = path.as_os_str().as_encoded_bytes();
        let mut bytes = Vec::new();
        let file = File::open(path).during_at("open", name)?;
        file.take((MAX_PARTS * PART) as u64)
            .read_to_end(&mut bytes)
            .during_at("read", name)?;
        decode(&bytes).ok_or_else(|| Failure::corrupt("a list of chunks is damaged").at(name))
    }
}

pub fn encode(parts: &Parts) -> Vec<u8> {
    parts
        .iter()
        .flat_map(|(hash, length)| [&hash[..], &length.to_be_bytes()].concat())
        .collect()
}

fn decode(bytes: &[u8]) -> Option<Parts> {
    let (parts, rest) = bytes.as_chunks::<PART>();
    let part = |bytes: &[u8; PART]| {
        let (mut hash, mut length) = ([0; 32], [0; 4]);
        hash.copy_from_slice(&bytes[..32]);
        length.copy_from_slice(&bytes[32..]);
        (hash, u32::from_be_bytes(length))
    };
    rest.is_empty().then(|| parts.iter().map(part).collect())
}

/// Where a chunk is, in the first pack that has it.
pub fn find<'a>(indexes: &'a [Index], hash: &Hash) -> Outcome<Option<(&'a Index, Place)>> {
    for index in indexes {
        if let Some(place) = index.find(hash)? {
            return Ok(Some((index, place)));
        }
    }
    Ok(None)
}

fn entries(dir: &Path) -> Outcome<Vec<PathBuf>> {
    let name = dir.as_os_str().as_encoded_bytes();
    let read = fs::read_dir(dir).during_at("open", name)?;
    let mut paths = read
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .during_at("read", name)?;
    paths.sort();
    Ok(paths)
}

fn sync(dir: &Path) -> Outcome<()> {
    File::open(dir).and_then(|dir| dir.sync_all()).during("write")
}
