//! A few small files out of an archive, without unpacking it.
use crate::conn::Job;
use crate::failure::{Failure, Outcome};
use crate::stream::pipeline::{Limits, Pipeline};
use crate::tar::Kind;
use crate::tar::reader::Archive;
use crate::unpack::job::{Source, UnpackLimits};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All of them together have to fit into one frame.
const MAX_TOTAL: usize = 12 << 20;

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TarFiles {
    #[serde(rename = "t")]
    _t: String,
    source: Source,
    /// Paths without a leading slash; one that ends in a slash means every file right below it.
    wanted: Vec<String>,
    limits: UnpackLimits,
}

#[derive(Serialize, Debug)]
pub struct Found {
    t: &'static str,
    found: Vec<FoundFile>,
    entries: u64,
}

#[derive(Serialize, Debug)]
struct FoundFile {
    path: String,
    #[serde(with = "serde_bytes")]
    content: Vec<u8>,
}

pub fn run(request: &TarFiles, job: &Job) -> Outcome<Found> {
    let source = request.source.open(job)?;
    let limits = Limits {
        max_bytes: request.limits.max_bytes,
        max_ratio: request.limits.max_ratio,
    };
    let mut archive = Archive::new(Pipeline::start(source, limits));
    let mut files = BTreeMap::new();
    let (mut entries, mut total) = (0, 0);
    while let Some(entry) = archive.next_entry()? {
        job.check()?;
        entries += 1;
        if entries > request.limits.max_entries {
            return Err(Failure::new("limit", libc::E2BIG).saying("too many entries"));
        }
        let Some(path) = wanted_path(&entry.path, &request.wanted) else {
            continue;
        };
        if entry.kind != Kind::File {
            continue;
        }
        // A later member of the same name takes the place of an earlier one.
        total -= files.remove(&path).map_or(0, |old: Vec<u8>| old.len());
        if entry.size > (MAX_TOTAL - total) as u64 {
            return Err(Failure::new("limit", libc::EFBIG)
                .at(&entry.path)
                .saying("too large to be read"));
        }
        let mut content = Vec::new();
        archive.data(|at, data| {
            // A hole of a sparse file is skipped over.
            content.resize(usize::try_from(at).unwrap_or(MAX_TOTAL).min(MAX_TOTAL), 0);
            content.extend_from_slice(data);
            Ok(())
        })?;
        total += content.len();
        files.insert(path, content);
    }
    archive.into_source().totals()?;
    let found = files
        .into_iter()
        .map(|(path, content)| FoundFile { path, content })
        .collect();
    Ok(Found {
        t: "done",
        found,
        entries,
    })
}

fn wanted_path(stored: &[u8], wanted: &[String]) -> Option<String> {
    let path = std::str::from_utf8(stored).ok()?;
    let path = path.strip_prefix("./").unwrap_or(path).trim_start_matches('/');
    let asked = wanted.iter().any(|name| match path.strip_prefix(name.as_str()) {
        Some(rest) if name.ends_with('/') => !rest.is_empty() && !rest.contains('/'),
        Some(rest) => rest.is_empty(),
        None => false,
    });
    asked.then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::wanted_path;

    #[test]
    fn wanted_path_takes_files_and_the_files_of_a_directory() {
        let wanted = ["var/lib/dpkg/status".to_owned(), "var/lib/dpkg/status.d/".to_owned()];
        let ask = |path: &str| wanted_path(path.as_bytes(), &wanted);
        assert_eq!(ask("./var/lib/dpkg/status").as_deref(), Some("var/lib/dpkg/status"));
        assert_eq!(
            ask("/var/lib/dpkg/status.d/libc6").as_deref(),
            Some("var/lib/dpkg/status.d/libc6")
        );
        assert_eq!(ask("var/lib/dpkg/status-old"), None);
        assert_eq!(ask("var/lib/dpkg/status.d/"), None);
        assert_eq!(ask("var/lib/dpkg/status.d/a/b"), None);
        assert_eq!(ask("x/var/lib/dpkg/status"), None);
    }
}
