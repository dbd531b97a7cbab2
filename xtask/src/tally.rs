//! Counts of passed and failed tests, read from the output of test runners.

use std::iter::Sum;
use std::ops::Add;

/// Counts of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that did what they should.
    pub(crate) passed: u32,
    /// Tests that did not.
    pub(crate) failed: u32,
}

impl Tally {
    /// Returns the count of one test.
    pub(crate) fn one(passed: bool) -> Self {
        Self {
            passed: passed.into(),
            failed: (!passed).into(),
        }
    }

    /// Reads the counts in a runner's output; `None` if it has none.
    ///
    /// Knows the last line `N passed, N failed`, the `test result:` lines of `cargo test`, and the
    /// summary of `node --test`.
    pub(crate) fn read(output: &str) -> Option<Self> {
        plain(output)
            .or_else(|| cargo(output))
            .or_else(|| node(output))
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
        }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), Self::add)
    }
}

fn plain(output: &str) -> Option<Tally> {
    output.lines().rev().find_map(|line| {
        let (passed, failed) = line.trim().split_once(" passed, ")?;
        Some(Tally {
            passed: passed.parse().ok()?,
            failed: failed.strip_suffix(" failed")?.parse().ok()?,
        })
    })
}

fn cargo(output: &str) -> Option<Tally> {
    let results: Vec<Tally> = output
        .lines()
        .filter_map(|line| line.strip_prefix("test result: "))
        .map(|line| Tally {
            passed: number_before(line, " passed"),
            failed: number_before(line, " failed"),
        })
        .collect();
    (!results.is_empty()).then(|| results.into_iter().sum())
}

fn node(output: &str) -> Option<Tally> {
    let count = |name: &str| {
        output.lines().rev().find_map(|line| {
            let line = line
                .strip_prefix("# ")
                .or_else(|| line.strip_prefix("ℹ "))?;
            line.strip_prefix(name)?.trim().parse().ok()
        })
    };
    let failed: u32 = count("fail ")?;
    Some(Tally {
        passed: count("pass ")?,
        failed: failed + count("cancelled ").unwrap_or(0),
    })
}

/// Returns the number directly before `word`; 0 without one.
fn number_before(line: &str, word: &str) -> u32 {
    let before = line.split(word).next().unwrap_or_default();
    let digits = before
        .rsplit(|character: char| !character.is_ascii_digit())
        .next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn tally(passed: u32, failed: u32) -> Tally {
        Tally { passed, failed }
    }

    #[test]
    fn cargo_results_are_added_up() {
        let output = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured\n\n\
            test result: FAILED. 3 passed; 2 failed; 0 ignored\n";
        assert_eq!(Tally::read(output), Some(tally(15, 2)));
    }

    #[test]
    fn both_node_reporters_are_known() {
        assert_eq!(
            Tally::read("# tests 7\n# pass 5\n# fail 1\n# cancelled 1\n"),
            Some(tally(5, 2))
        );
        assert_eq!(
            Tally::read("ℹ tests 5\nℹ pass 5\nℹ fail 0\nℹ cancelled 0\n"),
            Some(tally(5, 0))
        );
    }

    #[test]
    fn the_last_plain_line_counts() {
        assert_eq!(
            Tally::read("1 passed, 0 failed\nmore\n41 passed, 1 failed\nbye\n"),
            Some(tally(41, 1))
        );
    }

    #[test]
    fn silence_is_no_count() {
        assert_eq!(Tally::read("all good\n"), None);
        assert_eq!(Tally::read("many passed, 3 failed\n"), None);
    }
}
