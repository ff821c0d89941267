//! Chance.

/// A xorshift: trials need no quality, only variety, and the same again for the same seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The same numbers for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Zero would stay zero; and seeds that lie near each other should not begin alike.
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            random.next();
        }
        random
    }

    /// The next number.
    #[allow(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below the limit, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of them.
    ///
    /// # Panics
    /// If there is none.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }

    /// Chooses this many of them at random, in their order.
    pub fn sample<T: Clone>(&mut self, all: &[T], number: usize) -> Vec<T> {
        let mut left = number.min(all.len()) as u64;
        let mut chosen = Vec::new();
        for (index, each) in all.iter().enumerate() {
            if self.below((all.len() - index) as u64) < left {
                chosen.push(each.clone());
                left -= 1;
            }
        }
        chosen
    }
}
