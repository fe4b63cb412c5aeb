use std::fmt;

/// A refused step: what was tried, on which object, and what the kernel said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetError {
    /// Stable snake_case word.
    pub step: &'static str,
    /// The kernel's number; 0 where the plan itself is wrong.
    pub errno: i32,
    /// Interface, address, table or file concerned.
    pub object: Option<String>,
    /// The kernel's own words (extended acknowledgement), or what is wrong with the plan.
    pub message: Option<String>,
}

impl NetError {
    pub fn errno(step: &'static str, object: &str, errno: i32) -> Self {
        Self { step, errno, object: Some(object.to_owned()), message: None }
    }

    /// The error of the system call that has just failed.
    pub fn last(step: &'static str, object: &str) -> Self {
        Self::errno(step, object, std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
    }

    pub fn invalid(step: &'static str, object: &str, message: &str) -> Self {
        Self { step, errno: 0, object: Some(object.to_owned()), message: Some(message.to_owned()) }
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.step)?;
        if let Some(object) = &self.object {
            write!(f, " {object}")?;
        }
        if self.errno != 0 {
            write!(f, ": {}", std::io::Error::from_raw_os_error(self.errno))?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for NetError {}
