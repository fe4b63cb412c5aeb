//! The child side of a start: a planned root filesystem, namespaces, identity and filters, up to `execve`.
//! Everything runs in a straight line in a single-threaded child; nothing is decided here.

pub mod container;
pub mod image;
pub mod process;
pub mod validate;

mod capabilities;
mod cgroup;
mod copy;
mod cwd;
mod devices;
mod fs;
mod hide;
mod mounts;
mod namespaces;
mod overlay;
pub mod prepared;
mod program;
mod root;
mod stdio;
mod sys;
mod sysctl;
mod user;
mod walk;
