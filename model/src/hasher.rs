//! A hasher for states: hundreds of small fields each, nearly all of one byte.

use std::hash::{BuildHasherDefault, Hasher};

/// Makes hashers for states.
pub type BuildStateHasher = BuildHasherDefault<StateHasher>;

/// Collects small fields into words and mixes whole words, as rustc-hash mixes each field.
#[derive(Clone, Copy, Debug, Default)]
pub struct StateHasher {
    hash: u64,
    word: u64,
    bits: u32,
}

impl StateHasher {
    fn put(&mut self, value: u64, bits: u32) {
        if self.bits + bits > u64::BITS {
            self.mix();
        }
        self.word |= value << self.bits;
        self.bits += bits;
    }

    fn mix(&mut self) {
        self.hash = self.hash.wrapping_add(self.word).wrapping_mul(0xf135_7aea_2e62_a9c5);
        (self.word, self.bits) = (0, 0);
    }
}

impl Hasher for StateHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u8(*byte));
    }

    fn write_u8(&mut self, value: u8) {
        self.put(value.into(), u8::BITS);
    }

    fn write_u16(&mut self, value: u16) {
        self.put(value.into(), u16::BITS);
    }

    fn write_u32(&mut self, value: u32) {
        self.put(value.into(), u32::BITS);
    }

    fn write_u64(&mut self, value: u64) {
        self.mix();
        (self.word, self.bits) = (value, u64::BITS);
    }

    /// The lengths of arrays, which are the same in each state.
    fn write_usize(&mut self, value: usize) {
        self.put(value as u64 & 0xff, u8::BITS);
    }

    /// What tells the variants of an enum apart: never more than fit into a byte.
    fn write_isize(&mut self, value: isize) {
        self.put(value as u64 & 0xff, u8::BITS);
    }

    fn finish(&self) -> u64 {
        let mut last = *self;
        last.mix();
        last.hash.rotate_left(26)
    }
}
