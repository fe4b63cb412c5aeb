//! Netlink messages, several to a batch, encoded into one buffer. Layout: linux/netlink.h.

const HEADER_BYTES: usize = 16;

/// What a message was for, to say so when the kernel refuses it.
pub struct Purpose {
    pub step: &'static str,
    pub object: String,
    /// A refusal with one of these numbers is no failure.
    pub tolerated: &'static [i32],
}

#[derive(Default)]
pub struct Batch {
    pub(crate) bytes: Vec<u8>,
    /// Of message n; the sequence number of a message is its place here.
    pub(crate) purposes: Vec<Purpose>,
    start: usize,
}

impl Batch {
    /// Begins a message of `kind` with `flags` and NLM_F_REQUEST. Refusals are always answered, so no acknowledgement is asked for.
    pub fn begin(&mut self, kind: u16, flags: i32, step: &'static str, object: &str) -> &mut Self {
        self.finish();
        self.start = self.bytes.len();
        let seq = self.purposes.len() as u32;
        let flags = (flags | libc::NLM_F_REQUEST) as u16;
        self.put(&0u32.to_ne_bytes())
            .put(&kind.to_ne_bytes())
            .put(&flags.to_ne_bytes());
        self.put(&seq.to_ne_bytes()).put(&0u32.to_ne_bytes());
        self.purposes.push(Purpose {
            step,
            object: object.to_owned(),
            tolerated: &[],
        });
        self
    }

    /// The message just begun may be refused with one of `errnos`.
    pub fn tolerate(&mut self, errnos: &'static [i32]) -> &mut Self {
        if let Some(purpose) = self.purposes.last_mut() {
            purpose.tolerated = errnos;
        }
        self
    }

    /// A family header (ifinfomsg, nfgenmsg …) or another raw piece, padded to 4 bytes.
    pub fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() - self.start >= HEADER_BYTES {
            self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        }
        self
    }

    pub fn attr(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(&(4 + value.len() as u16).to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.put(value)
    }

    pub fn attr_u8(&mut self, kind: u16, value: u8) -> &mut Self {
        self.attr(kind, &[value])
    }

    /// In the host's byte order, as rtnetlink has it.
    pub fn attr_u32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.attr(kind, &value.to_ne_bytes())
    }

    /// In network byte order, as nftables has it.
    pub fn attr_be32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.attr(kind, &value.to_be_bytes())
    }

    pub fn attr_str(&mut self, kind: u16, value: &str) -> &mut Self {
        let mut text = Vec::with_capacity(value.len() + 1);
        text.extend_from_slice(value.as_bytes());
        text.push(0);
        self.attr(kind, &text)
    }

    /// An attribute whose value is what `fill` writes.
    pub fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let at = self.bytes.len();
        self.attr(kind | libc::NLA_F_NESTED as u16, &[]);
        fill(self);
        let length = (self.bytes.len() - at) as u16;
        self.bytes[at..at + 2].copy_from_slice(&length.to_ne_bytes());
        self
    }

    pub fn is_empty(&self) -> bool {
        self.purposes.is_empty()
    }

    /// Writes the length of the message begun last; every batch is finished before it is sent.
    pub(crate) fn finish(&mut self) {
        if self.purposes.is_empty() {
            return;
        }
        let length = (self.bytes.len() - self.start) as u32;
        self.bytes[self.start..self.start + 4].copy_from_slice(&length.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_pads_attributes_and_counts_lengths_without_padding() {
        let mut batch = Batch::default();
        batch
            .begin(16, 0, "net_link", "a")
            .put(&[0; 16])
            .attr_str(3, "ab")
            .nest(18, |b| {
                b.attr_u8(1, 7);
            });
        batch.finish();
        let bytes = &batch.bytes;
        assert_eq!(
            u32::from_ne_bytes(bytes[0..4].try_into().unwrap()) as usize,
            bytes.len()
        );
        assert_eq!(bytes.len(), 16 + 16 + 8 + 4 + 8);
        assert_eq!(u16::from_ne_bytes(bytes[32..34].try_into().unwrap()), 7);
        assert_eq!(u16::from_ne_bytes(bytes[40..42].try_into().unwrap()), 12);
    }

    #[test]
    fn batch_gives_each_message_its_own_length_and_sequence() {
        let mut batch = Batch::default();
        batch.begin(16, 0, "net_link", "a").put(&[0; 16]);
        batch.begin(17, 0, "net_link", "b").put(&[0; 4]);
        batch.finish();
        assert_eq!(u32::from_ne_bytes(batch.bytes[0..4].try_into().unwrap()), 32);
        assert_eq!(u32::from_ne_bytes(batch.bytes[32..36].try_into().unwrap()), 20);
        assert_eq!(u32::from_ne_bytes(batch.bytes[40..44].try_into().unwrap()), 1);
    }
}
