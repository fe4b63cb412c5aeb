//! Archives made field by field, also such as no sane program makes.

#[derive(Clone, Default)]
pub struct Archive(pub Vec<u8>);

pub struct Member<'a> {
    pub name: &'a str,
    pub kind: u8,
    pub link: &'a str,
    pub mode: u32,
    pub data: &'a [u8],
    pub size: Option<Vec<u8>>,
    pub device: (u32, u32),
}

impl Default for Member<'_> {
    fn default() -> Self {
        Member {
            name: "",
            kind: b'0',
            link: "",
            mode: 0o644,
            data: b"",
            size: None,
            device: (0, 0),
        }
    }
}

pub fn octal(value: u64, width: usize) -> Vec<u8> {
    let mut text = format!("{value:0width$o}", width = width - 1).into_bytes();
    text.push(0);
    text
}

impl Archive {
    pub fn member(mut self, m: Member) -> Self {
        let mut block = [0u8; 512];
        let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &m.name.as_bytes()[..m.name.len().min(100)]);
        put(100, &octal(u64::from(m.mode), 8));
        put(108, &octal(0, 8));
        put(116, &octal(0, 8));
        put(124, &m.size.unwrap_or_else(|| octal(m.data.len() as u64, 12)));
        put(136, &octal(1_000_000_000, 12));
        put(156, &[m.kind]);
        put(157, m.link.as_bytes());
        put(257, b"ustar\x0000");
        put(329, &octal(u64::from(m.device.0), 8));
        put(337, &octal(u64::from(m.device.1), 8));
        seal(&mut block);
        self.0.extend_from_slice(&block);
        self.data(m.data)
    }

    fn data(mut self, data: &[u8]) -> Self {
        self.0.extend_from_slice(data);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub fn file(self, name: &str, data: &[u8]) -> Self {
        self.member(Member {
            name,
            data,
            ..Member::default()
        })
    }

    pub fn dir(self, name: &str) -> Self {
        self.member(Member {
            name,
            kind: b'5',
            mode: 0o755,
            ..Member::default()
        })
    }

    pub fn symlink(self, name: &str, link: &str) -> Self {
        self.member(Member {
            name,
            kind: b'2',
            link,
            mode: 0o777,
            ..Member::default()
        })
    }

    pub fn hard_link(self, name: &str, link: &str) -> Self {
        self.member(Member {
            name,
            kind: b'1',
            link,
            ..Member::default()
        })
    }

    pub fn special(self, kind: u8, name: &str, data: &[u8]) -> Self {
        self.member(Member {
            name,
            kind,
            data,
            ..Member::default()
        })
    }

    /// A PAX header for the next member.
    pub fn pax(self, records: &[(&str, &str)]) -> Self {
        self.special(b'x', "pax", &pax_body(records))
    }

    pub fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

pub fn pax_body(records: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (key, value) in records {
        hbx_storage::tar::pax::write(&mut body, key.as_bytes(), value.as_bytes());
    }
    body
}

pub fn seal(block: &mut [u8]) {
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|b| u64::from(*b)).sum();
    block[148..155].copy_from_slice(&octal(sum, 7));
}

pub fn gzip(data: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}
