//! Memory that is given back: a shim lives as long as its container and is mostly idle.

/// A buffer outside the heap. Its pages cost nothing before use and after `release`.
pub struct Buffer {
    at: *mut u8,
    length: usize,
    touched: bool,
}

impl Buffer {
    pub fn new(length: usize) -> Self {
        // SAFETY: a private anonymous mapping, checked below.
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert!(at != libc::MAP_FAILED, "no memory for a stream buffer");
        Self {
            at: at.cast(),
            length,
            touched: false,
        }
    }

    pub fn bytes(&mut self) -> &mut [u8] {
        self.touched = true;
        // SAFETY: the mapping is `length` bytes long and lives as long as `self`, which is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.at, self.length) }
    }

    pub fn touched(&self) -> bool {
        self.touched
    }

    /// Gives the pages back to the kernel; the content is lost.
    pub fn release(&mut self) {
        if std::mem::take(&mut self.touched) {
            // SAFETY: our own mapping; nothing borrows it, `self` is borrowed mutably.
            unsafe { libc::madvise(self.at.cast(), self.length, libc::MADV_DONTNEED) };
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: our own mapping, never used again.
        unsafe { libc::munmap(self.at.cast(), self.length) };
    }
}

/// Returns what the heap does not use to the kernel.
pub fn trim_heap() {
    // SAFETY: no preconditions.
    unsafe { libc::malloc_trim(0) };
}
