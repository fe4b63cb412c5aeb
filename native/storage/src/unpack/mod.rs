//! The job `unpack`: an archive, read once, becomes a directory, with its digests.
pub mod extract;
pub mod job;
pub mod name;
pub mod parents;
mod settle;
pub mod whiteout;

pub use job::{Unpack, UnpackLimits, run};
