//! The name service of a home: one process, one thread. README.md says how it fits together.

mod asker;
mod cache;
mod control;
mod datagrams;
mod forward;
mod resolv_conf;
mod resolve;
mod server;
mod slab;
mod stream;
mod sys;
mod tables;
pub mod wire;

pub use server::{Listening, Options, listen};
