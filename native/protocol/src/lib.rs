//! hbx-protocol
