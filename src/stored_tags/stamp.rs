//! Stamps of tags in a store: records of a version, and the keys that they have there.

use crate::record::{self, Header};
use crate::strategy::ttl::Lifetime;
use crate::tags::{Tag, Version};
use crate::time::{Span, Timestamp};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The codec id of stamps: they have no value that a codec could read.
const CODEC: u8 = 255;
/// Versions are whole numbers that JavaScript can tell apart.
pub(super) const VERSION_BITS: u32 = 53;

/// The place of a stamp. A tag has two, so that of two instances that invalidate it at once in both
/// ways none undoes the other's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StampKey {
    /// The stamp that every invalidation writes, whatever its tags.
    General,
    /// The stamp of a tag's hard invalidations.
    Hard(Tag),
    /// The stamp of its soft ones.
    Soft(Tag),
}

impl StampKey {
    /// Returns the places of tags: each one's hard stamp, then its soft one.
    #[must_use]
    pub fn of(tags: &[Tag]) -> Vec<Self> {
        let pairs = tags.iter().map(|&tag| [Self::Hard(tag), Self::Soft(tag)]);
        pairs.flatten().collect()
    }

    /// Returns its key in the store. No key of an entry begins like this.
    #[must_use]
    pub fn name(self, prefix: &str) -> String {
        match self {
            Self::General => format!("%tags:{prefix}any"),
            Self::Hard(tag) => format!("%tags:{prefix}h{}", base36(tag)),
            Self::Soft(tag) => format!("%tags:{prefix}s{}", base36(tag)),
        }
    }
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize]);
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().map(char::from).collect();
        }
    }
}

/// A stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// A random number, used once.
    pub version: Version,
    /// Time of writing, on the wall clock of the writer.
    pub at: Timestamp,
    /// Lifetime.
    pub life: Span,
}

impl Stamp {
    /// Returns the version that random bits make.
    #[must_use]
    pub const fn version_of(bits: u64) -> Version {
        let version = bits & ((1 << VERSION_BITS) - 1);
        if version == 0 { 1 } else { version }
    }

    /// Returns how much of its life is left.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Span {
        self.life.minus(now.since(self.at))
    }

    /// Returns its record.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "it has 53 bits")]
    pub fn encode(&self) -> Vec<u8> {
        let header = Header {
            codec: CODEC,
            stored_at: self.at,
            lifetime: Lifetime {
                ttl: self.life,
                ..Lifetime::NONE
            },
            load_cost: 0,
            tags: Box::default(),
        };
        record::encode(&header, &(self.version as f64).to_le_bytes())
    }

    /// Reads a record; `None` for one that is no stamp.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "only numbers that come out unchanged are taken"
    )]
    pub fn decode(record: &[u8]) -> Option<Self> {
        let (header, at) = record::decode(record)?;
        let bytes: [u8; 8] = record.get(at..)?.try_into().ok()?;
        let number = f64::from_le_bytes(bytes);
        let version = number as u64;
        let is_version = (1..1 << VERSION_BITS).contains(&version)
            && (version as f64).to_bits() == number.to_bits();
        (header.codec == CODEC && is_version).then_some(Self {
            version,
            at: header.stored_at,
            life: header.lifetime.ttl,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STAMP: Stamp = Stamp {
        version: (1 << 53) - 1,
        at: Timestamp::from_millis(1_764_000_000_000),
        life: Span::from_secs(86_400),
    };

    #[test]
    fn a_stamp_comes_back_as_it_was() {
        let forever = Stamp {
            version: 1,
            life: Span::FOREVER,
            ..STAMP
        };
        for stamp in [STAMP, forever] {
            assert_eq!(Stamp::decode(&stamp.encode()), Some(stamp));
        }
        assert_eq!(forever.left(Timestamp::NEVER), Span::FOREVER);
    }

    #[test]
    fn what_is_no_stamp_is_none() {
        let header = |codec| Header {
            codec,
            stored_at: STAMP.at,
            lifetime: Lifetime::NONE,
            load_cost: 0,
            tags: Box::default(),
        };
        for number in [
            0.0,
            -1.0,
            1.5,
            9_007_199_254_740_992.0,
            f64::NAN,
            f64::INFINITY,
        ] {
            let record = record::encode(&header(CODEC), &number.to_le_bytes());
            assert_eq!(Stamp::decode(&record), None, "{number}");
        }
        let good = 5.0_f64.to_le_bytes();
        assert_eq!(Stamp::decode(&record::encode(&header(1), &good)), None);
        assert_eq!(
            Stamp::decode(&record::encode(&header(CODEC), &good[1..])),
            None
        );
        let mut damaged = STAMP.encode();
        damaged[20] ^= 1;
        assert_eq!(Stamp::decode(&damaged), None);
    }

    #[test]
    fn random_bits_never_make_the_version_of_none() {
        assert_eq!(Stamp::version_of(0), 1);
        assert_eq!(Stamp::version_of(1 << 53), 1);
        assert_eq!(Stamp::version_of(u64::MAX), (1 << 53) - 1);
    }

    proptest! {
        #[test]
        fn numbers_are_written_as_javascript_writes_them(number: u64) {
            prop_assert_eq!(u64::from_str_radix(&base36(number), 36), Ok(number));
        }
    }
}
