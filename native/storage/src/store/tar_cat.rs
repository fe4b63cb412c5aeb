//! The job `tarCat`: recipe and objects become the layer's tar again.
use super::place::{Hash, Store, hex, object_name, parse_id};
use super::recipe::{self, Step};
use crate::conn::{Job, Streaming};
use crate::failure::{During, Failure, Outcome};
use crate::stream::compress::{Compression, Packer};
use crate::stream::pipeline::Totals;
use crate::sys;
use crate::tar::sparse::Stretch;
use hbx_protocol::stream::StreamWriter;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TarCat {
    #[serde(rename = "t")]
    _t: String,
    store: String,
    diff_id: String,
    out: Option<String>,
    compression: Compression,
}

#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Catted {
    t: &'static str,
    digest: String,
    diff_id: String,
    size_bytes: u64,
    compressed_bytes: u64,
}

pub fn run(request: &TarCat, job: &Job) -> Outcome<Catted> {
    let store = Store::open(&request.store)?;
    let id = parse_id(&request.diff_id)?;
    let recipe = open_recipe(&store, &id)?;
    let Some(out) = &request.out else {
        job.send(&Streaming::new())?;
        let mut stream = StreamWriter::new(job.writer()?);
        let done = cat(&store, recipe, request, &mut stream, job);
        // The section ends in any case: a failure is told after it.
        let finished = stream.finish().during("stream");
        return done.and_then(|done| finished.map(|_| done));
    };
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC | libc::O_NOFOLLOW;
    let file = File::from(sys::open(out.as_bytes(), flags, 0o600).during_at("write", out.as_bytes())?);
    let done = cat(&store, recipe, request, file, job);
    if done.is_err() {
        let _ = std::fs::remove_file(out);
    }
    done
}

pub fn open_recipe(store: &Store, id: &Hash) -> Outcome<File> {
    let name = [&b"recipes/"[..], &hex(id)].concat();
    sys::openat(store.root(), &name, libc::O_RDONLY, 0)
        .during_at("open", &name)
        .map(File::from)
}

fn cat<W: Write>(store: &Store, recipe: File, request: &TarCat, to: W, job: &Job) -> Outcome<Catted> {
    let mut packer = Packer::new(BufWriter::with_capacity(128 << 10, to), request.compression).during("write")?;
    let mut buffer = vec![0; 256 << 10];
    recipe::read(recipe, |step| {
        job.check()?;
        match step {
            Step::Raw(bytes) => packer.write_all(bytes).during("write"),
            Step::Object(hash, stretches) => object(store, &hash, &stretches, &mut buffer, job, &mut packer),
        }
    })?;
    let (
        mut to,
        Totals {
            digest,
            diff_id,
            bytes,
            compressed,
        },
    ) = packer.finish().during("write")?;
    to.flush().during("write")?;
    if diff_id != request.diff_id {
        let text = format!("the store's content has {diff_id} instead of {}", request.diff_id);
        return Err(Failure::new("digest", libc::EBADMSG).saying(text));
    }
    Ok(Catted {
        t: "done",
        digest,
        diff_id,
        size_bytes: bytes,
        compressed_bytes: compressed,
    })
}

fn object(
    store: &Store,
    hash: &Hash,
    stretches: &[Stretch],
    buffer: &mut [u8],
    job: &Job,
    to: &mut impl Write,
) -> Outcome<()> {
    let name = object_name(hash);
    let fd = sys::openat(store.objects(), &name, libc::O_RDONLY, 0).during_at("open", &name)?;
    let mut file = File::from(fd);
    let mut at = 0;
    for stretch in stretches {
        if stretch.offset != at {
            file.seek(SeekFrom::Start(stretch.offset)).during_at("read", &name)?;
        }
        at = stretch.offset + stretch.length;
        let mut left = stretch.length;
        while left > 0 {
            job.check()?;
            let n = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            file.read_exact(&mut buffer[..n]).during_at("read", &name)?;
            to.write_all(&buffer[..n]).during("write")?;
            left -= n as u64;
        }
    }
    drop(file);
    Ok(())
}
