//! A layer's tar without the contents of its files: what stands between them, byte for byte, and which objects belong
//! where. A zstd stream of operations.
use super::place::Hash;
use crate::failure::{During, Failure, Outcome};
use crate::tar::sparse::Stretch;
use std::io::{self, Read, Write};

const MAGIC: &[u8; 8] = b"HBXRCPE1";
const RAW: u8 = 1;
const OBJECT: u8 = 2;
const END: u8 = 3;
const RUN: usize = 32 << 10;
/// Headers differ from their neighbours in few bytes; more effort finds little more.
const LEVEL: i32 = 1;

pub struct Writer<W: Write> {
    to: zstd::Encoder<'static, W>,
    run: Vec<u8>,
}

impl<W: Write> Writer<W> {
    pub fn new(to: W) -> io::Result<Self> {
        let mut to = zstd::Encoder::new(to, LEVEL)?;
        to.include_checksum(true)?;
        to.write_all(MAGIC)?;
        Ok(Writer {
            to,
            run: Vec::with_capacity(2 * RUN),
        })
    }

    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.run.extend_from_slice(bytes);
        if self.run.len() >= RUN {
            self.flush_run()?;
        }
        Ok(())
    }

    fn flush_run(&mut self) -> io::Result<()> {
        if !self.run.is_empty() {
            self.to.write_all(&[RAW])?;
            self.to.write_all(&(self.run.len() as u32).to_le_bytes())?;
            self.to.write_all(&self.run)?;
            self.run.clear();
        }
        Ok(())
    }

    /// The stored bytes of a member: these stretches of an object.
    pub fn object(&mut self, hash: &Hash, stretches: &[Stretch]) -> io::Result<()> {
        self.flush_run()?;
        self.to.write_all(&[OBJECT])?;
        self.to.write_all(hash)?;
        self.to.write_all(&(stretches.len() as u32).to_le_bytes())?;
        for stretch in stretches {
            self.to.write_all(&stretch.offset.to_le_bytes())?;
            self.to.write_all(&stretch.length.to_le_bytes())?;
        }
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.flush_run()?;
        self.to.write_all(&[END])?;
        self.to.finish()
    }
}

pub enum Step<'a> {
    Raw(&'a [u8]),
    Object(Hash, Vec<Stretch>),
}

/// Reads a recipe step by step; anything but a whole one is damaged.
pub fn read(source: impl Read, mut each: impl FnMut(Step) -> Outcome<()>) -> Outcome<()> {
    let mut source = zstd::Decoder::new(source).during("read")?;
    let mut magic = [0; 8];
    fill(&mut source, &mut magic)?;
    if &magic != MAGIC {
        return Err(damaged());
    }
    let mut run = Vec::new();
    loop {
        let mut op = [0];
        fill(&mut source, &mut op)?;
        match op[0] {
            RAW => {
                let length = number(&mut source)? as usize;
                if length > 4 * RUN + (1 << 20) {
                    return Err(damaged());
                }
                run.resize(length, 0);
                fill(&mut source, &mut run)?;
                each(Step::Raw(&run))?;
            }
            OBJECT => {
                let mut hash = [0; 32];
                fill(&mut source, &mut hash)?;
                let stretches = (0..number(&mut source)?).map(|_| {
                    Ok(Stretch {
                        offset: long(&mut source)?,
                        length: long(&mut source)?,
                    })
                });
                let stretches = stretches.collect::<Outcome<_>>()?;
                each(Step::Object(hash, stretches))?;
            }
            END => break,
            _ => return Err(damaged()),
        }
    }
    // The frame's checksum stands at its end.
    match source.read(&mut [0]) {
        Ok(0) => Ok(()),
        _ => Err(damaged()),
    }
}

fn number(source: &mut impl Read) -> Outcome<u32> {
    let mut bytes = [0; 4];
    fill(source, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn long(source: &mut impl Read) -> Outcome<u64> {
    let mut bytes = [0; 8];
    fill(source, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn fill(source: &mut impl Read, out: &mut [u8]) -> Outcome<()> {
    source.read_exact(out).map_err(|_| damaged())
}

fn damaged() -> Failure {
    Failure::new("recipe", libc::EBADMSG).saying("the recipe is damaged")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Vec<u8> {
        let mut writer = Writer::new(Vec::new()).unwrap();
        writer.raw(&[7; 100_000]).unwrap();
        let stretch = Stretch { offset: 3, length: 9 };
        writer.object(&[1; 32], &[stretch]).unwrap();
        writer.raw(b"end").unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn read_gives_back_what_was_written() {
        let (mut raw, mut objects) = (0, 0);
        read(&written()[..], |step| {
            match step {
                Step::Raw(bytes) => raw += bytes.len(),
                Step::Object(hash, stretches) => objects += usize::from(hash == [1; 32]) * stretches.len(),
            }
            Ok(())
        })
        .unwrap();
        assert_eq!((raw, objects), (100_003, 1));
    }

    #[test]
    fn read_refuses_a_recipe_that_is_cut_or_changed() {
        let bytes = written();
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end], |_| Ok(())).unwrap_err().step, "recipe", "{end}");
        }
        let mut changed = bytes.clone();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        assert!(read(&changed[..], |_| Ok(())).is_err());
    }
}
