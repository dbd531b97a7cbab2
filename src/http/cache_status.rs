//! What a cache did, for who reads the response (RFC 9211).

use alloc::string::String;
use core::fmt::{self, Write as _};

/// Why a request went on to the origin (§2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forward {
    /// The cache was told not to handle it.
    Bypass,
    /// Its method.
    Method,
    /// Nothing was stored under its URL.
    UriMiss,
    /// What was stored answers other requests.
    VaryMiss,
    /// Nothing that answers was stored; why cannot be told.
    Miss,
    /// The request asked for it.
    Request,
    /// What was stored was stale.
    Stale,
    /// What was stored was a part, and not this one.
    Partial,
}

impl Forward {
    const fn token(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Miss => "miss",
            Self::Request => "request",
            Self::Stale => "stale",
            Self::Partial => "partial",
        }
    }
}

/// One cache's member of `Cache-Status`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CacheStatus<'a> {
    /// The cache's name.
    pub cache: &'a str,
    /// Whether the answer was stored (§2.1); otherwise `forward` says why not.
    pub hit: bool,
    /// Why the request went on.
    pub forward: Option<Forward>,
    /// The status the origin answered with (§2.3).
    pub forward_status: Option<u16>,
    /// Seconds that the answer stays fresh; negative when it is stale (§2.4).
    pub ttl: Option<i64>,
    /// Whether the answer was stored now (§2.5).
    pub stored: bool,
    /// Whether the request waited for another one's answer (§2.6).
    pub collapsed: bool,
    /// The key (§2.7).
    pub key: Option<&'a str>,
    /// What else there is to say (§2.8).
    pub detail: Option<&'a str>,
}

/// The largest integer of structured fields.
const INTEGER_MAX: i64 = 999_999_999_999_999;

impl fmt::Display for CacheStatus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&token_or_string(self.cache))?;
        if self.hit {
            f.write_str("; hit")?;
        } else if let Some(forward) = self.forward {
            write!(f, "; fwd={}", forward.token())?;
        }
        if let Some(status) = self.forward_status {
            write!(f, "; fwd-status={status}")?;
        }
        if let Some(ttl) = self.ttl {
            write!(f, "; ttl={}", ttl.clamp(-INTEGER_MAX, INTEGER_MAX))?;
        }
        for (is_set, name) in [(self.stored, "stored"), (self.collapsed, "collapsed")] {
            if is_set {
                write!(f, "; {name}")?;
            }
        }
        if let Some(key) = self.key {
            write!(f, "; key={}", string(key))?;
        }
        if let Some(detail) = self.detail {
            write!(f, "; detail={}", token_or_string(detail))?;
        }
        Ok(())
    }
}

fn token_or_string(text: &str) -> String {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte);
    let starts = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'*';
    if text.as_bytes().first().is_some_and(starts) && text.bytes().all(is_inner) {
        String::from(text)
    } else {
        string(text)
    }
}

/// A structured string (RFC 9651 §3.3.3). What it cannot hold is percent-encoded, so that no text
/// can end the member or the header.
fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(quoted, "%{byte:02X}");
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::super::structured::{Parser, Value};
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn members_of_the_usual_kinds() {
        let base = CacheStatus {
            cache: "holdover",
            ..CacheStatus::default()
        };
        let hit = CacheStatus {
            hit: true,
            ttl: Some(376),
            ..base
        };
        assert_eq!(hit.to_string(), "holdover; hit; ttl=376");
        let stale = CacheStatus {
            forward: Some(Forward::Stale),
            forward_status: Some(304),
            ttl: Some(i64::MIN),
            stored: true,
            collapsed: true,
            ..base
        };
        assert_eq!(
            stale.to_string(),
            "holdover; fwd=stale; fwd-status=304; ttl=-999999999999999; stored; collapsed"
        );
        let said = CacheStatus {
            cache: "my cache",
            forward: Some(Forward::UriMiss),
            key: Some("GET /\u{e9}?\"\\\n"),
            detail: Some("layer-1"),
            ..base
        };
        assert_eq!(
            said.to_string(),
            "\"my cache\"; fwd=uri-miss; key=\"GET /%C3%A9?\\\"\\\\%0A\"; detail=layer-1"
        );
    }

    proptest! {
        #[test]
        fn whatever_it_says_is_one_member(cache in "[a-z]{1,8}", key: String, detail: String) {
            let status = CacheStatus { cache: &cache, hit: true, key: Some(&key), detail: Some(&detail), ..CacheStatus::default() };
            let text = status.to_string();
            let mut parser = Parser::new(&text);
            prop_assert_eq!(parser.item_or_inner_list(), Some(Value::Token(&cache)));
            prop_assert!(parser.is_done());
        }
    }
}
