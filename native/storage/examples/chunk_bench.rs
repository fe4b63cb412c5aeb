//! How fast one core cuts content into chunks, by the time that this thread had the core: `chunk_bench [megabytes]`.
use hbx_storage::chunk::cut::Chunks;
use sha2::{Digest, Sha256};

fn main() {
    let megabytes = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(256);
    let data = noise(megabytes << 20);
    for _ in 0..3 {
        let cut = gigabytes_per_second(&data, |_| ());
        let hashed = gigabytes_per_second(&data, |chunk| {
            std::hint::black_box(Sha256::digest(chunk));
        });
        println!("{{\"cut\":{cut:.3},\"cutAndSha256\":{hashed:.3}}}");
    }
}

fn gigabytes_per_second(data: &[u8], mut each: impl FnMut(&[u8])) -> f64 {
    let started = cpu_seconds();
    let mut chunks = Chunks::new(data);
    while let Ok(Some(chunk)) = chunks.next_chunk() {
        each(chunk);
    }
    data.len() as f64 / 1e9 / (cpu_seconds() - started)
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..length / 8).flat_map(|_| next().to_le_bytes()).collect()
}

fn cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid timespec of our own.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
