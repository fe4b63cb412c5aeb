//! The program and its arguments, resolved and laid out before the last privileges go, so that nothing allocates after.

use std::ffi::{CStr, CString};
use std::os::unix::fs::PermissionsExt;

use hbx_protocol::plan::ProcessPlan;
use hbx_protocol::{Failure, steps};

pub struct Program {
    candidates: Vec<CString>,
    arguments: Vec<CString>,
    environment: Vec<CString>,
    name: String,
}

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Program {
    pub fn new(process: &ProcessPlan, home: &str) -> Result<Self, Failure> {
        let text = |value: &str| CString::new(value).map_err(|_| Failure::new(steps::EXEC, libc::EINVAL));
        let name = process.args.first().cloned().unwrap_or_default();
        let path = process.env.iter().rev().find_map(|pair| pair.strip_prefix("PATH="));
        let mut environment = process
            .env
            .iter()
            .map(|pair| text(pair))
            .collect::<Result<Vec<_>, _>>()?;
        if !process.env.iter().any(|pair| pair.starts_with("HOME=")) {
            environment.push(text(&format!("HOME={home}"))?);
        }
        let candidates = if name.contains('/') || name.is_empty() {
            vec![text(&name)?]
        } else {
            path.unwrap_or(DEFAULT_PATH)
                .split(':')
                .map(|folder| text(&format!("{}/{name}", if folder.is_empty() { "." } else { folder })))
                .collect::<Result<_, _>>()?
        };
        let arguments = process
            .args
            .iter()
            .map(|argument| text(argument))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            candidates,
            arguments,
            environment,
            name,
        })
    }

    /// Tries each place of PATH as execvp(3) does. Returns only when none could be started.
    pub fn exec(&self) -> Failure {
        let pointers = |list: &[CString]| -> Vec<*const libc::c_char> {
            list.iter()
                .map(|text| text.as_ptr())
                .chain([std::ptr::null()])
                .collect()
        };
        let (arguments, environment) = (pointers(&self.arguments), pointers(&self.environment));
        let mut errno = libc::ENOENT;
        for candidate in &self.candidates {
            // SAFETY: the path is NUL-terminated; both lists are NUL-terminated strings ended by a null pointer.
            unsafe { libc::execve(candidate.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
            match std::io::Error::last_os_error().raw_os_error().unwrap_or(0) {
                libc::ENOENT | libc::ENOTDIR => {}
                // Not executable here: perhaps further on in PATH, but this is what to say otherwise.
                libc::EACCES => errno = libc::EACCES,
                other => {
                    errno = other;
                    break;
                }
            }
        }
        self.explain(errno)
    }

    fn explain(&self, errno: i32) -> Failure {
        let failure = Failure::new(steps::EXEC, errno).at(&self.name);
        let first = self.candidates.first().map(|path| path.as_c_str());
        match errno {
            libc::EACCES if first.is_some_and(is_directory) => failure.saying("is a directory"),
            libc::ENOENT if self.name.contains('/') && first.is_some_and(exists) => {
                failure.saying("its interpreter is missing in the image")
            }
            libc::ENOENT if !self.name.contains('/') => failure.saying("executable file not found in $PATH"),
            _ => failure,
        }
    }
}

fn path_of(text: &CStr) -> &std::path::Path {
    std::path::Path::new(std::ffi::OsStr::new(text.to_str().unwrap_or("")))
}

fn is_directory(path: &CStr) -> bool {
    path_of(path).is_dir()
}

fn exists(path: &CStr) -> bool {
    path_of(path)
        .metadata()
        .is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0)
}
