//! Tags' names as numbers.

use crate::tags::Tag;
use core::fmt::{self, Write};

/// Returns 53 bits of a tag's name in a namespace: cyrb53, by bryc (public domain), over its UTF-16
/// code units. Stamps in stores are found by it, so it must not change.
#[must_use]
pub fn tag_of(namespace: &str, name: &str) -> Tag {
    let mut hash = Cyrb53 {
        low: 0xdead_beef,
        high: 0x41c6_ce57,
    };
    let units = namespace.encode_utf16().count();
    // Hashing never fails.
    let _ = write!(hash, "{units}:{namespace}{name}");
    hash.finish()
}

struct Cyrb53 {
    low: u32,
    high: u32,
}

impl Cyrb53 {
    fn finish(self) -> Tag {
        let Self { low, high } = self;
        let mix = |a: u32, b: u32| {
            (a ^ (a >> 16)).wrapping_mul(2_246_822_507)
                ^ (b ^ (b >> 13)).wrapping_mul(3_266_489_909)
        };
        let low = mix(low, high);
        let high = mix(high, low);
        u64::from(high & 0x1f_ffff) << 32 | u64::from(low)
    }
}

impl Write for Cyrb53 {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for unit in text.encode_utf16() {
            let unit = u32::from(unit);
            self.low = (self.low ^ unit).wrapping_mul(2_654_435_761);
            self.high = (self.high ^ unit).wrapping_mul(1_597_334_677);
        }
        Ok(())
    }
}
