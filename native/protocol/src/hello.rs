//! The first frame of each side.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::frame;
use crate::steps;

pub const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    pub t: String,
    pub version: u32,
    #[serde(default)]
    pub role: Option<String>,
    #[serde(default)]
    pub pid: Option<i64>,
}

impl Hello {
    pub fn ours(role: &str) -> Self {
        Self {
            t: "hello".to_owned(),
            version: VERSION,
            role: Some(role.to_owned()),
            pid: Some(i64::from(std::process::id())),
        }
    }
}

/// Accepts the peer's first frame, or says why not.
pub fn check(body: &[u8]) -> Result<(), Failure> {
    let head = frame::head(body)?;
    if head.t != "hello" {
        return Err(
            Failure::new(steps::PROTOCOL, 0).saying(format!("the first frame is {:.40}, expected hello", head.t))
        );
    }
    let hello: Hello = frame::parse(body)?;
    if hello.version != VERSION {
        return Err(
            Failure::new(steps::HELLO, 0).saying(format!("version {} is not spoken here, {VERSION} is", hello.version))
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_accepts_our_own_hello() {
        assert_eq!(check(&frame::encode(&Hello::ours("daemon"))[4..]), Ok(()));
    }

    #[test]
    fn check_refuses_another_version() {
        let mut hello = Hello::ours("daemon");
        hello.version = 2;
        assert_eq!(check(&frame::encode(&hello)[4..]).unwrap_err().step, steps::HELLO);
    }

    #[test]
    fn check_refuses_another_frame() {
        #[derive(Serialize)]
        struct Other {
            t: &'static str,
        }
        assert_eq!(
            check(&frame::encode(&Other { t: "state" })[4..]).unwrap_err().step,
            steps::PROTOCOL
        );
    }
}
