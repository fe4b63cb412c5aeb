//! The answer's stream: Docker's frames to our output, and frames of kind 3 with JSON about the run or the exec.

use std::io::{ErrorKind, Read};
use std::os::unix::net::UnixStream;

use serde_json::Value;

use crate::outcome::Ended;
use crate::{Request, Verb, input, output, signals};

const BUFFER: usize = 256 * 1024;
const HEADER: usize = 8;

/// To its end. `first` came with the head of the answer.
pub fn carry(request: &Request, mut socket: &UnixStream, first: &[u8]) -> Ended {
    let mut reader = Reader {
        request,
        socket,
        header: Vec::with_capacity(HEADER),
        left: 0,
        status: Vec::new(),
    };
    if let Some(ended) = reader.take(first) {
        return ended;
    }
    let mut buffer = vec![0; BUFFER];
    loop {
        match socket.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return reader.gone(),
            Ok(n) => {
                if let Some(ended) = reader.take(&buffer[..n]) {
                    return ended;
                }
            }
        }
    }
}

struct Reader<'a> {
    request: &'a Request,
    socket: &'a UnixStream,
    /// Of the frame that we are in, or as much of the next one's as has come.
    header: Vec<u8>,
    /// Bytes of the frame that are still to come.
    left: usize,
    /// A JSON text so far: it may come in pieces, and until it is whole it is not JSON.
    status: Vec<u8>,
}

impl Reader<'_> {
    /// `Some` once it is over.
    fn take(&mut self, mut bytes: &[u8]) -> Option<Ended> {
        while !bytes.is_empty() {
            if self.left == 0 {
                let more = bytes.len().min(HEADER - self.header.len());
                self.header.extend_from_slice(&bytes[..more]);
                bytes = &bytes[more..];
                let Ok([kind, 0, 0, 0, a, b, c, d]) = <[u8; HEADER]>::try_from(self.header.as_slice()) else {
                    if self.header.len() < HEADER {
                        return None;
                    }
                    return Some(Ended::protocol("malformed output frame"));
                };
                if kind > 3 {
                    return Some(Ended::protocol(&format!("unknown output stream {kind}")));
                }
                self.left = u32::from_be_bytes([a, b, c, d]) as usize;
                if self.left == 0 {
                    self.header.clear();
                }
                continue;
            }
            let (piece, rest) = bytes.split_at(bytes.len().min(self.left));
            bytes = rest;
            self.left -= piece.len();
            let ended = match self.header[0] {
                3 => self.tell(piece),
                2 => write(libc::STDERR_FILENO, piece),
                _ => write(libc::STDOUT_FILENO, piece),
            };
            if self.left == 0 {
                self.header.clear();
            }
            if ended.is_some() {
                return ended;
            }
        }
        None
    }

    fn tell(&mut self, piece: &[u8]) -> Option<Ended> {
        self.status.extend_from_slice(piece);
        let value: Value = serde_json::from_slice(&self.status).ok()?;
        self.status.clear();
        if let Some(id) = value.get("Id").and_then(Value::as_str) {
            self.begun(id, &value);
            return None;
        }
        let number = |key: &str| value.get(key).and_then(Value::as_i64);
        let code = number("StatusCode").or_else(|| number("ExitCode"))?;
        let failure = value.pointer("/Error/Message").and_then(Value::as_str);
        Some(match failure.filter(|message| !message.is_empty()) {
            Some(message) => Ended::Failed {
                message: message.to_owned(),
                hint: None,
                code: 125,
            },
            None => Ended::Exited(code as i32),
        })
    }

    /// It runs: from here on signals and input are its own.
    fn begun(&self, id: &str, about: &Value) {
        if self.request.signals {
            signals::proxy(id);
        }
        if self.request.stdin {
            input::forward(self.socket);
        }
        for warning in about.get("Warnings").and_then(Value::as_array).into_iter().flatten() {
            let line = format!("WARNING: {}\n", warning.as_str().unwrap_or_default());
            let _ = output::write(libc::STDERR_FILENO, line.as_bytes());
        }
    }

    fn gone(&self) -> Ended {
        if self.left > 0 || !self.header.is_empty() {
            return Ended::protocol("the output stream ended within a frame");
        }
        let (what, hint) = match self.request.verb {
            Verb::Run => ("container", "`hbx ps` shows whether it still runs"),
            Verb::Exec => ("command", "`hbx top` shows whether it still runs"),
        };
        Ended::Failed {
            message: format!("Cannot follow the {what}: the daemon has gone"),
            hint: Some(hint.to_owned()),
            code: 125,
        }
    }
}

fn write(fd: libc::c_int, bytes: &[u8]) -> Option<Ended> {
    let error = output::write(fd, bytes).err()?;
    Some(match error.raw_os_error() {
        Some(libc::EPIPE) => Ended::BrokenPipe,
        _ => Ended::Failed {
            message: format!("Cannot write the output: {error}"),
            hint: None,
            code: 1,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn carried(verb: Verb, pieces: &[&[u8]]) -> Ended {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let request = Request {
            path: String::new(),
            body: String::new(),
            stdin: false,
            signals: false,
            verb,
        };
        for piece in pieces {
            theirs.write_all(piece).unwrap();
        }
        drop(theirs);
        carry(&request, &ours, b"")
    }

    fn frame(kind: u8, body: &str) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, 0, 0, 0], length.as_slice(), body.as_bytes()].concat()
    }

    fn failure(ended: Ended) -> (String, i32) {
        match ended {
            Ended::Failed { message, code, .. } => (message, code),
            _ => panic!("it should have failed"),
        }
    }

    #[test]
    fn carry_ends_with_the_status() {
        let all = [frame(3, r#"{"Id":"a"}"#), frame(3, r#"{"StatusCode":7,"Error":null}"#)].concat();
        assert!(matches!(carried(Verb::Run, &[&all]), Ended::Exited(7)));
        let exec = frame(3, r#"{"ExitCode":126}"#);
        let bytes: Vec<&[u8]> = exec.chunks(1).collect();
        assert!(matches!(carried(Verb::Exec, &bytes), Ended::Exited(126)));
        let halves = [frame(3, r#"{"Exit"#), frame(3, r#"Code":3}"#)].concat();
        assert!(matches!(carried(Verb::Exec, &[&halves]), Ended::Exited(3)));
    }

    #[test]
    fn carry_says_what_the_container_failed_with() {
        let ended = carried(
            Verb::Run,
            &[&frame(3, r#"{"StatusCode":1,"Error":{"Message":"broke"}}"#)],
        );
        assert_eq!(failure(ended), ("broke".to_owned(), 125));
    }

    #[test]
    fn carry_says_that_the_daemon_has_gone() {
        let (message, code) = failure(carried(Verb::Run, &[&frame(3, r#"{"Id":"a"}"#)]));
        assert_eq!(
            (message.as_str(), code),
            ("Cannot follow the container: the daemon has gone", 125)
        );
        let (message, code) = failure(carried(Verb::Run, &[&frame(1, "abc")[..9]]));
        assert_eq!(code, 1);
        assert!(message.ends_with("ended within a frame"), "{message}");
    }

    #[test]
    fn carry_refuses_what_is_no_frame() {
        assert!(
            failure(carried(Verb::Run, &[b"HTTP/1.1 200 OK"]))
                .0
                .ends_with("malformed output frame")
        );
        assert!(
            failure(carried(Verb::Run, &[&frame(9, "")]))
                .0
                .ends_with("unknown output stream 9")
        );
    }
}
