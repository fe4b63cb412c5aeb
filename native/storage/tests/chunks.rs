//! Chunks: version n+1 of a content costs what is new in it, and nothing is handed out that was not checked.
#[allow(dead_code)]
#[path = "support/archive.rs"]
mod archive;
#[allow(dead_code)]
mod support;
use archive::gzip;
use hbx_protocol::frame;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use support::{Limits, Scratch, Source, job_with};

#[derive(Serialize, Default, Clone)]
#[serde(rename_all = "camelCase")]
struct Request {
    t: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<Limits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pieces: Option<serde_bytes::ByteBuf>,
}

#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    t: String,
    step: String,
    digest: String,
    diff_id: String,
    size_bytes: u64,
    new_chunks: u64,
    new_bytes: u64,
    removed: u64,
    kept: u64,
    removed_bytes: u64,
    chunks: serde_bytes::ByteBuf,
}

/// `chunks` is a number in one answer and bytes in another.
#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "camelCase", default)]
struct Put {
    t: String,
    step: String,
    digest: String,
    new_bytes: u64,
}

fn ask<A: for<'a> Deserialize<'a>>(request: &Request) -> A {
    let (ours, theirs) = UnixStream::pair().unwrap();
    hbx_storage::run(request.t, &frame::encode(request)[4..], &theirs);
    frame::parse(&frame::read(&ours).unwrap().unwrap()).unwrap()
}

fn path(path: &Path) -> Option<Source> {
    Some(Source {
        path: Some(path.to_str().unwrap().to_owned()),
        stream: None,
    })
}

fn limits() -> Option<Limits> {
    Some(Limits {
        max_bytes: 1 << 30,
        max_entries: 1000,
        max_ratio: 1000,
    })
}

struct Lab(Scratch);

impl Lab {
    fn new() -> Lab {
        Lab(Scratch::new())
    }

    fn store(&self) -> PathBuf {
        self.0.join("chunks")
    }

    fn request(&self, t: &'static str) -> Request {
        Request {
            t,
            store: Some(self.store().to_str().unwrap().to_owned()),
            ..Request::default()
        }
    }

    fn put(&self, content: &[u8]) -> Put {
        let file = self.0.join("content");
        fs::write(&file, content).unwrap();
        ask(&Request {
            source: path(&file),
            ..self.request("chunkPut")
        })
    }

    /// The last answer's step, and the bytes that came before it.
    fn cat(&self, digest: &str, range: Option<(u64, u64)>) -> (String, Vec<u8>) {
        let request = Request {
            digest: Some(digest.to_owned()),
            offset: range.map(|range| range.0),
            length: range.map(|range| range.1),
            ..self.request("chunkCat")
        };
        let (answers, bytes) = job_with("chunkCat", &request, None);
        (answers.last().unwrap().step.clone(), bytes)
    }

    fn collect(&self, keep: &[&str]) -> Answer {
        ask(&Request {
            keep: Some(keep.iter().map(|text| (*text).to_owned()).collect()),
            ..self.request("chunkCollect")
        })
    }

    fn files(&self, dir: &str) -> usize {
        fs::read_dir(self.store().join(dir)).unwrap().count()
    }
}

fn noise(length: usize, mut seed: u64) -> Vec<u8> {
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    (0..length.div_ceil(8))
        .flat_map(|_| next().to_le_bytes())
        .take(length)
        .collect()
}

#[test]
fn a_second_version_costs_its_new_chunks_and_both_come_back() {
    let lab = Lab::new();
    let first = noise(20 << 20, 1);
    let mut second = first.clone();
    second.splice(9 << 20..9 << 20, noise(1000, 2));
    second.extend(noise(100_000, 3));
    let (one, two) = (lab.put(&first), lab.put(&second));
    assert_eq!((one.t.as_str(), one.new_bytes), ("done", 20 << 20), "{one:?}");
    assert!(two.new_bytes < 1 << 20, "{two:?}");
    assert_eq!(lab.put(&second).new_bytes, 0);
    assert_eq!(lab.cat(&one.digest, None).1, first);
    assert_eq!(lab.cat(&two.digest, None).1, second);
    for (offset, length) in [
        (0, 1),
        (1000, 300_000),
        ((9 << 20) - 5, 2000),
        ((20 << 20) - 7, 1 << 30),
        (1 << 40, 5),
    ] {
        let end = (offset + length).min(second.len());
        let expected = if offset < end { &second[offset..end] } else { &[][..] };
        assert_eq!(lab.cat(&two.digest, Some((offset as u64, length as u64))).1, expected);
    }
    assert_eq!(lab.files("drafts"), 0);
}

#[test]
fn a_content_that_repeats_itself_is_stored_once() {
    let lab = Lab::new();
    let zeros = vec![0; 30 << 20];
    let put = lab.put(&zeros);
    assert!(put.new_bytes <= 512 << 10, "{put:?}");
    assert_eq!(lab.cat(&put.digest, None).1, zeros);
    let empty = lab.put(b"");
    assert_eq!((empty.t.as_str(), lab.cat(&empty.digest, None).1.len()), ("done", 0));
}

