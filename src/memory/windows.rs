//! The windows of entries, kept once for all entries that have the same.
//!
//! Most entries of a cache differ in their `ttl` (jitter, headers) but not in what comes after it.

use crate::strategy::ttl::Lifetime;
use crate::time::Span;
use alloc::vec::Vec;

/// Windows among which equal ones are looked for; those beyond are one entry's each, so that
/// storing never becomes slow.
const LOOKED_AT: usize = 64;

/// The number of no windows at all: a slot has 24 bits for it. An entry beyond so many different
/// windows ends with its `ttl`; with another's number it could outlive its own.
const NO_WINDOWS: u32 = (1 << 24) - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Windows {
    stale_while_revalidate: Span,
    stale_if_error: Span,
    retained: Span,
}

#[derive(Clone, Copy, Debug)]
struct Shared {
    windows: Windows,
    longest: Span,
    uses: u32,
}

impl Shared {
    /// Counts one more use if these are the windows.
    fn is_used_for(&mut self, windows: Windows) -> bool {
        let is_same = self.uses > 0 && self.windows == windows;
        self.uses += u32::from(is_same);
        is_same
    }
}

/// The windows in use, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct WindowsTable {
    shared: Vec<Shared>,
    free: Vec<u32>,
}

impl WindowsTable {
    /// Returns the number of these windows, which is given back with [`WindowsTable::release`].
    pub(super) fn intern(&mut self, lifetime: &Lifetime) -> u32 {
        self.intern_below(lifetime, NO_WINDOWS)
    }

    #[expect(clippy::cast_possible_truncation, reason = "no more than entries")]
    fn intern_below(&mut self, lifetime: &Lifetime, most: u32) -> u32 {
        let windows = Windows {
            stale_while_revalidate: lifetime.stale_while_revalidate,
            stale_if_error: lifetime.stale_if_error,
            retained: lifetime.retained,
        };
        let mut looked_at = self.shared.iter_mut().take(LOOKED_AT);
        if let Some(number) = looked_at.position(|shared| shared.is_used_for(windows)) {
            return number as u32;
        }
        let shared = Shared {
            windows,
            longest: windows.stale_while_revalidate.max(windows.stale_if_error),
            uses: 1,
        };
        if let Some(number) = self.free.pop() {
            self.shared[number as usize] = shared;
            return number;
        }
        let number = self.shared.len() as u32;
        if number >= most {
            return NO_WINDOWS;
        }
        self.shared.push(shared);
        number
    }

    pub(super) fn release(&mut self, number: u32) {
        let Some(shared) = self.shared.get_mut(number as usize) else {
            return;
        };
        shared.uses -= 1;
        if shared.uses == 0 {
            self.free.push(number);
        }
    }

    /// Returns the longer one of the windows in which an entry is stale and may answer.
    #[inline]
    pub(super) fn longest(&self, number: u32) -> Span {
        let shared = self.shared.get(number as usize);
        shared.map_or(Span::ZERO, |shared| shared.longest)
    }

    /// Returns the lifetime with this `ttl` and the windows of this number.
    #[inline]
    pub(super) fn lifetime(&self, ttl: Span, number: u32) -> Lifetime {
        let Some(Shared { windows, .. }) = self.shared.get(number as usize) else {
            return Lifetime {
                ttl,
                ..Lifetime::NONE
            };
        };
        Lifetime {
            ttl,
            stale_while_revalidate: windows.stale_while_revalidate,
            stale_if_error: windows.stale_if_error,
            retained: windows.retained,
        }
    }

    /// The uses of all windows together; for tests.
    pub(super) fn uses(&self) -> usize {
        self.shared.iter().map(|shared| shared.uses as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lasting(retained: u64) -> Lifetime {
        Lifetime {
            retained: Span::from_millis(retained),
            ..Lifetime::NONE
        }
    }

    #[test]
    fn the_same_windows_have_one_number_and_unused_numbers_are_used_again() {
        let mut table = WindowsTable::default();
        let ttl = Span::from_millis(3);
        let one = table.intern(&lasting(1));
        assert_eq!(table.intern(&lasting(1)), one);
        let two = table.intern(&lasting(2));
        assert_ne!(one, two);
        assert_eq!(table.lifetime(ttl, two), Lifetime { ttl, ..lasting(2) });
        table.release(one);
        assert_ne!(table.intern(&lasting(4)), one, "still in use");
        table.release(one);
        assert_eq!(table.intern(&lasting(5)), one);
        assert_eq!(table.intern(&lasting(5)), one);
        assert_ne!(table.intern(&lasting(1)), one, "what it was is forgotten");
    }

    #[test]
    fn an_entry_beyond_the_last_number_has_no_windows() {
        let mut table = WindowsTable::default();
        assert_eq!(table.intern_below(&lasting(1), 1), 0);
        let number = table.intern_below(&lasting(2), 1);
        let ttl = Span::from_millis(3);
        assert_eq!(
            table.lifetime(ttl, number),
            Lifetime {
                ttl,
                ..Lifetime::NONE
            }
        );
        assert_eq!(table.longest(number), Span::ZERO);
        table.release(number);
        assert_eq!(
            table.intern_below(&lasting(2), 1),
            number,
            "not given to another"
        );
        assert_eq!(
            table.intern_below(&lasting(1), 1),
            0,
            "what is known is shared"
        );
    }

    #[test]
    fn beyond_those_looked_at_each_has_a_number() {
        let mut table = WindowsTable::default();
        let last = (0..=LOOKED_AT as u64).map(|retained| table.intern(&lasting(retained)));
        assert_eq!(last.max(), Some(64));
        assert_eq!(table.intern(&lasting(64)), 65, "equal, and apart");
        assert_eq!(table.intern(&lasting(63)), 63);
        table.release(64);
        assert_eq!(table.intern(&lasting(64)), 64);
        assert_eq!(table.uses(), 67);
    }
}
