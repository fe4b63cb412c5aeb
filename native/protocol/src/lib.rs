//! What the daemon and the native core say to each other. docs/protocol.md is the contract, the TypeScript twin is
//! `src/engines/native/`.

pub mod control;
pub mod descriptors;
pub mod failure;
pub mod frame;
pub mod hello;
pub mod messages;
pub mod plan;
pub mod steps;
pub mod stream;
pub mod timings;

pub use failure::Failure;
pub use timings::Timings;
