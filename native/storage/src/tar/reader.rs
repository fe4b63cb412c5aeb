//! Members of a tar stream, one after the other. Every size and name is hostile until checked.
use super::header::Header;
use super::pax::{self, Records};
use super::sparse::{self, Stretch};
use super::{BLOCK, Entry, Kind};
use crate::failure::{Failure, Outcome};
use std::io::{self, BufRead};

/// Of one extended header or long name.
const MAX_EXTENDED: u64 = 1 << 20;

pub struct Archive<R> {
    source: R,
    /// Stored bytes of the current member not yet read, and the padding after them.
    left: u64,
    padding: u64,
    map: Option<Vec<Stretch>>,
    global: Records,
    started: bool,
}

pub fn short(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::UnexpectedEof && error.get_ref().is_none_or(|e| !e.is::<Failure>()) {
        return Failure::corrupt("the archive ends in the middle of an entry");
    }
    Failure::io("read", error)
}

impl<R: BufRead> Archive<R> {
    pub fn new(source: R) -> Self {
        Archive {
            source,
            left: 0,
            padding: 0,
            map: None,
            global: Records::default(),
            started: false,
        }
    }

    pub fn into_source(self) -> R {
        self.source
    }

    pub fn source_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// The next member, `None` at the end of the archive.
    pub fn next_entry(&mut self) -> Outcome<Option<Entry>> {
        self.skip(self.left + self.padding)?;
        (self.left, self.padding, self.map) = (0, 0, None);
        let mut local: Option<Records> = None;
        let (mut long_name, mut long_link) = (None, None);
        loop {
            let mut block = [0u8; BLOCK];
            if !self.block(&mut block)? {
                let dangling = local.is_some() || long_name.is_some() || long_link.is_some();
                return if dangling {
                    Err(Failure::corrupt("an extended header is not followed by an entry"))
                } else {
                    Ok(None)
                };
            }
            let header = Header(&block);
            if header.is_zero() {
                return Ok(None);
            }
            header.verify().map_err(|e| {
                if self.started {
                    e
                } else {
                    Failure::corrupt("not a tar archive")
                }
            })?;
            self.started = true;
            match header.kind() {
                b'x' => pax::parse(
                    &self.extended(&header)?,
                    local.get_or_insert_with(|| self.global.clone()),
                )?,
                b'g' => {
                    let body = self.extended(&header)?;
                    pax::parse(&body, &mut self.global)?;
                    self.global.sparse = Default::default();
                }
                b'L' => long_name = Some(text(self.extended(&header)?)),
                b'K' => long_link = Some(text(self.extended(&header)?)),
                b'V' => self.skip(padded(header.size()?)?)?,
                _ => {
                    let mut records = local.unwrap_or_else(|| self.global.clone());
                    records.path = records.path.or(long_name);
                    records.linkpath = records.linkpath.or(long_link);
                    return self.member(&header, records).map(Some);
                }
            }
        }
    }

    fn member(&mut self, header: &Header, records: Records) -> Outcome<Entry> {
        let path = records
            .sparse
            .name
            .clone()
            .or(records.path)
            .unwrap_or_else(|| header.name());
        let kind = kind_of(header.kind(), &path)?;
        let stored = if kind == Kind::File {
            records.size.map_or_else(|| header.size(), Ok)?
        } else {
            0
        };
        padded(stored)?;
        (self.left, self.padding) = (stored, padding(stored));
        let mut size = stored;
        if header.kind() == b'S' {
            let (map, real) = sparse::read_old(header, &mut self.source)?;
            self.map = Some(sparse::checked(map, real, stored)?);
            size = real;
        } else if kind == Kind::File && (records.sparse.major.is_some() || !records.sparse.numbers.is_empty()) {
            size = records
                .sparse
                .real_size
                .ok_or_else(|| Failure::corrupt("sparse entry without a real size"))?;
            self.sparse(&records.sparse, size)?;
        }
        let mtime = records
            .mtime
            .map_or_else(|| header.field("mtime", 136, 148).map(|s| (s, 0)), Ok)?;
        let device = matches!(kind, Kind::CharDevice | Kind::BlockDevice);
        Ok(Entry {
            kind,
            path,
            link: records.linkpath.unwrap_or_else(|| header.link().to_vec()),
            mode: (header.field("mode", 100, 108)? & 0o7777) as u32,
            uid: records.uid.map_or_else(|| header.id("uid", 108, 116), Ok)?,
            gid: records.gid.map_or_else(|| header.id("gid", 116, 124), Ok)?,
            size,
            mtime,
            device: if device {
                (header.id("device", 329, 337)?, header.id("device", 337, 345)?)
            } else {
                (0, 0)
            },
            xattrs: records.xattrs,
        })
    }

