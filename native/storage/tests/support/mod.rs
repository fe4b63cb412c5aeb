//! Jobs driven as core drives them: over a socket pair, from frames.

use hbx_protocol::frame;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Deserialize, Debug, Default, Clone)]
#[serde(rename_all = "camelCase", default)]
pub struct Answer {
    pub t: String,
    pub step: String,
    pub errno: i32,
    pub path: Option<String>,
    pub message: Option<String>,
    pub digest: String,
    pub diff_id: String,
    pub size_bytes: u64,
    pub compressed_bytes: u64,
    pub entries: u64,
    pub skipped: u64,
    pub kind: i32,
    pub name: String,
    pub mode: u32,
    pub mtime_ns: u64,
    pub link_target: String,
    pub uid: u32,
    pub gid: u32,
    pub what: String,
    pub id: String,
    pub reason: String,
    pub layers: Vec<String>,
    pub files: u64,
    pub new_objects: u64,
    pub objects: u64,
    pub object_bytes: u64,
    pub dead_objects: u64,
    pub removed: u64,
    pub kept: u64,
    pub drafts: u64,
    pub bad: u64,
    pub trees: u64,
    pub changes: u64,
    pub images: Vec<ImageUse>,
}

#[derive(Deserialize, Debug, Default, Clone, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageUse {
    pub size_bytes: u64,
    pub shared_bytes: u64,
    pub unique_bytes: u64,
}

/// A directory of its own for each test, removed at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = std::env::temp_dir().join(format!(
            "hbx-storage-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn dir(&self, name: &str) -> PathBuf {
        let path = self.join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = Command::new("chattr")
            .args(["-R", "-i"])
            .arg(&self.0)
            .stderr(std::process::Stdio::null())
            .status();
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// All answer frames; `input` follows the request as a stream section; a streamed answer's bytes come second.
pub fn job_with<T: Serialize>(t: &str, request: &T, input: Option<&[u8]>) -> (Vec<Answer>, Vec<u8>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let body = frame::encode(request)[4..].to_vec();
    let name = t.to_owned();
    let worker = std::thread::spawn(move || hbx_storage::run(&name, &body, &theirs));
    let feeder = input.map(|data| {
        let (mut to, data) = (ours.try_clone().unwrap(), data.to_vec());
        std::thread::spawn(move || {
            for chunk in data.chunks(100_000) {
                if to
                    .write_all(&(chunk.len() as u32).to_be_bytes())
                    .and_then(|()| to.write_all(chunk))
                    .is_err()
                {
                    return;
                }
            }
            let _ = to.write_all(&[0; 4]);
        })
    });
    let (mut answers, mut bytes) = (Vec::new(), Vec::new());
    while let Some(body) = frame::read(&ours).unwrap() {
        let answer: Answer = frame::parse(&body).unwrap();
        let t = answer.t.clone();
        answers.push(answer);
        if t == "streaming" {
            std::io::copy(&mut hbx_protocol::stream::StreamReader::new(&ours), &mut bytes).unwrap();
        }
        if t == "done" || t == "failed" {
            break;
        }
    }
    drop(ours);
    worker.join().unwrap();
    if let Some(feeder) = feeder {
        feeder.join().unwrap();
    }
    (answers, bytes)
}

pub fn job<T: Serialize>(t: &str, request: &T) -> Answer {
    job_with(t, request, None).0.pop().unwrap()
}

#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    pub max_bytes: u64,
    pub max_entries: u64,
    pub max_ratio: u64,
}

#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Unpack {
    pub t: &'static str,
    pub source: Source,
    pub dest: String,
    pub whiteouts: &'static str,
    pub limits: Limits,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flat: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chown_to_self: Option<bool>,
}

#[derive(Serialize, Clone, Default)]
pub struct Source {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
}

pub fn unpack_request(dest: &Path) -> Unpack {
    Unpack {
        t: "unpack",
        source: Source {
            path: None,
            stream: Some(true),
        },
        dest: dest.to_str().unwrap().to_owned(),
        whiteouts: "overlay",
        limits: Limits {
            max_bytes: 1 << 30,
            max_entries: 100_000,
            max_ratio: 1000,
        },
        expected_digest: None,
        flat: None,
        chown_to_self: None,
    }
}

pub fn unpack(archive: &[u8], dest: &Path) -> Answer {
    job_with("unpack", &unpack_request(dest), Some(archive))
        .0
        .pop()
        .unwrap()
}

#[derive(Serialize)]
pub struct LayerTar {
    pub t: &'static str,
    pub upper: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out: Option<String>,
    pub compression: &'static str,
}

pub fn layer_tar(upper: &Path, compression: &'static str) -> (Answer, Vec<u8>) {
    let request = LayerTar {
        t: "layerTar",
        upper: upper.to_str().unwrap().to_owned(),
        out: None,
        compression,
    };
    let (mut answers, bytes) = job_with("layerTar", &request, None);
    (answers.pop().unwrap(), bytes)
}

#[derive(Clone, Copy)]
pub struct Show {
    /// A name that is listed and yet not there is passed by, as overlayfs shows whiteouts of a directory that covers no other.
    pub whiteouts: bool,
    pub directory_times: bool,
}

/// One line for each file below `root`: everything a tar keeps.
pub fn listing(root: &Path) -> Vec<String> {
    let show = Show {
        whiteouts: false,
        directory_times: true,
    };
    listed(root, show)
}

pub fn listed(root: &Path, show: Show) -> Vec<String> {
    use std::os::unix::fs::MetadataExt;
    let mut lines = Vec::new();
    let mut stack = vec![root.to_path_buf()];
    let mut inodes = std::collections::HashMap::new();
    while let Some(dir) = stack.pop() {
        let mut children: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path()).collect();
        children.sort();
        for path in children {
            let m = match path.symlink_metadata() {
                Err(e) if show.whiteouts && e.kind() == std::io::ErrorKind::NotFound => continue,
                m => m.unwrap(),
            };
            let name = path.strip_prefix(root).unwrap().to_owned();
            let first = inodes.entry((m.dev(), m.ino())).or_insert_with(|| name.clone()).clone();
            let content = match () {
                () if m.is_file() => format!("{:x}", fnv(&std::fs::read(&path).unwrap())),
                () if m.is_symlink() => std::fs::read_link(&path).unwrap().display().to_string(),
                () => m.rdev().to_string(),
            };
            let size = if m.is_dir() { 0 } else { m.size() };
            let xattrs = xattrs(&path);
            let time = match m.is_dir() && !show.directory_times {
                true => "-".to_owned(),
                false => format!("{}.{}", m.mtime(), m.mtime_nsec()),
            };
            lines.push(format!(
                "{} {:o} {}:{} {size} {time} {content} {} {xattrs:?}",
                name.display(),
                m.mode(),
                m.uid(),
                m.gid(),
                first.display()
            ));
            if m.is_dir() {
                stack.push(path);
            }
        }
    }
    lines.sort();
    lines
}

pub fn xattrs(path: &Path) -> Vec<(String, Vec<u8>)> {
    use std::os::fd::AsFd;
    let parent = std::fs::File::open(path.parent().unwrap()).unwrap();
    let found = hbx_storage::xattr::list_at(parent.as_fd(), path.file_name().unwrap().as_encoded_bytes()).unwrap();
    found
        .into_iter()
        .map(|(k, v)| (String::from_utf8_lossy(&k).into_owned(), v))
        .collect()
}

fn fnv(data: &[u8]) -> u64 {
    data.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3)
    })
}
