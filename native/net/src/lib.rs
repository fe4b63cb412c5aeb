//! hbx-net
