//! hbx-setup
