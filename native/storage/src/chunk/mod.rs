//! Content-defined chunks: a change in the middle of a large file moves no boundary but those beside it.
pub mod bloom;
pub mod collect;
pub mod copy;
pub mod cut;
pub mod index;
pub mod list;
pub mod place;
pub mod put;
pub mod read;
