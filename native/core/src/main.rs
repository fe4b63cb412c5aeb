//! The native core: `hbx-core zygote --socket PATH [--life-fd N]`. docs/protocol.md says what it speaks.

mod cgroup;
mod child;
mod connection;
mod holder;
mod log;
mod mounts;
mod name_service;
mod probe;
mod sealed;
mod shim;
mod spare;
mod sys;
mod zygote;

use std::process::ExitCode;

const USAGE: &str = "usage: hbx-core zygote --socket PATH [--life-fd N]\n       hbx-core --version";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.first().map(String::as_str) {
        Some("zygote") => parse(&args[1..]).and_then(|options| {
            let run = sealed::ensure().and_then(|()| zygote::run(&options));
            run.map_err(|e| format!("Cannot run the zygote on {}: {e}", options.socket))
        }),
        Some("--version") => {
            println!(
                "hbx-core {} (protocol {})",
                env!("CARGO_PKG_VERSION"),
                hbx_protocol::hello::VERSION
            );
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn parse(args: &[String]) -> Result<zygote::Options, String> {
    let mut options = zygote::Options {
        socket: String::new(),
        life_fd: None,
    };
    for pair in args.chunks(2) {
        match pair {
            [name, value] if name == "--socket" => options.socket = value.clone(),
            [name, value] if name == "--life-fd" => {
                let fd = value.parse().ok().filter(|&fd| fd > 2);
                options.life_fd = Some(fd.ok_or_else(|| format!("--life-fd is {value}, expected a number above 2"))?);
            }
            _ => return Err(format!("unknown argument {}\n{USAGE}", pair[0])),
        }
    }
    if options.socket.is_empty() {
        Err(format!("--socket is missing\n{USAGE}"))
    } else {
        Ok(options)
    }
}
