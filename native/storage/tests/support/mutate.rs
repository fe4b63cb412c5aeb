//! Archives, damaged in fixed pseudo-random ways.
use super::archive::{Archive, gzip, pax_body, seal};

pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
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

pub fn mutate(seed: &[u8], random: &mut Random) -> Vec<u8> {
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
