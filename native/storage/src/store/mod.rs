//! Every file's content once: layers as trees over shared objects, images as EROFS over the same objects.
pub mod collect;
pub mod compose;
pub mod draft;
pub mod gate;
pub mod ingest;
pub mod place;
pub mod recipe;
pub mod tar_cat;
pub mod tree;
pub mod tree_diff;
pub mod usage;
pub mod verify;
