//! Error answers: what a person reads, and the exit code, as run-once.ts and exec.ts in src/containers/commands have them.

use serde_json::Value;

use crate::Verb;
use crate::outcome::{Ended, Verdict};

/// An error of the API.
#[derive(Debug, PartialEq, Eq)]
pub struct Api {
    pub status: u16,
    pub message: String,
    pub hint: Option<String>,
    pub code: Option<String>,
}

impl Api {
    pub fn parse(status: u16, body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        match text("message").filter(|message| !message.is_empty()) {
            Some(message) => Self {
                status,
                message,
                hint: text("hint"),
                code: text("code"),
            },
            None => Self {
                status,
                message: match String::from_utf8_lossy(body).trim() {
                    "" => format!("the daemon answered with status {status}"),
                    said => said.to_owned(),
                },
                hint: None,
                code: None,
            },
        }
    }
}

/// What has changed nothing, and what the whole command line may know more about, goes back to it.
pub fn refused(verb: Verb, error: &Api) -> Verdict {
    if error.code.as_deref() == Some("api.no_route") {
        return Verdict::TakeBack;
    }
    let code = exit_code(&error.message);
    if verb == Verb::Run && code == 125 && error.status == 404 && contains(&error.message, "image") {
        return Verdict::TakeBack;
    }
    Verdict::End(Ended::Failed {
        message: error.message.clone(),
        hint: error.hint.clone(),
        code: if verb == Verb::Exec && code == 125 { 1 } else { code },
    })
}

/// Docker's: 127 command not found, 126 found but not runnable, 125 anything else.
fn exit_code(message: &str) -> i32 {
    const MISSING: &[&str] = &[
        "executable file not found",
        "no such file or directory",
        "command not found",
        "system cannot find",
    ];
    const NOT_RUNNABLE: &[&str] = &[
        "permission denied",
        "is a directory",
        "exec format error",
        "not executable",
    ];
    let any = |words: &[&str]| words.iter().any(|word| contains(message, word));
    match () {
        () if any(MISSING) => 127,
        () if any(NOT_RUNNABLE) => 126,
        () => 125,
    }
}

fn contains(message: &str, words: &str) -> bool {
    message.to_ascii_lowercase().contains(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_takes_the_daemons_words() {
        let error = Api::parse(409, br#"{"message":"m","hint":"h","code":"c"}"#);
        let (hint, code) = (Some("h".to_owned()), Some("c".to_owned()));
        assert_eq!(
            error,
            Api {
                status: 409,
                message: "m".into(),
                hint,
                code
            }
        );
        assert_eq!(Api::parse(500, b" plain \n").message, "plain");
        assert_eq!(Api::parse(500, b"").message, "the daemon answered with status 500");
    }

    fn refusal(verb: Verb, status: u16, message: &str) -> Option<i32> {
        let body = serde_json::json!({ "message": message }).to_string();
        match refused(verb, &Api::parse(status, body.as_bytes())) {
            Verdict::TakeBack => None,
            Verdict::End(Ended::Failed { code, .. }) => Some(code),
            Verdict::End(_) => Some(-1),
        }
    }

    #[test]
    fn refused_gives_dockers_exit_codes() {
        assert_eq!(
            refusal(Verb::Run, 400, r#"exec: "x": executable file not found in $PATH"#),
            Some(127)
        );
        assert_eq!(
            refusal(Verb::Run, 400, r#"exec: "/etc": is a directory: permission denied"#),
            Some(126)
        );
        assert_eq!(refusal(Verb::Run, 409, "Conflict."), Some(125));
        assert_eq!(refusal(Verb::Exec, 409, "container x is not running"), Some(1));
        assert_eq!(refusal(Verb::Exec, 404, "No such container: image"), Some(1));
    }

    #[test]
    fn refused_leaves_a_missing_image_to_the_whole_command_line() {
        assert_eq!(refusal(Verb::Run, 404, "No such image: x"), None);
        let unknown = Api::parse(404, br#"{"message":"page not found","code":"api.no_route"}"#);
        assert!(matches!(refused(Verb::Exec, &unknown), Verdict::TakeBack));
    }
}
