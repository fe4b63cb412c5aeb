//! Valid archives, damaged in fixed pseudo-random ways: never a panic, a hang, or a file outside the destination.
#[allow(dead_code)]
#[path = "support/archive.rs"]
mod archive;
#[allow(dead_code)]
mod support;
use archive::{Archive, gzip, pax_body, seal};
use std::fs;
use std::time::{Duration, Instant};
use support::{Scratch, job_with, unpack_request};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let sparse = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.realsize", "2000"),
        ("GNU.sparse.name", "s"),
    ];
    let everything = Archive::default()
        .dir("d")
        .file("d/f", b"hello")
        .symlink("d/up", "../../..")
        .file("d/up/x", b"y")
        .hard_link("d/h", "d/f")
        .special(b'6', "fifo", b"")
        .special(b'L', "long", b"d/a-long-name\0")
        .file("short", b"1")
        .special(b'g', "g", &pax_body(&[("comment", "x"), ("mtime", "1.5")]))
        .pax(&[("path", "d/pax"), ("SCHILY.xattr.user.x", "1"), ("uid", "7")])
        .file("p", b"2")
        .pax(&sparse)
        .file("sparse", &[&b"1\n1000\n5\n"[..], &[0; 503], b"12345"].concat())
        .file("d/.wh.gone", b"")
        .file("d/.wh..wh..opq", b"")
        .dir("d/f")
        .end();
    vec![
        everything.clone(),
        gzip(&everything),
        zstd::encode_all(&everything[..], 3).unwrap(),
    ]
}

fn mutate(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut data = seed.to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(data.len());
        match random.below(7) {
            0 => data[at] = random.next() as u8,
            1 => data[at] ^= 1 << random.below(8),
            2 => data.truncate(at.max(1)),
            3 => {
                let end = (at + 512).min(data.len());
                data.drain(at / 512 * 512..end);
            }
            4 => {
                let block = data[at / 512 * 512..].iter().take(512).copied().collect::<Vec<_>>();
                data.splice(at / 512 * 512..at / 512 * 512, block);
            }
            5 => {
                let words: [&[u8]; 8] = [
                    b"../",
                    b"/",
                    b"\0",
                    b"99999999",
                    b"\xff\xff\xff\xff",
                    b".wh.",
                    b"GNU.sparse.map=1,2",
                    b"path=../../x",
                ];
                for (place, b) in data[at..].iter_mut().zip(words[random.below(words.len())]) {
                    *place = *b;
                }
            }
            _ => {}
        }
        if data.is_empty() {
            data.push(0);
        }
    }
    // Half of them with sound checksums, so that the damage is not found out at once.
    if random.below(2) == 0 {
        for block in data.chunks_exact_mut(512) {
            if &block[257..262] == b"ustar" {
                seal(block);
            }
        }
    }
    data
}

#[test]
fn damaged_archives_never_panic_hang_or_escape() {
    let mut random = Random(0x5eed_cafe_f00d_0001);
    let (scratch, seeds) = (Scratch::new(), seeds());
    fs::create_dir(scratch.join("outside")).unwrap();
    let (mut done, mut failed) = (0, 0);
    for round in 0..1500 {
        let data = mutate(&seeds[[0, 0, 0, 1, 2][random.below(5)]], &mut random);
        let dest = scratch.dir("dest");
        let from = Instant::now();
        let mut request = unpack_request(&dest);
        request.limits.max_bytes = 8 << 20;
        let answer = job_with("unpack", &request, Some(&data)).0.pop().unwrap();
        assert!(from.elapsed() < Duration::from_secs(5), "round {round}");
        match answer.t.as_str() {
            "done" => done += 1,
            _ => {
                assert!(!answer.step.is_empty(), "round {round}: {answer:?}");
                failed += 1;
            }
        }
        let beside: Vec<_> = fs::read_dir(&scratch.0)
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(beside.len(), 2, "round {round}: {beside:?}");
        assert_eq!(
            fs::read_dir(scratch.join("outside")).unwrap().count(),
            0,
            "round {round}"
        );
        let removed = support::job(
            "removeTree",
            &Remove {
                t: "removeTree",
                path: dest.to_str().unwrap(),
            },
        );
        assert_eq!(removed.t, "done", "round {round}: {removed:?}");
    }
    assert!(done > 50 && failed > 50, "{done} done, {failed} failed");
}

#[derive(serde::Serialize)]
struct Remove<'a> {
    t: &'a str,
    path: &'a str,
}
