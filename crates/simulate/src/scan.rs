//! Facts that have to be known of a log before policies play it.

use crate::access::Access;
use crate::play::Outage;
use std::collections::BTreeMap;

/// Number of parts of an outage, by which the worst time for it is looked for.
const PARTS: u64 = 10;

/// Accesses counted by time.
#[derive(Clone, Debug)]
pub struct Scan {
    part: u64,
    counts: BTreeMap<u64, u64>,
}

impl Scan {
    /// A scan for an outage of so many milliseconds.
    #[must_use]
    pub fn new(outage: u64) -> Self {
        Self {
            part: (outage / PARTS).max(1),
            counts: BTreeMap::new(),
        }
    }

    /// Counts accesses.
    pub fn take(&mut self, accesses: &[Access]) {
        for same in accesses.chunk_by(|one, next| one.time / self.part == next.time / self.part) {
            *self.counts.entry(same[0].time / self.part).or_default() += same.len() as u64;
        }
    }

    /// Returns the time of an outage with the most accesses in it, the first of those that are equal;
    /// `None` without any access.
    #[must_use]
    pub fn busiest(&self) -> Option<Outage> {
        let mut counted = 0;
        let mut ends = self.counts.iter().peekable();
        let mut busiest: Option<(u64, u64)> = None;
        for (&begins, here) in &self.counts {
            while let Some((_, more)) = ends.next_if(|&(&part, _)| part < begins + PARTS) {
                counted += more;
            }
            if busiest.is_none_or(|(most, _)| counted > most) {
                busiest = Some((counted, begins));
            }
            counted -= here;
        }
        let (_, begins) = busiest?;
        Some(Outage {
            from: begins * self.part,
            until: (begins + PARTS) * self.part,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busiest(times: &[u64]) -> Option<(u64, u64)> {
        let accesses: Vec<Access> = times
            .iter()
            .map(|&time| Access {
                time,
                key: 0,
                size: 0,
                latency: 0,
                failed: false,
            })
            .collect();
        let mut scan = Scan::new(100);
        for chunk in accesses.chunks(2) {
            scan.take(chunk);
        }
        let Outage { from, until } = scan.busiest()?;
        Some((from, until))
    }

    #[test]
    fn the_busiest_time_is_found() {
        assert_eq!(busiest(&[]), None);
        assert_eq!(busiest(&[5]), Some((0, 100)));
        assert_eq!(busiest(&[5, 105, 205, 300, 310]), Some((300, 400)));
        assert_eq!(
            busiest(&[5, 305]),
            Some((0, 100)),
            "the first of equal ones"
        );
        assert_eq!(busiest(&[0, 99, 200, 210, 290, 299, 300]), Some((200, 300)));
    }
}
