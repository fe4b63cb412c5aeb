//! Why a step could not be done: the one error type of the native core.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

/// `step` is a word of [`crate::steps`], `errno` the kernel's number (0 where none applies), `path` the guest or host
/// path concerned. The daemon turns it into a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub step: String,
    pub errno: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Failure {
    pub fn new(step: &str, errno: i32) -> Self {
        Self {
            step: step.to_owned(),
            errno,
            path: None,
            message: None,
        }
    }

    /// Takes the errno of the system call that has just failed.
    pub fn os(step: &str) -> Self {
        Self::new(step, io::Error::last_os_error().raw_os_error().unwrap_or(0))
    }

    pub fn io(step: &str, error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(errno) => Self::new(step, errno),
            None => Self::new(step, 0).saying(error.to_string()),
        }
    }

    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    #[must_use]
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.step)?;
        if let Some(path) = &self.path {
            write!(f, " {path}")?;
        }
        if self.errno != 0 {
            write!(f, ": {}", io::Error::from_raw_os_error(self.errno))?;
        }
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_step_path_and_reason() {
        let failure = Failure::new("mount", 30).at("/var/lib/x").saying("volume data");
        assert_eq!(
            failure.to_string(),
            "mount /var/lib/x: Read-only file system (os error 30): volume data"
        );
    }

    #[test]
    fn os_takes_the_errno_of_the_last_call() {
        assert!(std::fs::File::open("/does/not/exist").is_err());
        assert_eq!(Failure::os("open").errno, 2);
    }
}