    fn sparse(&mut self, records: &pax::SparseRecords, real: u64) -> Outcome<()> {
        let map = match (records.major, records.minor) {
            (Some(1), Some(0)) => {
                let (map, taken) = sparse::read_head(&mut self.source, self.left)?;
                self.left -= taken;
                map
            }
            (None | Some(0), _) => sparse::from_pairs(&records.numbers)?,
            _ => return Err(Failure::corrupt("unknown sparse format")),
        };
        self.map = Some(sparse::checked(map, real, self.left)?);
        Ok(())
    }

    /// Hands the member's bytes to `each` with their place in the file.
    pub fn data(&mut self, mut each: impl FnMut(u64, &[u8]) -> Outcome<()>) -> Outcome<()> {
        let whole = vec![Stretch {
            offset: 0,
            length: self.left,
        }];
        for stretch in self.map.take().unwrap_or(whole) {
            let mut done = 0;
            while done < stretch.length {
                let chunk = self.source.fill_buf().map_err(|e| short(&e))?;
                if chunk.is_empty() {
                    return Err(short(&io::ErrorKind::UnexpectedEof.into()));
                }
                let n = chunk
                    .len()
                    .min(usize::try_from(stretch.length - done).unwrap_or(usize::MAX));
                each(stretch.offset + done, &chunk[..n])?;
                self.source.consume(n);
                done += n as u64;
                self.left -= n as u64;
            }
        }
        Ok(())
    }

    /// Reads what follows the end marker, so that digests cover the whole stream.
    pub fn drain(&mut self) -> Outcome<()> {
        loop {
            let n = self.source.fill_buf().map_err(|e| short(&e))?.len();
            if n == 0 {
                return Ok(());
            }
            self.source.consume(n);
        }
    }

    fn extended(&mut self, header: &Header) -> Outcome<Vec<u8>> {
        let size = header.size()?;
        if size > MAX_EXTENDED {
            return Err(Failure::limit("extended header is larger than 1 MiB"));
        }
        let mut body = vec![0u8; size as usize];
        self.source.read_exact(&mut body).map_err(|e| short(&e))?;
        self.skip(padding(size))?;
        Ok(body)
    }

    /// False at a clean end of the stream.
    fn block(&mut self, block: &mut [u8; BLOCK]) -> Outcome<bool> {
        if self.source.fill_buf().map_err(|e| short(&e))?.is_empty() {
            return Ok(false);
        }
        self.source.read_exact(block).map_err(|e| short(&e)).map(|()| true)
    }

    fn skip(&mut self, mut bytes: u64) -> Outcome<()> {
        while bytes > 0 {
            let have = self.source.fill_buf().map_err(|e| short(&e))?.len();
            if have == 0 {
                return Err(short(&io::ErrorKind::UnexpectedEof.into()));
            }
            let n = have.min(usize::try_from(bytes).unwrap_or(usize::MAX));
            self.source.consume(n);
            bytes -= n as u64;
        }
        Ok(())
    }
}

fn text(mut body: Vec<u8>) -> Vec<u8> {
    body.truncate(body.iter().position(|b| *b == 0).unwrap_or(body.len()));
    body
}

fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

/// Refuses sizes whose sum with the padding would overflow any offset.
fn padded(size: u64) -> Outcome<u64> {
    if size > i64::MAX as u64 - BLOCK as u64 {
        return Err(Failure::corrupt("an entry is larger than any file can be"));
    }
    Ok(size + padding(size))
}

fn kind_of(flag: u8, path: &[u8]) -> Outcome<Kind> {
    Ok(match flag {
        0 | b'0' if path.ends_with(b"/") => Kind::Directory,
        0 | b'0' | b'7' | b'S' => Kind::File,
        b'1' => Kind::HardLink,
        b'2' => Kind::Symlink,
        b'3' => Kind::CharDevice,
        b'4' => Kind::BlockDevice,
        b'5' => Kind::Directory,
        b'6' => Kind::Fifo,
        other => return Err(Failure::corrupt(format!("entry of unknown type {:?}", other as char)).at(path)),
    })
}
