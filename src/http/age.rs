//! How old a response is when it comes (RFC 9111 §4.2.3).

use super::cache_control::{DELTA_SECONDS_MAX, seconds};
use super::date;
use super::head::Head;
use crate::time::{Span, Timestamp};

/// When a request was sent and its response came, on the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// When the request was sent.
    pub requested_at: Timestamp,
    /// When the response's head had come.
    pub received_at: Timestamp,
}

/// The `corrected_initial_age`: what caches on the way say it is old, plus the time the exchange
/// took, or what its `Date` says if that is more.
///
/// `Date` has whole seconds, so what a response that was sent just now lacks to the full second
/// is no age.
#[must_use]
pub fn initial(head: Head<'_>, exchange: Exchange) -> Span {
    let Exchange {
        requested_at,
        received_at,
    } = exchange;
    let corrected = claimed(head) + received_at.since(requested_at);
    let apparent = date(head, received_at).map_or(Span::ZERO, |date| {
        let seconds = received_at.since(date).as_millis() / 1000;
        Span::from_secs(seconds)
    });
    corrected.max(apparent)
}

/// The moment in `Date` (RFC 9110 §6.6.1); `None` when there is none that can be read.
#[must_use]
pub fn date(head: Head<'_>, now: Timestamp) -> Option<Timestamp> {
    date::parse(head.only("date")?, now)
}

/// What `Age` says (§5.1); zero without it.
///
/// An `Age` that cannot be read says that somebody on the way does not keep it, so the response
/// counts as older than any lifetime. Of a list the first member counts. Several lines are no
/// list: nobody can tell which of them still holds. Fetch joins lines by a comma and a space.
fn claimed(head: Head<'_>) -> Span {
    let unknown = Span::from_secs(DELTA_SECONDS_MAX);
    let mut values = head.values("age");
    let Some(value) = values.next() else {
        return Span::ZERO;
    };
    if values.next().is_some() {
        return unknown;
    }
    let (first, rest) = value.split_once(',').unwrap_or((value, ""));
    if rest.starts_with(' ') {
        return unknown;
    }
    seconds(first).unwrap_or(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SENT: Timestamp = Timestamp::from_millis(784_111_777_000);

    fn age(lines: &str, delay: u64, late: u64) -> u64 {
        let exchange = Exchange {
            requested_at: SENT + Span::from_millis(late),
            received_at: SENT + Span::from_millis(late + delay),
        };
        initial(Head::new(lines), exchange).as_millis()
    }

    #[test]
    fn the_larger_of_what_is_claimed_and_what_the_date_says() {
        let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\n";
        assert_eq!(age("", 250, 0), 250);
        assert_eq!(age("age: 30\n", 250, 0), 30_250);
        assert_eq!(age(date, 0, 999), 0);
        assert_eq!(age(date, 0, 7_200_999), 7_200_000);
        assert_eq!(age("date: foo\n", 0, 7_200_000), 0);
        let both = "age: 10\ndate: Sun, 06 Nov 1994 08:49:37 GMT\n";
        assert_eq!(age(both, 0, 5_000), 10_000);
        assert_eq!(age(both, 0, 15_000), 15_000);
        let future = "date: Sun, 06 Nov 1994 08:49:47 GMT\n";
        assert_eq!(age(future, 0, 0), 0);
    }

    #[test]
    fn an_age_that_cannot_be_read_is_past_any_lifetime() {
        let unknown = DELTA_SECONDS_MAX * 1000;
        for lines in [
            "age: abc\n",
            "age: -7200\n",
            "age: 7200.0\n",
            "age: 7200;foo=bar\n",
            "age: 7200;foo=111\n",
            "age:\n",
            "age: 0, 0\n",
            "age: 0\nage: 0\n",
            "age: 0\nage: 7200\n",
            "age: 99999999999\n",
        ] {
            assert_eq!(age(lines, 0, 0), unknown, "{lines}");
        }
        assert_eq!(age("age: 7200,0\n", 0, 0), 7_200_000);
        assert_eq!(age("age: 0,7200\n", 0, 0), 0);
    }

    proptest! {
        #[test]
        fn grows_with_the_delay(lines in "(age: [0-9]{1,12}\n)?(date: Sun, 06 Nov 19[0-9]{2} 08:49:37 GMT\n)?", delay: u32, more: u32) {
            let (delay, more) = (u64::from(delay), u64::from(more));
            prop_assert!(age(&lines, delay, 0) <= age(&lines, delay + more, 0));
        }

        #[test]
        fn never_overflows(lines in "(age: .{0,8}\n){0,2}(date: .{0,30}\n)?", requested: u64, received: u64) {
            let exchange = Exchange {
                requested_at: Timestamp::from_millis(requested),
                received_at: Timestamp::from_millis(received),
            };
            let _ = initial(Head::new(&lines), exchange);
        }
    }
}
