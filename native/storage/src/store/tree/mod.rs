//! What a layer or an image says about every name: in memory (`arena`) and as a file that is read where it lies (`file`).
pub mod arena;
pub mod file;
mod merkle;
pub mod order;
pub mod record;
pub mod write;
