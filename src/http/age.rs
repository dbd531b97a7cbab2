//! The age of a response at its arrival (RFC 9111 §4.2.3).

use super::date;
use super::directive::seconds;
use super::head::Head;
use super::text::{cut, trim};
use crate::time::{Span, Timestamp};

/// Times of a request and of its response, on the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Time at which the request was sent.
    pub requested_at: Timestamp,
    /// Time at which the response's head arrived.
    pub received_at: Timestamp,
}

/// The `corrected_initial_age`: the age stated by caches on the way plus the time the exchange
/// took, or the time since its `Date` if that is more.
///
/// `Date` has whole seconds, so the fraction of a second that a response sent just now seems to be
/// old is no age.
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
///
/// A field that is there twice is invalid; the earliest of its dates counts, so that a response
/// never passes for younger than one of them says.
#[inline(never)]
#[must_use]
pub fn date(head: Head<'_>, now: Timestamp) -> Option<Timestamp> {
    head.values("date")
        .filter_map(|value| date::earliest(value, now))
        .min()
}

/// The value of `Age` (§5.1); zero without one. Of a list, also of several lines, the first member
/// counts; one that cannot be read is ignored, as if the field were not there.
fn claimed(head: Head<'_>) -> Span {
    let value = head.get("age").unwrap_or("");
    let (first, _) = cut(value, b',');
    seconds(trim(first)).unwrap_or(Span::ZERO)
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
    fn the_first_member_of_a_list_counts() {
        for (lines, seconds) in [
            ("age: 7200,0\n", 7200),
            ("age: 7200 , 0\n", 7200),
            ("age: 7200\nage: 0\n", 7200),
            ("age: 0,7200\n", 0),
            ("age: 0, 7200\n", 0),
            ("age: 0\nage: 7200\n", 0),
            ("age: 3600\nage: 3600\n", 3600),
            ("age: 99999999999\n", 2_147_483_648),
        ] {
            assert_eq!(age(lines, 0, 0), seconds * 1000, "{lines}");
        }
    }

    #[test]
    fn an_age_that_cannot_be_read_is_ignored() {
        for lines in [
            "age: abc\n",
            "age: -7200\n",
            "age: 7200.0\n",
            "age: 7200;foo=bar\n",
            "age:\n",
            "age: , 7200\n",
            "age: abc, 7200\n",
            "age: abc\nage: 7200\n",
        ] {
            assert_eq!(age(lines, 250, 0), 250, "{lines}");
        }
        let date = "age: abc\ndate: Sun, 06 Nov 1994 08:49:37 GMT\n";
        assert_eq!(age(date, 0, 5_000), 5_000);
    }

    #[test]
    fn of_two_dates_the_earlier_one_counts() {
        let early = "Sun, 06 Nov 1994 08:49:37 GMT";
        let late = "Sun, 06 Nov 1994 08:50:37 GMT";
        for (one, other) in [(early, late), (late, early)] {
            for lines in [
                alloc::format!("date: {one}\ndate: {other}\n"),
                alloc::format!("date: {one}, {other}\n"),
                alloc::format!("date: foo\ndate: {early}\n"),
                alloc::format!("date: foo, {early}\n"),
            ] {
                assert_eq!(age(&lines, 0, 90_000), 90_000, "{lines}");
            }
        }
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
