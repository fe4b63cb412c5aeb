//! A layer's archive becomes objects, a tree and a recipe.
mod attributes;
mod content;
mod job;
mod layer;
mod objects;
mod source;
mod tee;

pub use job::{LayerIngest, run};
