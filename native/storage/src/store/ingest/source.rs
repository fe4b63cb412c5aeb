//! Where a layer's bytes come from, and the copy that may be kept of them.
use crate::conn::Job;
use crate::failure::{During, Failure, Outcome};
use crate::sys;
use serde::Deserialize;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct IngestSource {
    path: Option<String>,
    offset: Option<u64>,
    length: Option<u64>,
    stream: Option<bool>,
}

pub fn open(source: &IngestSource, job: &Job) -> Outcome<Box<dyn Read + Send>> {
    let part = source.offset.is_some() || source.length.is_some();
    match (&source.path, source.stream) {
        (Some(path), None | Some(false)) if !part => job.file(path),
        (Some(path), None | Some(false)) => {
            let at = path.as_bytes();
            let mut file = File::from(sys::open(at, libc::O_RDONLY | libc::O_NOCTTY, 0).during_at("open", at)?);
            file.seek(SeekFrom::Start(source.offset.unwrap_or(0)))
                .during_at("open", at)?;
            Ok(Box::new(file.take(source.length.unwrap_or(u64::MAX))))
        }
        (None, Some(true)) if !part => job.stream(),
        _ => Err(Failure::new("protocol", 0).saying("source must be either a path or a stream")),
    }
}

/// A file that gets the bytes as they come; removed unless it is kept.
pub struct Blob {
    path: Option<Vec<u8>>,
    kept: Cell<bool>,
    file: Option<File>,
}

impl Blob {
    pub fn new(path: Option<&str>) -> Outcome<Blob> {
        let path = path.map(|path| path.as_bytes().to_vec());
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW;
        let file = path
            .as_deref()
            .map(|path| sys::open(path, flags, 0o644).during_at("write", path))
            .transpose()?;
        Ok(Blob {
            path,
            kept: Cell::new(false),
            file: file.map(File::from),
        })
    }

    pub fn copying(&self, source: Box<dyn Read + Send>) -> Outcome<Box<dyn Read + Send>> {
        let Some(file) = &self.file else { return Ok(source) };
        let to = file.try_clone().during("write")?;
        Ok(Box::new(Copying { source, to }))
    }

    pub fn keep(&self) {
        self.kept.set(true);
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        if let (false, Some(path)) = (self.kept.get(), &self.path) {
            let _ = sys::unlinkat(sys::cwd(), path, 0);
        }
    }
}

struct Copying {
    source: Box<dyn Read + Send>,
    to: File,
}

impl Read for Copying {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(out)?;
        self.to
            .write_all(&out[..n])
            .map_err(|e| io::Error::from(Failure::io("write", &e).at(b"blob")))?;
        Ok(n)
    }
}
