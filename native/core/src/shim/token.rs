//! What an epoll event is about, packed into its 64 bits.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    Listener,
    Signals,
    Oom,
    Client(usize),
    /// Output of a workload: 0 standard output or terminal, 1 standard error.
    Source(usize, usize),
    Sink(usize),
    Report(usize),
    /// The socket passed by a client for its output.
    Output(usize),
}

impl Token {
    pub fn pack(self) -> u64 {
        let (kind, index, sub) = match self {
            Self::Listener => (0, 0, 0),
            Self::Signals => (1, 0, 0),
            Self::Oom => (2, 0, 0),
            Self::Client(i) => (3, i, 0),
            Self::Source(i, s) => (4, i, s),
            Self::Sink(i) => (5, i, 0),
            Self::Report(i) => (6, i, 0),
            Self::Output(i) => (7, i, 0),
        };
        (kind << 56) | ((sub as u64) << 48) | index as u64
    }

    pub fn unpack(word: u64) -> Self {
        let index = (word & 0xffff_ffff) as usize;
        match word >> 56 {
            0 => Self::Listener,
            1 => Self::Signals,
            2 => Self::Oom,
            3 => Self::Client(index),
            4 => Self::Source(index, (word >> 48 & 0xff) as usize),
            5 => Self::Sink(index),
            6 => Self::Report(index),
            _ => Self::Output(index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpack_returns_what_was_packed() {
        for token in [
            Token::Listener,
            Token::Oom,
            Token::Client(70_000),
            Token::Source(3, 1),
            Token::Report(9),
            Token::Output(2),
        ] {
            assert_eq!(Token::unpack(token.pack()), token);
        }
    }
}
