//! A bloom filter: a set that can say for certain that a key was never added.
//!
//! "Absent" is always right, "may be there" is wrong for `false_positive_rate` of the keys that
//! were not added, once `capacity` keys were. With `n` the capacity and `p` the rate it has m =
//! ⌈−n·ln p / ln²2⌉ bits, of which each key sets k = round(m/n·ln 2) (Bloom, Space/Time Trade-offs
//! in Hash Coding with Allowable Errors, CACM 1970).
//!
//! For a lost or damaged filter [`Bloom::from_bytes`] returns `None`, and the caller loads. An
//! empty filter in its place would report everything as absent.

use super::murmur3::murmur3;
use crate::config_error::ConfigError;
use alloc::vec;
use alloc::vec::Vec;
use core::f64::consts::LN_2;

/// Version, `k`, `m`; all numbers are little-endian.
const HEAD: usize = 1 + 4 + 4;
/// The first half of the hash of all bytes before it.
const CHECKSUM: usize = 8;
const VERSION: u8 = 1;

/// A set of keys that cannot list them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bloom {
    bits: u32,
    hashes: u32,
    bytes: Vec<u8>,
}

impl Bloom {
    /// Returns an empty filter for `capacity` keys (1 or more) at this rate of false positives
    /// (above 0, below 1).
    ///
    /// # Errors
    /// A [`ConfigError`] that names the option; also for a filter of 2³² bits (512 MB) or more.
    pub fn new(capacity: u32, false_positive_rate: f64) -> Result<Self, ConfigError> {
        if capacity == 0 {
            return Err(ConfigError::of("bloom.capacity", "1 or more"));
        }
        if !(false_positive_rate > 0.0 && false_positive_rate < 1.0) {
            let allowed = "a number above 0 and below 1";
            return Err(ConfigError::of("bloom.false_positive_rate", allowed));
        }
        let keys = f64::from(capacity);
        let exact = libm::ceil(-keys * libm::log(false_positive_rate) / (LN_2 * LN_2));
        if exact > f64::from(u32::MAX) {
            let allowed = "what takes less than 2^32 bits at this false positive rate";
            return Err(ConfigError::of("bloom.capacity", allowed));
        }
        let hashes = libm::round(exact / keys * LN_2).max(1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "both are whole, above 0 and at most u32::MAX"
        )]
        let (bits, hashes) = (exact as u32, hashes as u32);
        Ok(Self {
            bits,
            hashes,
            bytes: vec![0; length_of(bits)],
        })
    }

    /// Returns its number of bits: m.
    #[must_use]
    pub const fn bits(&self) -> u32 {
        self.bits
    }

    /// Returns the number of bits that each key sets: k.
    #[must_use]
    pub const fn hashes(&self) -> u32 {
        self.hashes
    }

    /// Adds `key`.
    pub fn add(&mut self, key: &[u8]) {
        for bit in Bits::of(key, self.bits).take(self.hashes as usize) {
            self.bytes[bit / 8] |= 1 << (bit % 8);
        }
    }

    /// True if `key` may have been added; false if it certainly was not.
    #[must_use]
    pub fn may_have(&self, key: &[u8]) -> bool {
        Bits::of(key, self.bits)
            .take(self.hashes as usize)
            .all(|bit| self.bytes[bit / 8] & (1 << (bit % 8)) != 0)
    }

    /// Adds all keys of `other`, such as a filter that another instance has saved. Returns false,
    /// and adds nothing, if the two have different parameters.
    pub fn merge(&mut self, other: &Self) -> bool {
        let alike = (self.bits, self.hashes) == (other.bits, other.hashes);
        if alike {
            let pairs = self.bytes.iter_mut().zip(&other.bytes);
            pairs.for_each(|(byte, others)| *byte |= others);
        }
        alike
    }

    /// Returns the filter as bytes with a checksum, for a store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut saved = Vec::with_capacity(HEAD + self.bytes.len() + CHECKSUM);
        saved.push(VERSION);
        saved.extend(self.hashes.to_le_bytes());
        saved.extend(self.bits.to_le_bytes());
        saved.extend(&self.bytes);
        saved.extend(murmur3(&saved).0.to_le_bytes());
        saved
    }

    /// Returns the filter that [`Bloom::to_bytes`] saved; `None` if the bytes are damaged or none.
    #[must_use]
    pub fn from_bytes(saved: &[u8]) -> Option<Self> {
        let (content, checksum) = saved.split_last_chunk::<CHECKSUM>()?;
        let (head, bytes) = content.split_first_chunk::<HEAD>()?;
        let [version, k0, k1, k2, k3, m0, m1, m2, m3] = *head;
        let hashes = u32::from_le_bytes([k0, k1, k2, k3]);
        let bits = u32::from_le_bytes([m0, m1, m2, m3]);
        let sound = version == VERSION
            && hashes > 0
            && bits > 0
            && bytes.len() == length_of(bits)
            && murmur3(content).0.to_le_bytes() == *checksum;
        sound.then(|| Self {
            bits,
            hashes,
            bytes: bytes.to_vec(),
        })
    }

    /// Checks the internal rules; for tests.
    ///
    /// # Panics
    /// When one is broken.
    pub fn assert_invariants(&self) {
        assert!(self.bits > 0 && self.hashes > 0, "a filter has bits");
        assert_eq!(self.bytes.len(), length_of(self.bits), "and room for them");
        let spare = self.bytes.len() * 8 - self.bits as usize;
        let last = u32::from(*self.bytes.last().expect("a filter has bytes"));
        assert_eq!(last << spare >> 8, 0, "spare bits are never set");
    }
}

