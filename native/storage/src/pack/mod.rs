//! Trees become archives: layers of an overlay's upper directory, or plain trees.
pub mod layer;
pub mod member;
pub mod walk;
