//! The times at which a lock that another instance holds is looked for again: as
//! `js/src/coordination/lock-poll.ts` has it.

use crate::time::Span;

/// Milliseconds before each look, of two store operations: 50, and from one to the next 1.6 times as
/// many. There are so many looks after the first.
const DELAYS: [u64; 12] = [
    50, 80, 128, 205, 328, 524, 839, 1_342, 2_147, 3_436, 5_498, 8_796,
];
/// Maximum milliseconds between two looks, unless the wait is so long that the looks would run out.
const LONGEST_DELAY: u64 = 1_000;

/// The rest of a wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Polling {
    looks: usize,
    left: Span,
}

impl Polling {
    pub(super) const fn new(wait: Span) -> Self {
        Self {
            looks: 0,
            left: wait,
        }
    }

    /// The pause before the next look; `None` when the wait is over. `roll`: uniform in `[0, 1)`.
    pub(super) fn next(&mut self, roll: f64) -> Option<Span> {
        let left = self.left.as_millis();
        if left == 0 {
            return None;
        }
        let later = (DELAYS.len() - self.looks.min(DELAYS.len())).saturating_sub(1);
        let delay = match u64::try_from(later) {
            Ok(later) if later > 0 => {
                let most = LONGEST_DELAY.max(left / later);
                jittered(DELAYS[self.looks].min(most), roll).clamp(1, left)
            }
            // The last look is at the end.
            _ => left,
        };
        self.looks += 1;
        self.left = Span::from_millis(left - delay);
        Some(Span::from_millis(delay))
    }
}

/// Varies a delay by up to a quarter.
fn jittered(millis: u64, roll: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a roll is in [0, 1), so this is from 0 to 1023"
    )]
    let part = (roll * 1024.0) as u64;
    millis.saturating_mul(3 * 512 + part) / 2048
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn delays(wait: u64, roll: f64) -> Vec<u64> {
        let mut polling = Polling::new(Span::from_millis(wait));
        std::iter::from_fn(|| polling.next(roll))
            .map(Span::as_millis)
            .collect()
    }

    #[test]
    fn a_wait_ends_on_time_after_twelve_looks_at_most() {
        for wait in [
            0,
            1,
            49,
            50,
            100,
            1_000,
            8_000,
            60_000,
            3_600_000,
            2_147_483_647,
        ] {
            for roll in [0.0, 0.3, 0.5, 0.999_999_999] {
                let delays = delays(wait, roll);
                assert_eq!(delays.iter().sum::<u64>(), wait, "{delays:?}");
                assert!(delays.len() <= 12, "{delays:?}");
                let whole = delays.split_last().map_or(&[][..], |(_, whole)| whole);
                assert!(whole.iter().all(|&delay| delay >= 37), "{delays:?}");
            }
        }
    }

    #[test]
    fn delays_grow_up_to_a_second_or_what_the_wait_needs() {
        assert_eq!(
            delays(8_000, 0.5),
            [50, 80, 128, 205, 328, 524, 839, 1_342, 1_501, 1_501, 1_502]
        );
        assert_eq!(delays(100, 0.0), [37, 60, 3]);
        let long = delays(3_600_000, 0.5);
        assert!(long[11] > 3_500_000, "{long:?}");
        assert_eq!(long[7..11], [1_342, 2_147, 3_436, 5_498]);
    }
}
