//! Container processes between their birth and their exec.

pub mod exec;
pub mod init;
pub mod oom_score;
pub mod reaper;
pub mod report;
pub mod stdio;
