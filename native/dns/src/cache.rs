//! Replies of resolvers, kept as long as they say. Two generations bound the memory: when the young one is full it
//! becomes the old one, and what nobody asked for since goes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::wire::reply;

const GENERATION_BYTES: usize = 1024 * 1024;
/// What an entry costs beside its bytes.
const ENTRY_BYTES: usize = 128;
const LONGEST: u32 = 24 * 60 * 60;

struct Entry {
    reply: Box<[u8]>,
    question_end: usize,
    stored: Instant,
    expires: Instant,
}

#[derive(Default)]
pub struct Cache {
    young: HashMap<Box<[u8]>, Entry>,
    old: HashMap<Box<[u8]>, Entry>,
    young_bytes: usize,
}

impl Cache {
    pub fn store(&mut self, key: &[u8], reply: &[u8], question_end: usize, now: Instant) {
        if let Some(seconds) = reply::lifetime(reply, question_end) {
            let expires = now + Duration::from_secs(seconds.min(LONGEST).into());
            let reply = reply.into();
            self.insert(
                key,
                Entry {
                    reply,
                    question_end,
                    stored: now,
                    expires,
                },
            );
        }
    }

    fn insert(&mut self, key: &[u8], entry: Entry) {
        self.young_bytes += key.len() + entry.reply.len() + ENTRY_BYTES;
        self.young.insert(key.into(), entry);
        if self.young_bytes > GENERATION_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }

    /// Writes the reply with its TTLs counted down into `into`; false when there is none.
    pub fn load(&mut self, key: &[u8], now: Instant, into: &mut Vec<u8>) -> bool {
        if let Some(entry) = self.old.remove(key) {
            self.insert(key, entry);
        }
        let Some(entry) = self.young.get(key).or_else(|| self.old.get(key)) else {
            return false;
        };
        if entry.expires <= now {
            self.young.remove(key);
            return false;
        }
        into.clear();
        into.extend_from_slice(&entry.reply);
        let seconds = now.duration_since(entry.stored).as_secs() as u32;
        reply::age(into, entry.question_end, seconds);
        true
    }

    /// The host's resolvers are others now.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::be32;

    fn reply(ttl: u32, padding: usize) -> (Vec<u8>, usize) {
        let mut bytes = vec![0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 1, b'a', 0, 0, 1, 0, 1];
        let end = bytes.len();
        bytes.extend([0xc0, 12, 0, 16, 0, 1]);
        bytes.extend(ttl.to_be_bytes());
        bytes.extend((padding as u16).to_be_bytes());
        bytes.resize(bytes.len() + padding, 0);
        (bytes, end)
    }

    #[test]
    fn load_counts_down_and_forgets_when_the_time_is_over() {
        let (mut cache, mut out, start) = (Cache::default(), Vec::new(), Instant::now());
        let (bytes, end) = reply(10, 4);
        cache.store(b"k", &bytes, end, start);
        assert!(cache.load(b"k", start + Duration::from_secs(4), &mut out));
        assert_eq!(be32(&out, end + 6), Some(6));
        assert!(!cache.load(b"other", start, &mut out));
        assert!(!cache.load(b"k", start + Duration::from_secs(10), &mut out));
        assert_eq!(cache.len(), 0);
    }

    #[test]
    fn store_stays_within_its_memory_and_keeps_what_is_asked_for() {
        let (mut cache, mut out, start) = (Cache::default(), Vec::new(), Instant::now());
        let (bytes, end) = reply(1000, 900);
        cache.store(b"kept", &bytes, end, start);
        for n in 0..20_000_u32 {
            cache.store(&n.to_be_bytes(), &bytes, end, start);
            assert!(cache.load(b"kept", start, &mut out));
        }
        assert!(cache.len() < 2 * GENERATION_BYTES / 900);
        assert!(!cache.load(&0_u32.to_be_bytes(), start, &mut out));
    }
}
