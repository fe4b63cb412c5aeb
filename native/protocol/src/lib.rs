//! hbx-protocol
pub mod network;

pub use network::{NetOp, NetPrepare, PortProtocol, VethPlan};
