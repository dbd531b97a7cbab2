//! Options, and the [`Policy`] they compile to, which cannot be wrong.

pub use crate::config_error::ConfigError;
use crate::options;
use crate::strategy::early::Early;
use crate::strategy::hits::Hits;
use crate::strategy::ttl::Lifetime;
use crate::time::Span;

/// The side that is asked first when an entry is fresh: the cache or the origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// A fresh entry is the answer; the origin is asked when there is none.
    #[default]
    CacheFirst,
    /// The origin is always asked; the entry answers when it fails or is slow.
    OriginFirst,
}

/// The options of a policy, as a user sets them. [`Policy::compile`] checks them.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The time for which an entry is fresh. Required: an endless cache is spelled [`Span::FOREVER`].
    pub ttl: Option<Span>,
    /// Time past `ttl` for which an entry is served while one background load refreshes it. Default
    /// 0.
    pub stale_while_revalidate: Span,
    /// The time past `ttl` in which an entry is served when a load fails. Default 0.
    pub stale_if_error: Span,
    /// The random part of `ttl` that is taken away, from 0 to below 1. Default 0.
    pub jitter: f64,
    /// The `ttl` of `null` and `undefined`. Default: that of other values.
    pub negative_ttl: Option<Span>,
    /// The time for which a failure is remembered. Default 0.
    pub error_ttl: Span,
    /// Time for which a caller with a servable entry waits for a load before it gets the entry.
    /// Default: until the load ends.
    pub failover_after: Option<Span>,
    /// The longest time that a load may take. Default: no limit.
    pub timeout: Option<Span>,
    /// Time from a failed load with a servable entry to the next load of that key.
    /// Doubles with each failure up to [`Policy::RETRY_AFTER_MAX`]. Default 1 s.
    pub retry_after: Span,
    /// Cache-first or origin-first. Default cache-first.
    pub mode: Mode,
    /// True to let concurrent callers of one key share one load. Default true.
    pub single_flight: bool,
    /// The time at which a fresh entry is refreshed in the background. Default: not before it is
    /// stale.
    pub early: Option<Early>,
    /// Limits on the number of hits of an entry. Default: none.
    pub hits: Option<Hits>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ttl: None,
            stale_while_revalidate: Span::ZERO,
            stale_if_error: Span::ZERO,
            jitter: 0.0,
            negative_ttl: None,
            error_ttl: Span::ZERO,
            failover_after: None,
            timeout: None,
            retry_after: Policy::RETRY_AFTER,
            mode: Mode::CacheFirst,
            single_flight: true,
            early: None,
            hits: None,
        }
    }
}

/// Options that were checked and fit together.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    lifetime: Lifetime,
    jitter: f64,
    negative_ttl: Option<Span>,
    error_ttl: Span,
    failover_after: Option<Span>,
    timeout: Option<Span>,
    retry_after: Span,
    mode: Mode,
    single_flight: bool,
    early: Option<Early>,
    hits: Option<Hits>,
}

impl Policy {
    /// Default of [`Options::retry_after`].
    pub const RETRY_AFTER: Span = options::DEFAULT_RETRY_AFTER;
    /// The end of the doubling of `retry_after` (a longer `retry_after` is kept as it is).
    pub const RETRY_AFTER_MAX: Span = Span::from_secs(30);
    /// The lease of a flight without `timeout`, after which another caller may take over.
    pub const LEASE: Span = options::DEFAULT_LEASE;
    /// The part of a lease beyond `timeout`, so that a living leader's own timeout always comes
    /// first.
    pub const LEASE_GRACE: Span = Span::from_millis(50);

    /// Checks the options that were given and compiles them.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the option and what is allowed.
    pub fn compile(given: &Options) -> Result<Self, ConfigError> {
        let ttl = given.ttl.ok_or(options::TTL.refuse())?;
        options::TTL.check_span(ttl)?;
        options::JITTER.check(given.jitter)?;
        options::RETRY_AFTER.check_span(given.retry_after)?;
        if let Some(timeout) = given.timeout {
            options::TIMEOUT.check_span(timeout)?;
        }
        if let (Some(failover), Some(timeout)) = (given.failover_after, given.timeout)
            && failover >= timeout
        {
            return Err(FAILOVER_NOT_BEFORE_TIMEOUT);
        }
        let never_stale = given.stale_while_revalidate.is_zero()
            && given.stale_if_error.is_zero()
            && given.mode == Mode::CacheFirst;
        if given.failover_after.is_some() && never_stale {
            return Err(FAILOVER_WITHOUT_ENTRY);
        }
        refuse_early(given.early)?;
        refuse_hits(given.hits)?;
        Ok(Self::of_checked(given))
    }

    /// Compiles options that were checked elsewhere by their rules in [`crate::options`], as those
    /// of TypeScript are: with others its answers mean nothing.
    #[must_use]
    pub fn of_checked(given: &Options) -> Self {
        Self {
            lifetime: Lifetime {
                ttl: given.ttl.unwrap_or(Span::ZERO),
                stale_while_revalidate: given.stale_while_revalidate,
                stale_if_error: given.stale_if_error,
                retained: Span::ZERO,
            },
            jitter: given.jitter,
            negative_ttl: given.negative_ttl,
            error_ttl: given.error_ttl,
            failover_after: given.failover_after,
            timeout: given.timeout,
            retry_after: given.retry_after,
            mode: given.mode,
            single_flight: given.single_flight,
            early: given.early,
            hits: given.hits,
        }
    }

