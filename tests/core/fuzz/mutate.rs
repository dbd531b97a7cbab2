//! Short variations of real values, from a seed.

/// Bytes that mean something to some reader.
const SHARP: &[u8] = b"\"\\,;=*-/ \t:()?@%0123456789aAzZW\n'.<>\0";

/// The longest input: what goes wrong goes wrong with few bytes.
const LONGEST: usize = 96;

/// Makes inputs out of values.
pub(crate) struct Mutator {
    state: u64,
    input: Vec<u8>,
}

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: seed,
            input: Vec::new(),
        }
    }

    /// One of `values`, changed in one to four places.
    pub(crate) fn input(&mut self, values: &[&str]) -> &str {
        let first = self.pick(values).as_bytes();
        self.input.clear();
        self.input.extend_from_slice(first);
        for _ in 0..=self.below(4) {
            self.change(values);
        }
        self.input.truncate(LONGEST);
        // Changes may cut a character in two; then what is before it will do.
        match std::str::from_utf8(&self.input) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&self.input[..error.valid_up_to()]).unwrap_or(""),
        }
    }

    fn change(&mut self, values: &[&str]) {
        let at = self.below(self.input.len() + 1);
        let end = at + self.below(self.input.len() - at + 1);
        match self.below(8) {
            0 => drop(self.input.drain(at..end)),
            1 => self.input.extend_from_within(at..end),
            2 => {
                let other = self.pick(values).as_bytes();
                self.input.extend_from_slice(other);
            }
            3 => self.input.truncate(at),
            4 => drop(self.input.splice(at..at, "\u{e9}".bytes())),
            5 if at < end => self.input[at] = self.input[at].wrapping_add(1) & 0x7f,
            _ => {
                let byte = SHARP[self.below(SHARP.len())];
                self.input.insert(at, byte);
            }
        }
    }

    fn pick<'a>(&mut self, values: &[&'a str]) -> &'a str {
        values[self.below(values.len())]
    }

    /// A number below `bound` (`SplitMix64`).
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = (mixed >> 32) * u64::try_from(bound).expect("a bound");
        usize::try_from(high >> 32).expect("below the bound")
    }
}
