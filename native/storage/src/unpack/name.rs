//! Member names reduced to a path below the destination.
use crate::failure::{Failure, Outcome};

/// Components without `.`, empty ones and a leading `/`; `a/..` is folded. A name that climbs out is refused.
pub fn clean(name: &[u8]) -> Outcome<Vec<u8>> {
    if name.contains(&0) {
        return Err(Failure::corrupt("a name contains a NUL byte").at(name));
    }
    let mut out: Vec<u8> = Vec::with_capacity(name.len());
    for part in name.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                if out.is_empty() {
                    return Err(Failure::traversal(name, "the name leads out of the archive's root"));
                }
                let end = out.iter().rposition(|b| *b == b'/').unwrap_or(0);
                out.truncate(end);
            }
            part => {
                if !out.is_empty() {
                    out.push(b'/');
                }
                out.extend_from_slice(part);
            }
        }
    }
    if out.len() >= libc::PATH_MAX as usize {
        return Err(Failure::new("write", libc::ENAMETOOLONG)
            .at(&out[..255])
            .saying("the name is longer than 4095 bytes"));
    }
    Ok(out)
}

/// Parent and last component of a cleaned name.
pub fn split(path: &[u8]) -> (&[u8], &[u8]) {
    path.iter()
        .rposition(|b| *b == b'/')
        .map_or((b"".as_slice(), path), |i| (&path[..i], &path[i + 1..]))
}

pub fn join(base: &[u8], rest: &[u8]) -> Vec<u8> {
    if base.is_empty() || rest.is_empty() {
        [base, rest].concat()
    } else {
        [base, b"/", rest].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_neutralises_absolute_names_and_folds_dots() {
        for (name, path) in [
            ("/etc/passwd", "etc/passwd"),
            ("./a//b/./c/", "a/b/c"),
            ("a/../b", "b"),
            ("a/b/../../c", "c"),
            ("./", ""),
            ("/", ""),
        ] {
            assert_eq!(clean(name.as_bytes()).unwrap(), path.as_bytes(), "{name}");
        }
    }

    #[test]
    fn clean_refuses_names_that_climb_out() {
        for name in ["..", "../x", "a/../../x", "/../x", "./../x", "a/b/../../../x"] {
            assert_eq!(clean(name.as_bytes()).unwrap_err().step, "traversal", "{name}");
        }
        assert_eq!(clean(b"a\0b").unwrap_err().step, "corrupt");
    }
}
