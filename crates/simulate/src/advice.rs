//! The policy to begin with, by a rule that is told with it.

use crate::code::{rust, typescript};
use crate::configuration::Room;
use crate::report::{Row, Summary};
use crate::units::{about_millis, count};
use holdover::memory::Eviction;
use serde::Serialize;

/// A figure counts as equal to the best up to a tenth above it.
const CLOSE: (u64, u64) = (11, 10);
/// Errors count as equal to the fewest up to so small a part of calls more.
const FEW: u64 = 100;

/// Wishes of the user.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rule {
    /// The age in milliseconds above which no more than a hundredth of answers should be.
    pub max_age: Option<u64>,
}

/// A recommended policy.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advice {
    /// The place of its row.
    pub row: usize,
    /// The reason, a sentence for each step of the rule.
    pub reason: Vec<String>,
    /// The policy in TypeScript.
    pub typescript: String,
    /// The policy in Rust.
    pub rust: String,
}

impl Advice {
    /// Recommends one of some rows, of which there is at least one.
    ///
    /// The rule, each step among those that the one before it left: answers that are young enough;
    /// the fewest visitors with an error, in the outage if there was one; the fewest calls of the
    /// origin; the shortest waits; then the shortest `ttl`, the youngest answers, the smallest
    /// memory, LRU, and the shortest windows.
    ///
    /// # Panics
    /// Without a row.
    #[must_use]
    pub fn of(rows: &[Row], rule: Rule) -> Self {
        let mut chosen = Chosen::all(rows);
        if let Some(most) = rule.max_age {
            chosen.young(most);
        }
        chosen.few_errors();
        chosen.few_calls();
        chosen.short_waits();
        let row = chosen.first();
        Self {
            row,
            reason: chosen.reason,
            typescript: typescript(&rows[row].policy),
            rust: rust(&rows[row].policy),
        }
    }
}

/// The rows that are left, and why.
struct Chosen<'a> {
    rows: &'a [Row],
    left: Vec<usize>,
    reason: Vec<String>,
}

impl<'a> Chosen<'a> {
    fn all(rows: &'a [Row]) -> Self {
        Self {
            rows,
            left: (0..rows.len()).collect(),
            reason: Vec::new(),
        }
    }

    /// Keeps the rows whose figure is no more than `most` makes of the least; says so.
    fn keep(
        &mut self,
        figure: impl Fn(&Row) -> u64,
        most: impl Fn(u64) -> u64,
        why: impl FnOnce(u64) -> String,
    ) {
        let figures = self.left.iter().map(|&row| figure(&self.rows[row]));
        let Some(least) = figures.min() else { return };
        let before = self.left.len();
        let rows = self.rows;
        self.left.retain(|&row| figure(&rows[row]) <= most(least));
        let left = self.left.len();
        self.reason
            .push(format!("{left} of {before}: {}", why(least)));
    }

    fn young(&mut self, most: u64) {
        self.keep(
            |row| row.all.age_p99,
            |least| most.max(least),
            |least| {
                let asked = about_millis(most);
                if least > most {
                    let least = about_millis(least);
                    return format!("the youngest answers there are, {least} rather than {asked}.");
                }
                format!("99 % of answers are no older than {asked}, as asked.")
            },
        );
    }

    fn few_errors(&mut self) {
        let counted = |row: &Row| {
            let Row { all, in_outage, .. } = row;
            in_outage.as_ref().unwrap_or(all).clone()
        };
        let Summary { calls, .. } = counted(&self.rows[0]);
        let time = if self.rows[0].in_outage.is_some() {
            " during the outage"
        } else {
            ""
        };
        self.keep(
            |row| counted(row).errors,
            |least| least + calls / FEW,
            |least| {
                let (least, calls) = (count(least), count(calls));
                format!("about the fewest errors{time}, {least} in {calls} calls.")
            },
        );
    }

    fn few_calls(&mut self) {
        self.keep(
            |row| row.all.origin_calls,
            close,
            |least| format!("about the fewest calls of the origin, {}.", count(least)),
        );
    }

    fn short_waits(&mut self) {
        self.keep(
            |row| row.all.wait_p99,
            close,
            |least| {
                format!(
                    "99 % of visitors wait about {} at most.",
                    about_millis(least)
                )
            },
        );
    }