#[test]
fn another_digest_than_announced_leaves_nothing() {
    let lab = Lab::new();
    let file = lab.0.join("content");
    fs::write(&file, noise(1 << 20, 1)).unwrap();
    let answer: Put = ask(&Request {
        source: path(&file),
        expected_digest: Some(format!("sha256:{}", "0".repeat(64))),
        ..lab.request("chunkPut")
    });
    assert_eq!(answer.step, "digest");
    assert_eq!([lab.files("packs"), lab.files("lists"), lab.files("drafts")], [0; 3]);
}

#[test]
fn a_damaged_chunk_is_not_handed_out() {
    let lab = Lab::new();
    let put = lab.put(&noise(1 << 20, 1));
    let packs = fs::read_dir(lab.store().join("packs"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pack = packs
        .into_iter()
        .find(|path| path.extension().unwrap() == "pack")
        .unwrap();
    let mut bytes = fs::read(&pack).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&pack, bytes).unwrap();
    let (step, sent) = lab.cat(&put.digest, None);
    assert_eq!(step, "digest");
    assert!(sent.len() < 1 << 20);
    assert_eq!(lab.cat(&format!("sha256:{}", "0".repeat(64)), None).0, "open");
}

#[test]
fn a_collection_frees_what_is_not_kept_and_what_a_dead_job_left() {
    let lab = Lab::new();
    let shared = noise(4 << 20, 1);
    let first = [&shared[..], &noise(6 << 20, 2)].concat();
    let second = [&shared[..], &noise(1 << 20, 3)].concat();
    let (one, two) = (lab.put(&first), lab.put(&second));
    fs::write(lab.store().join("drafts/left"), b"x").unwrap();
    fs::write(lab.store().join("packs/left.pack"), b"x").unwrap();
    let done = lab.collect(&[&two.digest]);
    assert_eq!((done.kept, done.removed), (1, 1), "{done:?}");
    assert!(done.removed_bytes > 5 << 20, "{done:?}");
    assert_eq!(lab.cat(&two.digest, None).1, second);
    assert_eq!(lab.cat(&one.digest, None).0, "open");
    assert_eq!(lab.files("drafts"), 0);
    assert!(!lab.store().join("packs/left.pack").exists());
    lab.collect(&[]);
    assert_eq!([lab.files("packs"), lab.files("lists")], [0; 2]);
}

#[test]
fn a_layer_is_put_together_from_the_chunks_of_another_and_a_few_new_ones() {
    let lab = Lab::new();
    let mut tar = archive::Archive::default().file("data", &noise(8 << 20, 1)).end();
    let old = lab.0.join("old");
    fs::write(&old, gzip(&tar)).unwrap();
    tar.splice(4_000_000..4_000_010, noise(500, 9));
    let new = lab.0.join("new");
    fs::write(&new, gzip(&tar)).unwrap();
    let list = |file: &Path| -> Answer {
        ask(&Request {
            t: "chunkList",
            source: path(file),
            limits: limits(),
            ..Request::default()
        })
    };
    let (have, want) = (list(&old), list(&new));
    assert_eq!(want.diff_id, format!("sha256:{}", text(&Sha256::digest(&tar))));
    let parts = |answer: &Answer| -> Vec<([u8; 32], u64, u64)> {
        let mut at = 0;
        let of = |part: &[u8]| {
            let length = u64::from(u32::from_be_bytes(part[32..].try_into().unwrap()));
            at += length;
            (part[..32].try_into().unwrap(), at - length, length)
        };
        answer.chunks.chunks(36).map(of).collect()
    };
    let (have, parts) = (parts(&have), parts(&want));
    let out = lab.0.join("out");
    fs::File::create(&out).unwrap().set_len(want.size_bytes).unwrap();
    let (mut from_old, mut from_new) = (Vec::new(), Vec::new());
    for (hash, at, length) in parts {
        match have.iter().find(|(other, ..)| *other == hash) {
            Some((_, from, _)) => from_old.push((*from, length, at)),
            None => from_new.push((at, length, at)),
        }
    }
    let copy = |file: &Path, mut pieces: Vec<(u64, u64, u64)>| -> Answer {
        pieces.sort_unstable();
        let bytes = pieces.iter().flat_map(|(from, length, to)| {
            [
                &from.to_be_bytes()[..],
                &(*length as u32).to_be_bytes(),
                &to.to_be_bytes(),
            ]
            .concat()
        });
        ask(&Request {
            t: "chunkCopy",
            source: path(file),
            limits: limits(),
            out: Some(out.to_str().unwrap().to_owned()),
            pieces: Some(serde_bytes::ByteBuf::from(bytes.collect::<Vec<u8>>())),
            ..Request::default()
        })
    };
    copy(&old, from_old);
    let fetched = copy(&new, from_new);
    assert!(fetched.size_bytes < 600 << 10, "{}", fetched.size_bytes);
    assert!(fs::read(&out).unwrap() == tar);
    assert_eq!(copy(&new, vec![(100, 50, 0), (120, 50, 0)]).step, "protocol");
    assert_eq!(copy(&new, vec![(1 << 40, 50, 0)]).step, "corrupt");
    assert_eq!(copy(&new, vec![(7, 5, 0), (7, 5, 5)]).t, "done");
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
