//! The job `digestFile`.
use crate::conn::Job;
use crate::failure::{During, Outcome};
use crate::stream::digest::Hasher;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct DigestFile {
    #[serde(rename = "t")]
    _t: String,
    pub path: String,
}

#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Digested {
    t: &'static str,
    pub digest: String,
    pub size_bytes: u64,
}

pub fn run(request: &DigestFile, job: &Job) -> Outcome<Digested> {
    let mut file = job.file(&request.path)?;
    let mut hasher = Hasher::default();
    let mut buffer = vec![0u8; 128 << 10];
    loop {
        job.check()?;
        match file.read(&mut buffer).during_at("read", request.path.as_bytes())? {
            0 => break,
            n => hasher.update(&buffer[..n]),
        }
    }
    Ok(Digested {
        t: "done",
        size_bytes: hasher.bytes,
        digest: hasher.finish(),
    })
}
