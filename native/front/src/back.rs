//! The way back: the whole command line takes over with the arguments that we were given.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

pub struct Back {
    program: OsString,
    script: OsString,
    arguments: Vec<OsString>,
}

impl Back {
    pub fn from_arguments() -> Option<Self> {
        let mut all = std::env::args_os().skip(1);
        Some(Self {
            program: all.next()?,
            script: all.next()?,
            arguments: all.collect(),
        })
    }

    /// `None` where one of them is not UTF-8.
    pub fn words(&self) -> Option<Vec<&str>> {
        self.arguments.iter().map(|word| word.to_str()).collect()
    }

    pub fn take_over(&self) -> ! {
        let error = Command::new(&self.program)
            .arg(&self.script)
            .args(&self.arguments)
            .exec();
        eprintln!("hbx: Cannot run {}: {error}", self.program.to_string_lossy());
        eprintln!("hint: run `npm run setup` again");
        std::process::exit(125);
    }
}
