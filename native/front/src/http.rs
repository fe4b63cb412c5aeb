//! One HTTP/1.1 request, and the head of its answer.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

const MAX_HEAD: usize = 64 * 1024;
/// Of an error's text.
const MAX_BODY: usize = 1024 * 1024;

pub struct Answer {
    pub status: u16,
    /// What followed the head: the body of an error, or the first bytes of the stream.
    pub rest: Vec<u8>,
}

impl Answer {
    pub fn switched(&self) -> bool {
        self.status == 101 || self.status == 200
    }
}

/// Asks for an upgrade. The error is what a person reads after "Cannot talk to the daemon: ".
pub fn send(stream: &UnixStream, path: &str, body: &str) -> Result<Answer, String> {
    const UPGRADE: &str = "Content-Type: application/json\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n";
    post(stream, path, UPGRADE, body)
}

pub fn post(mut stream: &UnixStream, path: &str, headers: &str, body: &str) -> Result<Answer, String> {
    let length = body.len();
    let request = format!("POST {path} HTTP/1.1\r\nHost: hyperbox\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    // An early answer counts more than a request that could not be sent to its end.
    let _ = stream.write_all(request.as_bytes());
    let mut seen = Vec::with_capacity(4096);
    loop {
        let end = head_end(stream, &mut seen)?;
        let head = String::from_utf8_lossy(&seen[..end]).into_owned();
        seen.drain(..end + 4);
        let status = status_of(&head)?;
        if (100..200).contains(&status) && status != 101 {
            continue;
        }
        if status >= 400 {
            read_body(stream, &head, &mut seen);
        }
        return Ok(Answer { status, rest: seen });
    }
}

fn head_end(stream: &UnixStream, seen: &mut Vec<u8>) -> Result<usize, String> {
    loop {
        let end = seen.windows(4).position(|four| four == b"\r\n\r\n");
        if end.unwrap_or(seen.len()) > MAX_HEAD {
            return Err(format!("the answer's head is longer than {MAX_HEAD} bytes"));
        }
        if let Some(end) = end {
            return Ok(end);
        }
        if read_more(stream, seen) == 0 {
            let within = if seen.is_empty() { "" } else { " within an answer" };
            return Err(format!("the daemon closed the connection{within}"));
        }
    }
}

fn status_of(head: &str) -> Result<u16, String> {
    let line = head.lines().next().unwrap_or_default();
    let rest = line
        .strip_prefix("HTTP/1.1 ")
        .or_else(|| line.strip_prefix("HTTP/1.0 "));
    let digits = rest
        .and_then(|rest| rest.split(' ').next())
        .filter(|digits| digits.len() == 3);
    let status = digits
        .and_then(|digits| digits.parse().ok())
        .filter(|status| (100..600).contains(status));
    let shown: String = line.chars().take(60).collect();
    status.ok_or_else(|| format!("not an HTTP answer: {shown:?}"))
}

/// To its length, or to the end of the connection.
fn read_body(stream: &UnixStream, head: &str, seen: &mut Vec<u8>) {
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    let wanted: usize = length.unwrap_or(MAX_BODY).min(MAX_BODY);
    while seen.len() < wanted && read_more(stream, seen) > 0 {}
    seen.truncate(wanted);
}

/// How many bytes came; 0 at the end, however the connection ended.
fn read_more(mut stream: &UnixStream, into: &mut Vec<u8>) -> usize {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(n) => {
                into.extend_from_slice(&buffer[..n]);
                return n;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(bytes: &[u8]) -> Result<Answer, String> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(bytes).unwrap();
        drop(theirs);
        send(&ours, "/x", "{}")
    }

    #[test]
    fn send_gives_status_and_what_follows() {
        let answer = answered(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 UPGRADED\r\nA: b\r\n\r\nabc").unwrap();
        assert_eq!((answer.status, answer.rest.as_slice()), (101, b"abc".as_slice()));
        assert!(answer.switched());
        let answer = answered(b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}more").unwrap();
        assert_eq!((answer.status, answer.rest.as_slice()), (404, b"{}".as_slice()));
    }

    #[test]
    fn send_says_what_is_wrong_with_an_answer() {
        let wrong = |bytes: &[u8]| answered(bytes).err().unwrap();
        assert_eq!(wrong(b""), "the daemon closed the connection");
        assert_eq!(
            wrong(b"HTTP/1.1 200"),
            "the daemon closed the connection within an answer"
        );
        assert_eq!(wrong(b"SSH-2.0\r\n\r\n"), "not an HTTP answer: \"SSH-2.0\"");
        assert_eq!(
            wrong(b"HTTP/1.1 999 X\r\n\r\n"),
            "not an HTTP answer: \"HTTP/1.1 999 X\""
        );
        assert!(wrong(&vec![b'a'; 70_000]).contains("longer than 65536"));
    }
}
