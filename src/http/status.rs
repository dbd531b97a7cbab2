//! The meaning of status codes for a cache (RFC 9110 §15, RFC 9111 §3).

/// A status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u16);

impl Status {
    /// 304 (Not Modified).
    pub const NOT_MODIFIED: Self = Self(304);
    /// 200 (OK).
    pub const OK: Self = Self(200);
    /// 206 (Partial Content).
    pub const PARTIAL_CONTENT: Self = Self(206);

    /// True if it ends a response and says something of its own: not 1xx, not 304.
    #[must_use]
    pub const fn is_storable(self) -> bool {
        self.0 >= 200 && self.0 <= 999 && self.0 != Self::NOT_MODIFIED.0
    }

    /// True if this cache knows the caching rules of the code, as `must-understand` demands (RFC
    /// 9111 §5.2.2.3): the registered ones.
    #[must_use]
    pub const fn is_understood(self) -> bool {
        matches!(
            self.0,
            200..=208 | 226 | 300..=305 | 307 | 308 | 400..=417 | 421..=426 | 428 | 429 | 431 | 451
                | 500..=508 | 510 | 511
        )
    }

    /// True if a lifetime may be guessed for it (RFC 9110 §15.1).
    #[must_use]
    pub const fn is_heuristically_cacheable(self) -> bool {
        matches!(
            self.0,
            200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501
        )
    }

    /// The first code that counts as a failure of the origin, where no policy says otherwise.
    pub const FAILS: Self = Self(500);

    /// True for a redirection, whose answers depend on what their requests do then (Fetch).
    #[must_use]
    pub const fn is_redirection(self) -> bool {
        matches!(self.0, 301 | 302 | 303 | 307 | 308)
    }

    /// True if an unsafe request with this status may have changed something: 2xx and 3xx (RFC 9111
    /// §4.4).
    #[must_use]
    pub const fn is_non_error(self) -> bool {
        matches!(self.0, 200..=399)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_stored_guessed_and_understood() {
        let facts = |code| {
            let status = Status(code);
            (
                status.is_storable(),
                status.is_heuristically_cacheable(),
                status.is_understood(),
            )
        };
        assert_eq!(facts(100), (false, false, false));
        assert_eq!(facts(200), (true, true, true));
        assert_eq!(facts(201), (true, false, true));
        assert_eq!(facts(304), (false, false, true));
        assert_eq!(facts(404), (true, true, true));
        assert_eq!(facts(503), (true, false, true));
        assert_eq!(facts(599), (true, false, false));
        assert_eq!(facts(0), (false, false, false));
    }

    #[test]
    fn redirections_lead_elsewhere() {
        let redirect = [300, 301, 302, 303, 304, 305, 306, 307, 308, 309]
            .map(|code| Status(code).is_redirection());
        let expected = [
            false, true, true, true, false, false, false, true, true, false,
        ];
        assert_eq!(redirect, expected);
    }

    #[test]
    fn errors_invalidate_nothing() {
        let changed = [200, 302, 399, 400, 500].map(|code| Status(code).is_non_error());
        assert_eq!(changed, [true, true, true, false, false]);
    }
}