    fn first(&mut self) -> usize {
        let rows = self.rows;
        let order = |row: &usize| {
            let Row { policy, all, .. } = &rows[*row];
            let (kind, room) = match policy.room {
                Room::Entries(most) => (0, u64::from(most)),
                Room::Bytes(most) => (1, most),
            };
            let is_lru = policy.eviction == Eviction::Lru;
            let windows = policy.stale_while_revalidate.as_millis();
            let in_failure = policy.stale_if_error.as_millis();
            let ttl = policy.ttl.as_millis();
            (ttl, all.age_p99, kind, room, !is_lru, windows, in_failure)
        };
        let first = self.left.iter().copied().min_by_key(order);
        let left = self.left.len();
        if left > 1 {
            self.reason.push(format!(
                "1 of {left}: the shortest ttl, then the youngest answers, the smallest memory, \
                 lru, the shortest windows."
            ));
        }
        first.expect("a row is left of at least one")
    }
}

const fn close(least: u64) -> u64 {
    least.saturating_mul(CLOSE.0) / CLOSE.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use holdover::Span;

    fn summary() -> Summary {
        Summary {
            calls: 1000,
            hit_ratio: 0.5,
            hits: 500,
            stale: 0,
            loads: 500,
            coalesced: 0,
            error_fallbacks: 0,
            failovers: 0,
            errors: 0,
            origin_calls: 500,
            origin_bytes: 0,
            wait_p50: 0,
            wait_p99: 100,
            age_p50: 0,
            age_p99: 1000,
            age_max: 1000,
        }
    }

    /// A policy of this `ttl` in seconds, and its figures after a change.
    fn row(ttl: u64, change: impl FnOnce(&mut Row)) -> Row {
        let mut row = Row {
            policy: Configuration::new(Span::from_secs(ttl), Room::Entries(10)),
            all: summary(),
            in_outage: Some(summary()),
        };
        change(&mut row);
        row
    }

    fn advised(rows: &[Row]) -> usize {
        Advice::of(rows, Rule::default()).row
    }

    fn errors(row: &mut Row, errors: u64) {
        row.in_outage.as_mut().unwrap().errors = errors;
    }

    #[test]
    fn errors_of_an_outage_come_first_and_a_hundredth_of_calls_is_few() {
        let many = row(1, |row| errors(row, 21));
        let few = row(2, |row| errors(row, 20));
        let fewest = row(3, |row| {
            errors(row, 10);
            row.all.origin_calls = 501;
        });
        assert_eq!(advised(&[many, few, fewest]), 1);
    }

    #[test]
    fn without_an_outage_errors_of_the_log_count() {
        let rows = [11, 0].map(|errors| {
            row(1, |row| {
                row.in_outage = None;
                row.all.errors = errors;
            })
        });
        assert_eq!(advised(&rows), 1);
    }

    #[test]
    fn then_come_calls_of_the_origin_and_waits_up_to_a_tenth_more() {
        let calls = |ttl, calls| row(ttl, |row| row.all.origin_calls = calls);
        assert_eq!(advised(&[calls(1, 551), calls(2, 550), calls(3, 500)]), 1);
        let waits = |ttl, wait| row(ttl, |row| row.all.wait_p99 = wait);
        assert_eq!(advised(&[waits(1, 111), waits(2, 110), waits(3, 100)]), 1);
    }

    #[test]
    fn of_equal_ones_the_simplest_is_taken() {
        let plain = || row(5, |_| ());
        let old = row(5, |row| row.all.age_p99 = 1001);
        let large = row(5, |row| row.policy.room = Room::Entries(11));
        let other = row(5, |row| row.policy.eviction = Eviction::S3Fifo);
        let windows = row(5, |row| row.policy.stale_if_error = Span::from_secs(1));
        let long = row(6, |_| ());
        for worse in [old, large, other, windows, long] {
            assert_eq!(advised(&[worse.clone(), plain()]), 1, "{worse:?}");
            assert_eq!(advised(&[plain(), worse.clone()]), 0, "{worse:?}");
        }
    }

    #[test]
    fn answers_can_be_asked_to_be_young() {
        let aged = |age, calls| {
            row(5, |row| {
                row.all.age_p99 = age;
                row.all.origin_calls = calls;
            })
        };
        let rows = [aged(3000, 100), aged(2000, 200), aged(1500, 300)];
        let advised = |max_age| Advice::of(&rows, Rule { max_age });
        assert_eq!(advised(None).row, 0);
        assert_eq!(advised(Some(2000)).row, 1);
        assert_eq!(advised(Some(1999)).row, 2);
        let none = advised(Some(1000));
        assert_eq!(none.row, 2);
        assert_eq!(
            none.reason[0],
            "1 of 3: the youngest answers there are, 1.5 s rather than 1 s."
        );
    }
}
