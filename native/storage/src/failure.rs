//! What a job answers when it cannot go on: a stable step, the kernel's errno, the path concerned.
use std::io;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub step: &'static str,
    pub errno: i32,
    pub path: Option<String>,
    pub message: Option<String>,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn new(step: &'static str, errno: i32) -> Self {
        Failure {
            step,
            errno,
            path: None,
            message: None,
        }
    }

    pub fn io(step: &'static str, error: &io::Error) -> Self {
        if let Some(inner) = error.get_ref().and_then(|e| e.downcast_ref::<Failure>()) {
            return inner.clone();
        }
        let failure = Failure::new(step, error.raw_os_error().unwrap_or(0));
        if failure.errno == 0 {
            failure.saying(error.to_string())
        } else {
            failure
        }
    }

    pub fn corrupt(message: impl Into<String>) -> Self {
        Failure::new("corrupt", libc::EBADMSG).saying(message)
    }

    pub fn limit(message: impl Into<String>) -> Self {
        Failure::new("limit", libc::EFBIG).saying(message)
    }

    pub fn traversal(path: &[u8], message: impl Into<String>) -> Self {
        Failure::new("traversal", libc::EXDEV).at(path).saying(message)
    }

    pub fn cancelled() -> Self {
        Failure::new("cancelled", libc::ECANCELED)
    }

    pub fn at(mut self, path: &[u8]) -> Self {
        if self.path.is_none() {
            self.path = Some(String::from_utf8_lossy(path).into_owned());
        }
        self
    }

    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (errno {})", self.step, self.errno)?;
        if let Some(path) = &self.path {
            write!(f, " at {path}")?;
        }
        self.message.as_ref().map_or(Ok(()), |m| write!(f, ": {m}"))
    }
}

impl std::error::Error for Failure {}

impl From<&Failure> for hbx_protocol::Failure {
    fn from(failure: &Failure) -> Self {
        let Failure {
            step,
            errno,
            path,
            message,
        } = failure.clone();
        hbx_protocol::Failure {
            step: step.to_owned(),
            errno,
            path,
            message,
        }
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> io::Error {
        io::Error::other(failure)
    }
}

/// Names the step in which a system call failed.
pub trait During<T> {
    fn during(self, step: &'static str) -> Outcome<T>;
    fn during_at(self, step: &'static str, path: &[u8]) -> Outcome<T>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, step: &'static str) -> Outcome<T> {
        self.map_err(|e| Failure::io(step, &e))
    }

    fn during_at(self, step: &'static str, path: &[u8]) -> Outcome<T> {
        self.map_err(|e| Failure::io(step, &e).at(path))
    }
}
