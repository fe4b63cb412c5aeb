//! The store's jobs, and images mounted as containers see them.
use super::support::{Answer, Limits, Source, job, job_with};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Ingest {
    pub t: &'static str,
    pub store: String,
    pub source: Source,
    pub limits: Limits,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_diff_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
}

pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

pub fn ingest_request(store: &Path) -> Ingest {
    Ingest {
        t: "layerIngest",
        store: text(store),
        source: Source {
            path: None,
            stream: Some(true),
        },
        limits: Limits {
            max_bytes: 8 << 30,
            max_entries: 2_000_000,
            max_ratio: 1000,
        },
        expected_digest: None,
        expected_diff_id: None,
        blob: None,
    }
}

pub fn ingest(archive: &[u8], store: &Path) -> Answer {
    job_with("layerIngest", &ingest_request(store), Some(archive))
        .0
        .pop()
        .unwrap()
}

pub fn ingest_file(archive: &Path, store: &Path) -> Answer {
    let mut request = ingest_request(store);
    request.source = Source {
        path: Some(text(archive)),
        stream: None,
    };
    job("layerIngest", &request)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TarCat {
    pub t: &'static str,
    pub store: String,
    pub diff_id: String,
    pub compression: &'static str,
}

pub fn tar_cat(store: &Path, diff_id: &str) -> (Answer, Vec<u8>) {
    let request = TarCat {
        t: "tarCat",
        store: text(store),
        diff_id: diff_id.to_owned(),
        compression: "none",
    };
    let (mut answers, bytes) = job_with("tarCat", &request, None);
    (answers.pop().unwrap(), bytes)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compose {
    pub t: &'static str,
    pub store: String,
    pub diff_ids: Vec<String>,
    pub out: String,
}

pub fn compose(store: &Path, diff_ids: &[String], out: &Path) -> Answer {
    let request = Compose {
        t: "imageCompose",
        store: text(store),
        diff_ids: diff_ids.to_vec(),
        out: text(out),
    };
    job("imageCompose", &request)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Upkeep {
    pub t: &'static str,
    pub store: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<Vec<Vec<String>>>,
}

fn upkeep(t: &'static str, store: &Path) -> Upkeep {
    Upkeep {
        t,
        store: text(store),
        content: None,
        remove: None,
        images: None,
    }
}

pub fn collect(store: &Path) -> Answer {
    job("objectsCollect", &upkeep("objectsCollect", store))
}

/// `bad` frames, and `done` at the end.
pub fn verify(store: &Path, remove: bool) -> Vec<Answer> {
    let request = Upkeep {
        content: Some(true),
        remove: Some(remove),
        ..upkeep("storeVerify", store)
    };
    job_with("storeVerify", &request, None).0
}

pub fn usage(store: &Path, images: Vec<Vec<String>>) -> Answer {
    let request = Upkeep {
        images: Some(images),
        ..upkeep("storeUsage", store)
    };
    job("storeUsage", &request)
}

#[derive(Serialize)]
struct TreeDiff {
    t: &'static str,
    from: String,
    to: String,
}

/// Of two composed images: kind and path of each change, sorted.
pub fn tree_diff(from: &Path, to: &Path) -> Vec<(i32, String)> {
    let tree = |image: &Path| format!("{}.tree", text(image));
    let request = TreeDiff {
        t: "treeDiff",
        from: tree(from),
        to: tree(to),
    };
    let mut frames = job_with("treeDiff", &request, None).0;
    let done = frames.pop().unwrap();
    assert_eq!(
        (done.t.as_str(), done.changes),
        ("done", frames.len() as u64),
        "{done:?}"
    );
    let mut changes: Vec<_> = frames.into_iter().map(|f| (f.kind, f.path.unwrap())).collect();
    changes.sort();
    changes
}

/// What `fsck.erofs` has to say, where it is installed.
pub fn fsck(image: &Path) {
    match Command::new("fsck.erofs").arg(image).output() {
        Ok(done) => assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr)),
        Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::NotFound),
    }
}

/// An image under overlayfs, as a container sees it: this thread has a mount namespace of its own.
pub struct Mounted {
    dir: PathBuf,
}

impl Mounted {
    /// Below `dir`, an empty directory on a file system that can be an upper layer.
    pub fn new(image: &Path, objects: &Path, dir: &Path) -> Mounted {
        own_mounts();
        for name in ["erofs", "upper", "work", "merged"] {
            std::fs::create_dir_all(dir.join(name)).unwrap();
        }
        let at = |name: &str| text(&dir.join(name));
        run("mount", &["-t", "erofs", "-o", "ro", &text(image), &at("erofs")]);
        let options = format!(
            "lowerdir={}::{},upperdir={},workdir={}",
            at("erofs"),
            text(objects),
            at("upper"),
            at("work")
        );
        run("mount", &["-t", "overlay", "overlay", "-o", &options, &at("merged")]);
        Mounted { dir: dir.to_owned() }
    }

    pub fn merged(&self) -> PathBuf {
        self.dir.join("merged")
    }

    pub fn erofs(&self) -> PathBuf {
        self.dir.join("erofs")
    }

    pub fn upper(&self) -> PathBuf {
        self.dir.join("upper")
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        for name in ["merged", "erofs"] {
            let _ = Command::new("umount").arg(self.dir.join(name)).status();
        }
    }
}

/// Mounts of a test are seen by nobody else and gone with its thread.
pub fn own_mounts() {
    // SAFETY: integers and constant strings; concerns this thread and what it starts.
    unsafe {
        assert_eq!(libc::unshare(libc::CLONE_NEWNS), 0);
        let none = c"none".as_ptr();
        let flags = libc::MS_REC | libc::MS_PRIVATE;
        assert_eq!(libc::mount(none, c"/".as_ptr(), none, flags, std::ptr::null()), 0);
    }
}

pub fn run(program: &str, args: &[&str]) {
    let done = Command::new(program).args(args).output().unwrap();
    assert!(
        done.status.success(),
        "{program} {args:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}
