//! Files and trees: unpacking archives, packing trees, removing them. Each job runs in a process of its own.
pub mod chunk;
mod conn;
mod diff;
mod digest_file;
mod failure;
mod guest;
pub mod host;
mod jobs;
mod list;
pub mod pack;
pub mod remove;
pub mod store;
pub mod stream;
pub mod sys;
pub mod tar;
mod tar_files;
pub mod unpack;
mod usage;
pub mod xattr;

pub use failure::{Failure, Outcome};
pub use jobs::{handles, run};
