//! Bytes on their way: hashed, compressed, decompressed, framed.
pub mod compress;
pub mod decode;
pub mod digest;
pub mod gzip;
pub mod pipeline;
