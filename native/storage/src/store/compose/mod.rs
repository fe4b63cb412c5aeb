//! Layers become one tree, and that an EROFS image over the objects.
mod image;
mod job;
mod merge;

pub use job::{ImageCompose, run};
