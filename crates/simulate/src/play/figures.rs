//! Counts of answers.

/// Times in milliseconds, to two digits.
pub type Histogram = hdrhistogram::Histogram<u64>;

/// The longest time that is told from longer ones: 34 years.
const LONGEST: u64 = 1 << 40;

/// The source of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A fresh entry.
    Hit,
    /// A stale entry, while a load refreshes it.
    Stale,
    /// The caller's own load.
    Load,
    /// A load that another caller leads.
    Coalesced,
    /// An entry, as the load failed or loads wait for a retry.
    ErrorFallback,
    /// An entry, as the load is slow.
    Failover,
}

/// Counts of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Calls that have an answer, or an error.
    pub calls: u64,
    /// Calls answered by a fresh entry.
    pub hits: u64,
    /// Calls answered by a stale entry.
    pub stale: u64,
    /// Calls answered by a load of their own.
    pub loaded: u64,
    /// Calls answered by a load that another caller led.
    pub coalesced: u64,
    /// Calls answered by an entry because a load failed.
    pub error_fallbacks: u64,
    /// Calls answered by an entry because a load was slow.
    pub failovers: u64,
    /// Calls that ended with an error.
    pub errors: u64,
    /// Calls of the origin.
    pub origin_calls: u64,
    /// Bytes of its responses, failed ones aside.
    pub origin_bytes: u64,
    /// Time that callers waited, of those who did.
    pub waits: Histogram,
    /// Age of each answer.
    pub ages: Histogram,
    /// Age of the oldest answer.
    pub oldest: u64,
}

impl Default for Figures {
    fn default() -> Self {
        let times = Histogram::new_with_bounds(1, LONGEST, 2).expect("good bounds");
        Self {
            calls: 0,
            hits: 0,
            stale: 0,
            loaded: 0,
            coalesced: 0,
            error_fallbacks: 0,
            failovers: 0,
            errors: 0,
            origin_calls: 0,
            origin_bytes: 0,
            waits: times.clone(),
            ages: times,
            oldest: 0,
        }
    }
}

impl Figures {
    /// Counts a call that had its answer at once, from a fresh entry of this age.
    #[inline]
    pub(super) fn hit(&mut self, age: u64) {
        self.calls += 1;
        self.hits += 1;
        self.age(age);
    }

    /// Counts an answer of this age, for which its caller waited so long.
    pub fn answered(&mut self, source: Source, age: u64, waited: u64) {
        self.calls += 1;
        let count = match source {
            Source::Hit => &mut self.hits,
            Source::Stale => &mut self.stale,
            Source::Load => &mut self.loaded,
            Source::Coalesced => &mut self.coalesced,
            Source::ErrorFallback => &mut self.error_fallbacks,
            Source::Failover => &mut self.failovers,
        };
        *count += 1;
        self.age(age);
        self.waited(waited);
    }

    /// Counts an error, for which its caller waited so long.
    pub fn failed(&mut self, waited: u64) {
        self.calls += 1;
        self.errors += 1;
        self.waited(waited);
    }

    #[inline]
    fn age(&mut self, age: u64) {
        self.ages.saturating_record(age);
        self.oldest = self.oldest.max(age);
    }

    fn waited(&mut self, waited: u64) {
        if waited > 0 {
            self.waits.saturating_record(waited);
        }
    }

    /// Returns the wait that so large a part of all callers had at most, in milliseconds.
    #[must_use]
    pub fn wait_at(&self, part: f64) -> u64 {
        let at_once = self.calls - self.waits.len();
        #[expect(clippy::cast_precision_loss, reason = "a part of a count")]
        let (calls, at_once) = (self.calls as f64, at_once as f64);
        if part * calls <= at_once {
            return 0;
        }
        let waiting = (part * calls - at_once) / (calls - at_once);
        self.waits.value_at_quantile(waiting)
    }

    /// Returns the age that so large a part of all answers had at most, in milliseconds.
    #[must_use]
    pub fn age_at(&self, part: f64) -> u64 {
        self.ages.value_at_quantile(part).min(self.oldest)
    }

    /// Returns the part of calls that an entry answered without the origin: fresh or stale.
    #[must_use]
    pub fn hit_ratio(&self) -> f64 {
        part(self.hits + self.stale, self.calls)
    }
}

/// Returns a count as a part of another, 0 of none.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a ratio")]
pub fn part(some: u64, all: u64) -> f64 {
    if all == 0 {
        0.0
    } else {
        some as f64 / all as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_those_of_all_callers() {
        let mut figures = Figures::default();
        for _ in 0..98 {
            figures.hit(5);
        }
        figures.answered(Source::Load, 0, 100);
        figures.failed(40);
        let waits = [0.5, 0.98, 0.99, 1.0].map(|part| figures.wait_at(part));
        assert_eq!(waits, [0, 0, 40, 100]);
        assert_eq!((figures.age_at(0.5), figures.oldest), (5, 5));
        assert_eq!(figures.age_at(0.001), 0);
        assert!((figures.hit_ratio() - 0.98).abs() < 1e-9);
    }

    #[test]
    fn nothing_was_waited_for_where_nobody_called() {
        let figures = Figures::default();
        assert_eq!((figures.wait_at(0.99), figures.age_at(0.99)), (0, 0));
        assert!(figures.hit_ratio().abs() < 1e-9);
    }
}
