//! Standard input, handed on in a thread of its own: reading it and writing our output may both have to wait.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

/// Its end is passed on by closing our half only: output may still come.
pub fn forward(stream: &UnixStream) {
    let Ok(mut stream) = stream.try_clone() else { return };
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) if stream.write_all(&buffer[..n]).is_ok() => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return, // the end of the output says why
            }
        }
        let _ = stream.shutdown(Shutdown::Write);
    });
}
