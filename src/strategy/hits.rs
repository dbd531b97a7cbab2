//! Limits on the number of hits of an entry, whatever its age.

/// A bound on the hits of one entry.
///
/// With `max` 3, ten calls of a function that counts give 1,1,1,1,2,2,2,2,3,3: the load and three
/// hits, four times over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hits {
    /// Most hits that an entry serves; the next call loads.
    pub max: u32,
    /// From which hit on a background load replaces the entry.
    pub refresh_at: Option<u32>,
}

impl Hits {
    /// True if an entry that has served `hits` may not serve another.
    #[must_use]
    pub const fn is_used_up(&self, hits: u32) -> bool {
        hits >= self.max
    }

    /// True if the `hit`-th hit, counted from 1, asks for a refresh.
    #[must_use]
    pub fn is_due(&self, hit: u32) -> bool {
        self.refresh_at.is_some_and(|at| hit >= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_hits_and_no_more() {
        let hits = Hits {
            max: 3,
            refresh_at: Some(2),
        };
        assert_eq!(
            [0, 2, 3, 4].map(|served| hits.is_used_up(served)),
            [false, false, true, true]
        );
        assert_eq!([1, 2, 3].map(|hit| hits.is_due(hit)), [false, true, true]);
    }
}
