//! How it ended, and how that is said.

use std::process::exit;

pub enum Verdict {
    /// Nothing has changed: the whole command line is to do it.
    TakeBack,
    End(Ended),
}

pub enum Ended {
    Exited(i32),
    Failed {
        message: String,
        hint: Option<String>,
        code: i32,
    },
    /// Nobody reads our output any more.
    BrokenPipe,
}

impl Ended {
    pub fn protocol(why: &str) -> Self {
        Self::Failed {
            message: format!("Cannot talk to the daemon: {why}"),
            hint: Some("see `hbx daemon logs`".into()),
            code: 1,
        }
    }

    /// With our exit code as the last thing we do.
    pub fn exit(self) -> ! {
        match self {
            Self::Exited(code) => exit(code),
            Self::BrokenPipe => exit(128 + libc::SIGPIPE),
            Self::Failed { message, hint, code } => {
                let hint = hint.filter(|hint| !hint.is_empty());
                let hint = hint.map_or(String::new(), |hint| format!("hint: {hint}\n"));
                let _ = crate::output::write(libc::STDERR_FILENO, format!("hbx: {message}\n{hint}").as_bytes());
                exit(code)
            }
        }
    }
}