    /// The time for which an entry is fresh.
    #[must_use]
    pub const fn ttl(&self) -> Span {
        self.lifetime.ttl
    }

    /// The windows in which a stale entry is served, with `ttl` before them.
    #[must_use]
    pub const fn windows(&self) -> Lifetime {
        self.lifetime
    }

    /// The random part of `ttl` that is taken away.
    #[must_use]
    pub const fn jitter(&self) -> f64 {
        self.jitter
    }

    /// The `ttl` of nothing, if it has one of its own.
    #[must_use]
    pub const fn negative_ttl(&self) -> Option<Span> {
        self.negative_ttl
    }

    /// The time for which a failure is remembered.
    #[must_use]
    pub const fn error_ttl(&self) -> Span {
        self.error_ttl
    }

    /// Time after which a caller stops waiting and takes a servable entry.
    #[must_use]
    pub const fn failover_after(&self) -> Option<Span> {
        self.failover_after
    }

    /// The longest time that a load may take.
    #[must_use]
    pub const fn timeout(&self) -> Option<Span> {
        self.timeout
    }

    /// Cache-first or origin-first.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// True if concurrent callers of one key share one load.
    #[must_use]
    pub const fn single_flight(&self) -> bool {
        self.single_flight
    }

    /// The time at which a fresh entry is refreshed in the background.
    #[must_use]
    pub const fn early(&self) -> Option<&Early> {
        self.early.as_ref()
    }

    /// Limits on the number of hits of an entry.
    #[must_use]
    pub const fn hits(&self) -> Option<&Hits> {
        self.hits.as_ref()
    }

    /// True if a fresh entry may be served without any further check.
    #[must_use]
    pub const fn may_serve_at_once(&self) -> bool {
        matches!(self.mode, Mode::CacheFirst) && self.hits.is_none()
    }

    /// Time for which a flight holds its key: `timeout` and a little grace, or [`Policy::LEASE`].
    #[must_use]
    pub fn lease(&self) -> Span {
        self.timeout
            .map_or(Self::LEASE, |timeout| timeout + Self::LEASE_GRACE)
    }

    /// Time to wait after the `failures`-th failure in a row (1 is the first).
    #[must_use]
    pub fn retry_delay(&self, failures: u32) -> Span {
        let doublings = failures.saturating_sub(1).min(32);
        let grown = self.retry_after.times(1 << doublings);
        grown.min(Self::RETRY_AFTER_MAX.max(self.retry_after))
    }
}

const FAILOVER_NOT_BEFORE_TIMEOUT: ConfigError =
    ConfigError::of("failover_after", "a duration below `timeout`");
const FAILOVER_WITHOUT_ENTRY: ConfigError = ConfigError::of(
    "failover_after",
    "only with stale_while_revalidate, stale_if_error or origin-first mode, which leave an entry to serve",
);
const REFRESH_AFTER_MAX: ConfigError = ConfigError::of("hits.refresh_at", "at most `max`");

fn refuse_early(early: Option<Early>) -> Result<(), ConfigError> {
    match early {
        Some(Early::Probabilistic { beta }) => options::EARLY_BETA.check(beta),
        _ => Ok(()),
    }
}

fn refuse_hits(hits: Option<Hits>) -> Result<(), ConfigError> {
    let Some(Hits { max, refresh_at }) = hits else {
        return Ok(());
    };
    options::HITS_MAX.check(f64::from(max))?;
    let refresh_at = refresh_at.unwrap_or(1);
    options::HITS_REFRESH_AT.check(f64::from(refresh_at))?;
    if refresh_at > max {
        return Err(REFRESH_AFTER_MAX);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options {
            ttl: Some(Span::from_secs(1)),
            ..Options::default()
        }
    }

    #[test]
    fn refuses_what_cannot_work() {
        let wrong = [
            Options::default(),
            Options {
                timeout: Some(Span::ZERO),
                ..options()
            },
            Options {
                failover_after: Some(Span::from_secs(2)),
                timeout: Some(Span::from_secs(2)),
                stale_if_error: Span::from_secs(9),
                ..options()
            },
            Options {
                failover_after: Some(Span::from_secs(2)),
                ..options()
            },
            Options {
                retry_after: Span::FOREVER,
                ..options()
            },
        ];
        let named: [&str; 5] = [
            "ttl",
            "timeout",
            "failover_after",
            "failover_after",
            "retry_after",
        ];
        for (options, name) in wrong.iter().zip(named) {
            assert_eq!(Policy::compile(options).unwrap_err().option(), name);
        }
    }

    #[test]
    fn retry_delay_doubles_up_to_half_a_minute() {
        let policy = Policy::compile(&options()).unwrap();
        let delays = [1, 2, 3, 5, 6, 100].map(|n| policy.retry_delay(n).as_millis());
        assert_eq!(delays, [1000, 2000, 4000, 16_000, 30_000, 30_000]);
    }

    #[test]
    fn a_long_retry_after_is_kept() {
        let minute = Span::from_secs(60);
        let policy = Policy::compile(&Options {
            retry_after: minute,
            ..options()
        })
        .unwrap();
        assert_eq!(policy.retry_delay(7), minute);
    }

    #[test]
    fn the_lease_outlives_the_timeout() {
        let policy = Policy::compile(&Options {
            timeout: Some(Span::from_secs(2)),
            ..options()
        })
        .unwrap();
        assert_eq!(policy.lease(), Span::from_millis(2050));
    }
}
