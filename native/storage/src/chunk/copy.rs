//! The job `chunkCopy`: pieces of a layer's uncompressed content, written to their places in another file.
use crate::conn::Job;
use crate::failure::{During, Failure, Outcome};
use crate::stream::pipeline::{Limits, Pipeline};
use crate::sys;
use crate::unpack::job::{Source, UnpackLimits};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, Read};
use std::os::unix::fs::FileExt;

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChunkCopy {
    #[serde(rename = "t")]
    _t: String,
    source: Source,
    limits: UnpackLimits,
    /// There already.
    out: String,
    /// 20 bytes each: offset in the source, length, offset in `out`. Sorted by the first; a piece may be wanted more than once.
    #[serde(with = "serde_bytes")]
    pieces: Vec<u8>,
}

#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Copied {
    t: &'static str,
    size_bytes: u64,
}

struct Piece {
    from: u64,
    length: u64,
    to: u64,
}

const PIECE: usize = 20;
const BUFFER: usize = 256 << 10;

pub fn run(request: &ChunkCopy, job: &Job) -> Outcome<Copied> {
    let pieces = parse(&request.pieces)?;
    let flags = libc::O_WRONLY | libc::O_NOFOLLOW;
    let out = File::from(sys::open(request.out.as_bytes(), flags, 0).during_at("open", request.out.as_bytes())?);
    let limits = Limits {
        max_bytes: request.limits.max_bytes,
        max_ratio: request.limits.max_ratio,
    };
    let mut source = Pipeline::start(request.source.open(job)?, limits);
    let (mut at, mut copied) = (0u64, 0u64);
    // A piece that is wanted again begins before where the source stands: it is taken from where it was written.
    let mut last: Option<&Piece> = None;
    let mut buffer = vec![0; BUFFER];
    for piece in &pieces {
        job.check()?;
        if let Some(same) = last.filter(|last| last.from == piece.from && last.length == piece.length) {
            again(&request.out, same, piece, &out, &mut buffer)?;
        } else if piece.from < at {
            return Err(Failure::new("protocol", libc::EINVAL).saying("the pieces overlap or are not sorted"));
        } else {
            skip(&mut source, piece.from - at)?;
            let mut done = 0;
            while done < piece.length {
                let wanted = buffer.len().min((piece.length - done) as usize);
                source.read_exact(&mut buffer[..wanted]).map_err(|e| short(&e))?;
                out.write_all_at(&buffer[..wanted], piece.to + done).during("write")?;
                done += wanted as u64;
            }
            at = piece.from + piece.length;
            last = Some(piece);
        }
        copied += piece.length;
    }
    // Read to its end: who sends it would hear of a broken connection before the answer.
    loop {
        let have = source.fill_buf().map_err(|e| short(&e))?.len();
        if have == 0 {
            break;
        }
        source.consume(have);
    }
    source.totals()?;
    Ok(Copied {
        t: "done",
        size_bytes: copied,
    })
}

fn again(out_path: &str, same: &Piece, piece: &Piece, out: &File, buffer: &mut [u8]) -> Outcome<()> {
    let written = File::open(out_path).during_at("open", out_path.as_bytes())?;
    let mut done = 0;
    while done < piece.length {
        let wanted = buffer.len().min((piece.length - done) as usize);
        written
            .read_exact_at(&mut buffer[..wanted], same.to + done)
            .during("read")?;
        out.write_all_at(&buffer[..wanted], piece.to + done).during("write")?;
        done += wanted as u64;
    }
    Ok(())
}

fn skip(source: &mut impl BufRead, mut count: u64) -> Outcome<()> {
    while count > 0 {
        let have = source.fill_buf().map_err(|e| short(&e))?.len();
        if have == 0 {
            return Err(short(&io::ErrorKind::UnexpectedEof.into()));
        }
        let take = have.min(usize::try_from(count).unwrap_or(have));
        source.consume(take);
        count -= take as u64;
    }
    Ok(())
}

fn short(error: &io::Error) -> Failure {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Failure>()) {
        Some(failure) => failure.clone(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            Failure::corrupt("the content ends before a piece that is wanted")
        }
        None => Failure::io("read", error),
    }
}

fn parse(bytes: &[u8]) -> Outcome<Vec<Piece>> {
    let (pieces, rest) = bytes.as_chunks::<PIECE>();
    if !rest.is_empty() {
        return Err(Failure::new("protocol", libc::EINVAL).saying("pieces are 20 bytes each"));
    }
    let number = |bytes: &[u8]| bytes.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    let parsed = pieces.iter().map(|piece| Piece {
        from: number(&piece[..8]),
        length: number(&piece[8..12]),
        to: number(&piece[12..]),
    });
    let pieces: Vec<_> = parsed.collect();
    let fits = |piece: &Piece| piece.from.checked_add(piece.length).is_some() && piece.to < 1 << 50;
    if pieces.iter().all(fits) {
        return Ok(pieces);
    }
    Err(Failure::new("protocol", libc::EINVAL).saying("a piece is out of range"))
}
