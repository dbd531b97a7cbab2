//! Dates (RFC 9110 §5.6.7, RFC 9111 §4.2).
//!
//! The three forms, without regard to case: `Sun, 06 Nov 1994 08:49:37 GMT`,
//! `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`. Any other zone than GMT and
//! anything else that is not exactly a form is no date: an expiry that cannot be read is past.

use super::head::Head;
use super::text::{cut, trim};
use crate::time::Timestamp;

const MONTHS: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";
const DAY: i64 = 86_400;

/// The moment in a field that is there once; `None` when it cannot be read.
#[inline(never)]
#[must_use]
pub fn of(head: Head<'_>, name: &'static str, now: Timestamp) -> Option<Timestamp> {
    parse(head.only(name)?, now)
}

/// Reads a date. `now` says in which century two digits of a year are: never more than fifty years
/// ahead. A date before 1970 counts as 1970.
#[must_use]
pub fn parse(value: &str, now: Timestamp) -> Option<Timestamp> {
    let value = value.as_bytes();
    match value.iter().position(|&byte| byte == b',') {
        Some(3) => imf_fixdate(value),
        Some(_) => rfc850(value, now),
        None => asctime(value),
    }
}

/// The earliest of the dates in a field value, which should have one only: hosts join the lines of
/// a field by commas, and dates have commas in them.
#[must_use]
pub fn earliest(value: &str, now: Timestamp) -> Option<Timestamp> {
    let mut found: Option<Timestamp> = None;
    let mut rest = Some(value);
    while let Some(text) = rest {
        let (first, behind) = cut(text, b',');
        let second = behind.map_or("", |behind| cut(behind, b',').0);
        for end in [first.len(), first.len() + 1 + second.len()] {
            let date = text.get(..end).and_then(|text| parse(trim(text), now));
            found = match (found, date) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        rest = behind;
    }
    found
}

fn imf_fixdate(value: &[u8]) -> Option<Timestamp> {
    if value.len() != 29 || !matches(value, b"AAA, ## AAA #### ##:##:## GMT") {
        return None;
    }
    timestamp(
        number(&value[12..16]),
        &value[8..11],
        number(&value[5..7]),
        &value[17..25],
    )
}

fn rfc850(value: &[u8], now: Timestamp) -> Option<Timestamp> {
    let comma = value.iter().position(|&byte| byte == b',')?;
    let (weekday, rest) = value.split_at(comma);
    if !(6..=9).contains(&comma) || !weekday.iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    if rest.len() != 24 || !matches(rest, b", ##-AAA-## ##:##:## GMT") {
        return None;
    }
    let read = |year| timestamp(year, &rest[5..8], number(&rest[2..4]), &rest[12..20]);
    let two_digits = number(&rest[9..11]);
    let this_year = 1970 + i64::try_from(now.as_millis() / 31_556_952_000).ok()?;
    let year = this_year - this_year.rem_euclid(100) + two_digits;
    read(if year > this_year + 50 {
        year - 100
    } else {
        year
    })
}

fn asctime(value: &[u8]) -> Option<Timestamp> {
    let is_form =
        matches(value, b"AAA AAA ## ##:##:## ####") || matches(value, b"AAA AAA  # ##:##:## ####");
    if value.len() != 24 || !is_form {
        return None;
    }
    timestamp(
        number(&value[20..]),
        &value[4..7],
        number(&value[8..10]),
        &value[11..19],
    )
}

/// True if `value` has this form: `#` a digit, `A` a letter, the rest as it is in any case.
#[inline(never)]
fn matches(value: &[u8], form: &[u8]) -> bool {
    value.len() == form.len()
        && value.iter().zip(form).all(|(byte, form)| match form {
            b'#' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_alphabetic(),
            _ => byte.eq_ignore_ascii_case(form),
        })
}

/// The digits as a number; a space counts as 0.
#[inline(never)]
fn number(digits: &[u8]) -> i64 {
    let digit = |&byte: &u8| i64::from(byte.saturating_sub(b'0'));
    digits.iter().fold(0, |sum, byte| sum * 10 + digit(byte))
}

#[inline(never)]
fn timestamp(year: i64, month: &[u8], day: i64, clock: &[u8]) -> Option<Timestamp> {
    let mut months = MONTHS.chunks_exact(3);
    let month = months.position(|known| known.eq_ignore_ascii_case(month))?;
    let month = i64::try_from(month).ok()? + 1;
    let [hour, minute, second] = [&clock[..2], &clock[3..5], &clock[6..]].map(number);
    if day < 1 || day > days_in(year, month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days_before(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
    let millis = u64::try_from(seconds).unwrap_or(0) * 1000;
    Some(Timestamp::from_millis(millis))
}

const fn days_in(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01, counted in years that begin in March, so that the leap day is last.
const fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000); // November 2026

    fn seconds(value: &str) -> Option<u64> {
        parse(value, NOW).map(|date| date.as_millis() / 1000)
    }

    #[test]
    fn the_three_forms_of_one_moment() {
        for form in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "sUN, 06 nOV 1994 08:49:37 gmt",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun Nov 06 08:49:37 1994",
        ] {
            assert_eq!(seconds(form), Some(784_111_777), "{form}");
        }
    }

    #[test]
    fn two_digits_are_never_more_than_fifty_years_ahead() {
        assert_eq!(
            seconds("Thursday, 18-Aug-50 02:01:18 GMT"),
            Some(2_544_400_878)
        );
        assert_eq!(
            seconds("Monday, 18-Aug-76 02:01:18 GMT"),
            Some(3_364_941_678)
        );
        assert_eq!(
            seconds("Thursday, 18-Aug-77 02:01:18 GMT"),
            Some(240_717_678)
        );
    }

    #[test]
    fn what_is_no_form_is_no_date() {
        for wrong in [
            "",
            "0",
            "-1",
            ",",
            "Thu, 18 Aug 2050 02:01:18 UTC",
            "Thu, 18 Aug 2050 02:01:18 AEST",
            "Thu, 18 Aug 50 02:01:18 GMT",
            "Thu 18 Aug 2050 02:01:18 GMT",
            "Thu, 18  Aug  2050 02:01:18 GMT",
            "Thu, 18-Aug-2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 02.01.18 GMT",
            "Thu, 18 Aug 2050 2:01:18 GMT",
            "Thu, 18 Aug 2050 24:01:18 GMT",
            "Thu, 18 Aug 2050 23:60:18 GMT",
            "Thu, 31 Sep 2050 02:01:18 GMT",
            "Wed, 29 Feb 2023 02:01:18 GMT",
            "Wed, 00 Feb 2023 02:01:18 GMT",
            "Thu, 18 Foo 2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 02:01:18 +0000",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn leap_days_and_the_ends_of_time() {
        assert_eq!(
            seconds("Thu, 29 Feb 2024 00:00:00 GMT"),
            Some(1_709_164_800)
        );
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(seconds("Wed, 31 Dec 1969 23:59:59 GMT"), Some(0));
        assert_eq!(
            seconds("Fri, 31 Dec 9999 23:59:60 GMT"),
            Some(253_402_300_800)
        );
        assert_eq!(seconds("Sat, 01 Jan 0000 00:00:00 GMT"), Some(0));
    }

    proptest! {
        #[test]
        fn every_day_follows_the_one_before(year in 1970_i64..9999, month in 1_i64..=12) {
            let length = days_in(year, month);
            let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            prop_assert_eq!(days_before(next_year, next, 1), days_before(year, month, length) + 1);
        }

        #[test]
        fn no_text_panics(text in "[A-Za-z]{0,10},? ?[0-9 -]{0,4}[A-Za-z-]{0,5}[0-9 :]{0,16}.{0,4}") {
            let _ = seconds(&text);
            let _ = parse(&text, Timestamp::NEVER);
        }

        #[test]
        fn a_date_that_is_written_is_read(day in 1_u32..=28, year in 1970_u32..9999, second in 0_u32..60) {
            let text = format!("Mon, {day:02} Mar {year:04} 01:02:{second:02} GMT");
            let days = days_before(i64::from(year), 3, i64::from(day));
            let expected = u64::try_from(days * DAY).unwrap() + 3720 + u64::from(second);
            prop_assert_eq!(seconds(&text), Some(expected));
        }
    }
}
