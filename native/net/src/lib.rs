//! Links, addresses, routes and nftables by netlink, without external processes.
//!
//! Everything is encoded into batches and sent in one system call per side; the kernel handles a request inside the
//! call, so there is nothing to wait for.

mod address;
mod batch;
mod error;
mod link;
mod namespace;
mod ops;
mod socket;
mod sysctl;

pub use batch::Batch;
pub use error::NetError;
pub use namespace::{
    PreparedNet, enter, guest_configure, guest_unshare, host_create_veth, host_delete_link, prepare_namespace,
};
pub use ops::apply;
pub use socket::{Refusal, Socket};
