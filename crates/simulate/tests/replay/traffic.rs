//! Logs made up of chance.

use holdover_simulate::access::Access;

/// A source of logs; one seed gives one log.
pub(crate) struct Traffic {
    state: u64,
    is_slow: bool,
}

impl Traffic {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            is_slow: false,
        }
    }

    /// Some loads take longer than any lease.
    pub(crate) fn slow(self) -> Self {
        Self {
            is_slow: true,
            ..self
        }
    }

    /// Returns the next number of the generator `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, most: u64) -> u32 {
        u32::try_from(self.next() % most).unwrap()
    }

    /// A log with bursts, quiet times, keys of very different use, times that are equal to the
    /// ends of loads, and failures.
    pub(crate) fn log(&mut self, length: usize) -> Vec<Access> {
        let mut time = 1_000_000;
        (0..length).map(|_| self.access(&mut time)).collect()
    }

    fn access(&mut self, time: &mut u64) -> Access {
        *time += u64::from(match self.below(10) {
            0..=5 => 0,
            6..=8 => self.below(8) * 10,
            _ => self.below(1000),
        });
        let most = 1 << self.below(7);
        let latency = match self.below(20) {
            0 => 0,
            1 if self.is_slow => 30_000 + self.below(3) * 30_000,
            1 => 1000 + self.below(3000),
            _ => self.below(15) * 10,
        };
        Access {
            time: *time,
            key: self.below(most),
            size: self.below(20_000),
            latency,
            failed: self.below(7) == 0,
        }
    }
}
