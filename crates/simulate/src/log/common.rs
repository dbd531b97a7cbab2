//! The common and the combined format of nginx, Apache and many others:
//!
//! ```text
//! host ident user [time] "GET /path HTTP/1.1" status bytes "referer" "agent" … request-time
//! ```

use super::Line;
use super::stamp::Latest;
use std::borrow::Cow;

/// Reads a line.
pub(super) fn read<'a>(line: &'a str, latest: &mut Latest) -> Option<Line<'a>> {
    let (_, rest) = line.split_once('[')?;
    let (time, rest) = rest.split_once(']')?;
    let (request, rest) = quoted(rest)?;
    let mut words = request.split(' ');
    let (method, key) = (words.next()?, words.next()?);
    let mut rest = rest.split_ascii_whitespace();
    let status = rest.next()?.parse().ok()?;
    let size = match rest.next()? {
        "-" => None,
        size => Some(size.parse().ok()?),
    };
    Some(Line {
        time: latest.of_common(time)?,
        method: Some(Cow::Borrowed(method)),
        key: Cow::Borrowed(key),
        size,
        latency: rest.next_back().and_then(request_time),
        status: Some(status),
    })
    .filter(|_| is_method(method) && !key.is_empty())
}

fn is_method(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Returns what is between the first quotes and what is behind them. Quotes within are escaped.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (_, text) = text.split_once('"')?;
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })?;
    Some((&text[..end], &text[end + 1..]))
}

/// Returns the time that a last word tells, in milliseconds: seconds with a fraction, as `nginx`
/// writes `$request_time`, or microseconds without, as Apache writes `%D`; perhaps with a name
/// before it, as in `rt=0.005`. Other words are no time.
fn request_time(word: &str) -> Option<f64> {
    let number = word.rsplit('=').next()?;
    if !number
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return None;
    }
    let time: f64 = number.parse().ok()?;
    Some(if number.contains('.') {
        time * 1e3
    } else {
        time / 1e3
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Stamp;

    const COMMON: &str =
        r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif?x=[1] HTTP/1.0" 200 2326"#;

    fn of(line: &str) -> Option<Line<'_>> {
        read(line, &mut Latest::default())
    }

    #[test]
    fn a_common_line() {
        let expected = Line {
            time: Stamp {
                millis: 971_211_336_000,
                is_whole: true,
            },
            method: Some("GET".into()),
            key: "/a.gif?x=[1]".into(),
            size: Some(2326),
            latency: None,
            status: Some(200),
        };
        assert_eq!(of(COMMON), Some(expected));
    }

    #[test]
    fn a_combined_line_with_and_without_a_time_at_its_end() {
        let combined = format!(r#"{COMMON} "-" "Mozilla/5.0 (x; \"y\") 12""#);
        let latency = |end: &str| of(&format!("{combined}{end}")).unwrap().latency;
        assert_eq!(latency(""), None);
        assert_eq!(latency(" 0.250"), Some(250.0));
        assert_eq!(latency(" 250000"), Some(250.0));
        assert_eq!(latency(" \"-\" rt=1.5"), Some(1500.0));
        assert_eq!(latency(" -"), None);
    }

    #[test]
    fn a_response_without_a_body_has_no_size() {
        let line = COMMON.replace("200 2326", "304 -");
        let Line { size, status, .. } = of(&line).unwrap();
        assert_eq!((size, status), (None, Some(304)));
    }

    #[test]
    fn damaged_lines_are_none() {
        let wrong = [
            "",
            "[",
            "[] \"",
            &COMMON.replace("GET /a.gif?x=[1] HTTP/1.0", ""),
            &COMMON.replace("GET /a.gif?x=[1] HTTP/1.0", r"\x16\x03\x01 /"),
            &COMMON.replace("200", "OK"),
            &COMMON.replace("2326", "many"),
            &COMMON.replace("Oct", "Okt"),
            &COMMON[..COMMON.len() - 9],
        ];
        assert_eq!(wrong.map(of), [const { None }; 9]);
    }
}
