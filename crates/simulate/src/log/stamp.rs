//! Times as logs write them.

use super::Stamp;
use jiff::fmt::strtime::BrokenDownTime;

/// Returns a time given as a number: seconds, milliseconds, microseconds or nanoseconds since the
/// Unix epoch, told apart by how large it is.
pub(super) fn of_number(number: f64) -> Option<Stamp> {
    let scale = match number {
        number if !(0.0..1e20).contains(&number) => return None,
        number if number < 1e11 => 1e3,
        number if number < 1e14 => 1.0,
        number if number < 1e17 => 1e-3,
        _ => 1e-6,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded above"
    )]
    let millis = (number * scale).round() as u64;
    let is_whole = number < 1e11 && number.fract() == 0.0;
    Some(Stamp { millis, is_whole })
}

/// Returns a time given as text: a number, RFC 3339, or as common logs write it.
pub(super) fn of_text(text: &str) -> Option<Stamp> {
    if let Ok(number) = text.parse() {
        // `1700000000.000` is as exact as its other lines.
        let stamp = of_number(number)?;
        let is_whole = stamp.is_whole && !text.contains('.');
        return Some(Stamp { is_whole, ..stamp });
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        let is_whole = !text.contains('.');
        return stamp(time, is_whole);
    }
    of_common(text)
}

/// Returns a time as common logs write it: `10/Oct/2000:13:55:36 -0700`.
pub(super) fn of_common(text: &str) -> Option<Stamp> {
    let parsed = BrokenDownTime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?;
    stamp(parsed.to_timestamp().ok()?, true)
}

fn stamp(time: jiff::Timestamp, is_whole: bool) -> Option<Stamp> {
    let millis = u64::try_from(time.as_millisecond()).ok()?;
    Some(Stamp { millis, is_whole })
}

/// The time read last: lines come in bursts with one and the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Latest {
    text: String,
    stamp: Option<Stamp>,
}

impl Latest {
    /// Returns a time as common logs write it.
    pub(super) fn of_common(&mut self, text: &str) -> Option<Stamp> {
        if self.text != text {
            self.stamp = of_common(text);
            text.clone_into(&mut self.text);
        }
        self.stamp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spellings_of_one_second() {
        let whole = Some(Stamp {
            millis: 971_211_336_000,
            is_whole: true,
        });
        assert_eq!(of_common("10/Oct/2000:13:55:36 -0700"), whole);
        assert_eq!(of_text("10/Oct/2000:20:55:36 +0000"), whole);
        assert_eq!(of_text("2000-10-10T20:55:36Z"), whole);
        assert_eq!(of_text("2000-10-10T13:55:36-07:00"), whole);
        assert_eq!(of_text("971211336"), whole);
        assert_eq!(of_number(971_211_336.0), whole);
    }

    #[test]
    fn the_spellings_of_one_millisecond() {
        let exact = Some(Stamp {
            millis: 971_211_336_042,
            is_whole: false,
        });
        assert_eq!(of_text("2000-10-10T20:55:36.042Z"), exact);
        assert_eq!(of_text("971211336.042"), exact);
        assert_eq!(of_text("971211336042"), exact);
        assert_eq!(of_number(971_211_336_042_000.0), exact);
        assert_eq!(of_number(971_211_336_042_000_000.0), exact);
    }

    #[test]
    fn a_time_with_a_fraction_is_exact_where_that_is_zero() {
        let of = |text| of_text(text).map(|stamp| stamp.is_whole);
        assert_eq!(of("971211336.000"), Some(false));
        assert_eq!(of("2000-10-10T20:55:36.000Z"), Some(false));
    }

    #[test]
    fn no_time() {
        let wrong = ["", "-", "NaN", "-1", "1e300", "99/Oct/2000:13:55:36 -0700"];
        assert!(wrong.iter().all(|text| of_text(text).is_none()));
        assert_eq!(of_text("1969-12-31T23:59:59Z"), None);
    }

    #[test]
    fn a_time_that_is_read_again_is_the_same_and_another_one_is_not() {
        let mut latest = Latest::default();
        let mut of = |text| latest.of_common(text).map(|stamp| stamp.millis);
        let texts = ["10/Oct/2000:13:55:36 -0700", "10/Oct/2000:13:55:37 -0700"];
        let [first, second] = [971_211_336_000, 971_211_337_000].map(Some);
        assert_eq!([of(texts[0]), of(texts[0])], [first, first]);
        assert_eq!([of(texts[1]), of("x"), of(texts[0])], [second, None, first]);
    }
}