const fn length_of(bits: u32) -> usize {
    bits.div_ceil(8) as usize
}

/// The bits of a key, an endless sequence: enhanced double hashing (Dillinger and Manolios, Bloom
/// Filters in Probabilistic Verification, FMCAD 2004), which needs two hashes for any number of
/// bits.
struct Bits {
    next: u64,
    stride: u64,
    turn: u64,
    modulus: u64,
}

impl Bits {
    fn of(key: &[u8], bits: u32) -> Self {
        let bits = u64::from(bits);
        let (first, second) = murmur3(key);
        Self {
            next: first % bits,
            stride: second % bits,
            turn: 0,
            modulus: bits,
        }
    }
}

impl Iterator for Bits {
    type Item = usize;

    #[expect(
        clippy::cast_possible_truncation,
        reason = "`next` is below the number of bits, a u32"
    )]
    fn next(&mut self) -> Option<usize> {
        let bit = self.next;
        self.turn += 1;
        self.next = (self.next + self.stride) % self.modulus;
        self.stride = (self.stride + self.turn) % self.modulus;
        Some(bit as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::assert_table;
    use alloc::collections::BTreeSet;
    use alloc::format;
    use proptest::prelude::*;

    fn filled(capacity: u32, rate: f64, keys: u32) -> Bloom {
        let mut bloom = Bloom::new(capacity, rate).unwrap();
        (0..keys).for_each(|key| bloom.add(format!("user:{key}").as_bytes()));
        bloom
    }

    #[test]
    fn has_as_many_bits_and_hashes_as_the_formula_says() {
        let sizes = [(100, 959), (10_000, 95_851), (1_000_000, 9_585_059)];
        for (capacity, bits) in sizes {
            let bloom = Bloom::new(capacity, 0.01).unwrap();
            assert_eq!((bloom.bits(), bloom.hashes()), (bits, 7));
            bloom.assert_invariants();
        }
        let coarse = Bloom::new(1, 0.99).unwrap();
        assert_eq!((coarse.bits(), coarse.hashes()), (1, 1));
    }

    #[test]
    fn refuses_what_cannot_work() {
        let wrong = |capacity, rate| Bloom::new(capacity, rate).unwrap_err().option();
        assert_eq!(wrong(0, 0.01), "bloom.capacity");
        assert_eq!(wrong(u32::MAX, 0.01), "bloom.capacity");
        for rate in [0.0, 1.0, -0.5, 2.0, f64::NAN, f64::INFINITY] {
            assert_eq!(wrong(100, rate), "bloom.false_positive_rate");
        }
    }

    #[test]
    fn a_full_filter_errs_as_often_as_promised() {
        for rate in [0.1, 0.01, 0.001] {
            let bloom = filled(20_000, rate, 20_000);
            let wrong = (0..200_000)
                .filter(|key| bloom.may_have(format!("absent:{key}").as_bytes()))
                .count();
            let measured = f64::from(u32::try_from(wrong).unwrap()) / 200_000.0;
            assert!((measured / rate - 1.0).abs() < 0.25, "{measured} of {rate}");
        }
    }

    /// ⚠ A fault of other caches: a bitmap that was evicted reports everything as absent.
    #[test]
    fn a_lost_or_damaged_filter_is_none_rather_than_empty() {
        let saved = filled(100, 0.01, 100).to_bytes();
        assert_eq!(Bloom::from_bytes(&[]), None);
        assert_eq!(Bloom::from_bytes(&vec![0; saved.len()]), None);
        for length in 0..saved.len() {
            assert_eq!(Bloom::from_bytes(&saved[..length]), None);
        }
        for bit in 0..saved.len() * 8 {
            let mut damaged = saved.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Bloom::from_bytes(&damaged), None, "bit {bit}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused_although_its_checksum_is_right() {
        let wrong = [
            (2, 1, 8),
            (VERSION, 0_u32, 8_u32),
            (VERSION, 1, 0),
            (VERSION, 1, u32::MAX),
        ];
        for (version, hashes, bits) in wrong {
            let mut saved = vec![version];
            saved.extend(hashes.to_le_bytes());
            saved.extend(bits.to_le_bytes());
            saved.push(0);
            saved.extend(murmur3(&saved).0.to_le_bytes());
            assert_eq!(Bloom::from_bytes(&saved), None);
        }
    }

    #[test]
    fn only_filters_of_one_size_merge() {
        let mut one = filled(100, 0.01, 10);
        assert!(!one.merge(&filled(101, 0.01, 100)));
        assert_eq!(one, filled(100, 0.01, 10));
        assert!(one.merge(&filled(100, 0.01, 100)));
        assert_eq!(one, filled(100, 0.01, 100));
    }

    const TABLE: &str = "
empty      mayHave a  absent
empty      add a      holds a
empty      restart    empty
empty      damage     unknown
holds a    mayHave a  may have
holds a    mayHave b  absent
holds a    add a      holds a
holds a    restart    holds a
holds a    damage     unknown
";

    #[test]
    fn moves_as_the_table_says() {
        let empty = Bloom::new(100, 0.01).unwrap();
        let mut holding = empty.clone();
        holding.add(b"a");
        let name = |bloom: &Bloom| match bloom {
            it if *it == empty => "empty",
            it if *it == holding => "holds a",
            _ => "other",
        };
        let answer = |may_have| if may_have { "may have" } else { "absent" };
        let saved = |bloom: &Bloom, damage| {
            let mut bytes = bloom.to_bytes();
            bytes[HEAD] ^= damage;
            Bloom::from_bytes(&bytes).map_or("unknown", |it| name(&it))
        };
        let mut rows = Vec::new();
        for bloom in [&empty, &holding] {
            let mut row = |event, then| {
                rows.push(format!("{:<10} {event:<10} {then}", name(bloom)));
            };
            row("mayHave a", answer(bloom.may_have(b"a")));
            if name(bloom) == "holds a" {
                row("mayHave b", answer(bloom.may_have(b"b")));
            }
            let mut added = bloom.clone();
            added.add(b"a");
            row("add a", name(&added));
            row("restart", saved(bloom, 0));
            row("damage", saved(bloom, 1));
        }
        assert_table(&rows, TABLE);
    }

    proptest! {
        /// Against a set: a key of the set may be in the filter, before and after saving; and the
        /// filter's bits are those of the definition, i·(second hash) from the first on.
        #[test]
        fn never_calls_absent_what_was_added(
            keys in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..60),
            capacity in 1_u32..100,
            rate in 0.0001..0.9_f64,
        ) {
            let mut bloom = Bloom::new(capacity, rate).unwrap();
            let mut set = BTreeSet::new();
            let m = u128::from(bloom.bits());
            for key in &keys {
                bloom.add(key);
                let (first, second) = murmur3(key);
                for i in 0..u128::from(bloom.hashes()) {
                    let cubes = (i * i * i - i) / 6;
                    set.insert((u128::from(first) + i * u128::from(second) + cubes) % m);
                }
                bloom.assert_invariants();
            }
            let restored = Bloom::from_bytes(&bloom.to_bytes()).unwrap();
            prop_assert_eq!(&restored, &bloom);
            prop_assert!(keys.iter().all(|key| restored.may_have(key)));
            let ones: u32 = bloom.bytes.iter().map(|byte| byte.count_ones()).sum();
            prop_assert_eq!(ones as usize, set.len());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            prop_assert_eq!(Bloom::from_bytes(&bytes), None);
        }
    }
}
