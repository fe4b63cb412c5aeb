//! Files of a container: its root from a process or from layers, and the jobs on paths in it.
mod copy_up;
mod put;
mod resolve;
mod root;
mod stat;
mod tree;

pub use copy_up::run as copy_up;
pub use put::run as put_tar;
pub use stat::run as stat_path;
pub use tree::run as tree_tar;
