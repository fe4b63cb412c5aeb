//! hbx-storage
