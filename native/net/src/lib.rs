//! Links, addresses, routes and nftables by netlink, without external processes.
//!
//! Everything is encoded into batches and sent in one system call per side; the kernel handles a request inside the
//! call, so there is nothing to wait for.

mod address;
mod batch;
mod link;
pub mod names;
mod namespace;
mod nft;
mod op;
mod ops;
pub mod reach;
mod socket;
mod sysctl;
mod watch;

use batch::Batch;
use socket::Socket;

pub use namespace::{delete_link, prepare_defaults, prepare_guest, prepare_host, settle_host};
pub use op::{NetOp, NetworkRules, PortProtocol, Route};
pub use ops::{apply, run};
pub use watch::watch;
