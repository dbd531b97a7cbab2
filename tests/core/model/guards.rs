//! Guards, said plainly: logs of everything, asked from the beginning each time.

use holdover::guard::circuit_breaker::{CircuitBreaker, CircuitBreakerOptions};
use holdover::guard::rate_limit::{Algorithm, RateLimit, RateLimitOptions};
use holdover::guard::slow_calls::{SlowCalls, SlowCallsOptions};
use holdover::guard::{Guards, Outcome, Permit, Reason, Refusal};
use holdover::time::{Span, Timestamp};

const WINDOW: u64 = 100;
const MIN_CALLS: u32 = 3;
/// One in so many.
const ONE_FAILS_IN: usize = 2;
const OPEN_FOR: u64 = 60;
const PROBES: u32 = 2;
const LIMIT: u32 = 3;
const PERIOD: u64 = 50;
const BAN: u64 = 30;
const FACTOR: u64 = 2;
const SAMPLES: u32 = 3;
const SLOW_FOR: u64 = 40;

/// The guards' own side.
fn machine(sliding: bool) -> Guards {
    let breaker = CircuitBreaker::compile(&CircuitBreakerOptions {
        error_rate: 0.5,
        window: Span::from_millis(WINDOW),
        min_calls: MIN_CALLS,
        open_for: Span::from_millis(OPEN_FOR),
        half_open_calls: PROBES,
    });
    let limit = RateLimit::compile(&RateLimitOptions {
        limit: LIMIT,
        period: Span::from_millis(PERIOD),
        algorithm: if sliding {
            Algorithm::Sliding
        } else {
            Algorithm::Fixed {
                ban: Span::from_millis(BAN),
            }
        },
    });
    let slow = SlowCalls::compile(&SlowCallsOptions {
        factor: 2.0,
        samples: SAMPLES,
        open_for: Span::from_millis(SLOW_FOR),
    });
    Guards {
        circuit_breaker: Some(breaker.expect("a breaker")),
        rate_limit: Some(limit.expect("a limit")),
        slow_calls: Some(slow.expect("slow calls")),
    }
}

#[derive(Debug)]
enum Breaker {
    /// When loads ended, and whether they failed.
    Closed(Vec<(u64, bool)>),
    OpenUntil(u64),
    /// Probes under way by number, with the ends of their leases; and how many have succeeded.
    HalfOpen(Vec<(usize, u64)>, usize),
}

/// A load that was admitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admitted {
    permit: Permit,
    /// In the plain count.
    number: usize,
    /// In which state of the breaker, counted.
    era: usize,
    at: u64,
}

/// Guards beside what they should know.
#[derive(Debug)]
pub(super) struct Guarded {
    guards: Guards,
    sliding: bool,
    breaker: Breaker,
    era: usize,
    /// When loads were admitted, and the first refusals that started bans.
    admitted: Vec<u64>,
    window_start: Option<u64>,
    banned_until: u64,
    durations: Vec<u64>,
    slow_until: u64,
}

impl Guarded {
    pub(super) fn new(sliding: bool) -> Self {
        Self {
            guards: machine(sliding),
            sliding,
            breaker: Breaker::Closed(Vec::new()),
            era: 0,
            admitted: Vec::new(),
            window_start: None,
            banned_until: 0,
            durations: Vec::new(),
            slow_until: 0,
        }
    }

    /// Asks both sides; the load's place, or none.
    pub(super) fn admit(&mut self, lease: u64, now: u64) -> Option<Admitted> {
        let at = Timestamp::from_millis(now);
        let expected = self.refusal(now);
        match self.guards.check(at) {
            Ok(()) => assert_eq!(expected, None, "admitted at {now}"),
            Err(refusal) => {
                let got = (kind(&refusal), refusal.retry_at.as_millis());
                assert_eq!(expected, Some(got), "at {now}");
                self.keeps_promise(&refusal);
                return None;
            }
        }
        let permit = self.guards.take(Span::from_millis(lease), at);
        let number = self.admitted.len();
        self.admitted.push(now);
        if self.window_start.is_none_or(|start| now >= start + PERIOD) {
            self.window_start = Some(now);
        }
        if let Breaker::HalfOpen(probes, succeeded) = &mut self.breaker {
            probes.push((number, now + lease));
            assert!(
                probes.len() + *succeeded <= PROBES as usize,
                "no more than promised"
            );
        }
        Some(Admitted {
            permit,
            number,
            era: self.era,
            at: now,
        })
    }

    /// At the promised moment nobody is refused for that reason, if nothing happens before.
    fn keeps_promise(&self, refusal: &Refusal) {
        let later = self.guards.clone().check(refusal.retry_at);
        if let Err(other) = later {
            assert_ne!(kind(&other), kind(refusal), "a broken promise");
        }
    }

    fn refusal(&mut self, now: u64) -> Option<(&'static str, u64)> {
        if now < self.slow_until {
            return Some(("slow", self.slow_until));
        }
        if let Some(until) = self.breaker_refusal(now) {
            return Some(("open", until));
        }
        self.limit_refusal(now).map(|until| ("limit", until))
    }

    fn breaker_refusal(&mut self, now: u64) -> Option<u64> {
        if let Breaker::OpenUntil(until) = self.breaker
            && now >= until
        {
            self.turn(Breaker::HalfOpen(Vec::new(), 0));
        }
        match &mut self.breaker {
            Breaker::Closed(_) => None,
            Breaker::OpenUntil(until) => Some(*until),
            Breaker::HalfOpen(probes, succeeded) => {
                probes.retain(|(_, lease_end)| *lease_end > now);
                let full = probes.len() + *succeeded >= PROBES as usize;
                full.then(|| probes.iter().map(|(_, end)| *end).min().unwrap_or(now))
            }
        }
    }

    fn limit_refusal(&mut self, now: u64) -> Option<u64> {
        if self.sliding {
            let recent = self.admitted.iter().filter(|&&at| at + PERIOD > now);
            let full = recent.clone().count() >= LIMIT as usize;
            return full.then(|| recent.min().expect("some") + PERIOD);
        }
        if now < self.banned_until {
            return Some(self.banned_until);
        }
        let start = self.window_start.filter(|start| now < start + PERIOD)?;
        let used = self.admitted.iter().filter(|&&at| at >= start).count();
        if used < LIMIT as usize {
            return None;
        }
        self.banned_until = (now + BAN).max(start + PERIOD);
        Some(self.banned_until)
    }

    fn turn(&mut self, breaker: Breaker) {
        self.breaker = breaker;
        self.era += 1;
    }

    /// Tells both sides how a load went.
    pub(super) fn record(&mut self, load: Admitted, went: Outcome, now: u64) {
        let took = now - load.at;
        let (at, duration) = (Timestamp::from_millis(now), Span::from_millis(took));
        self.guards.record(load.permit, went, duration, at);
        self.tell_breaker(load, went, now);
        if went == Outcome::Success && now >= self.slow_until {
            self.tell_slow(took, now);
        }
    }

    fn tell_breaker(&mut self, load: Admitted, went: Outcome, now: u64) {
        let _ = self.breaker_refusal(now); // open may have turned half-open, and leases ended
        if load.era != self.era {
            return;
        }
        match &mut self.breaker {
            Breaker::Closed(log) => {
                if went == Outcome::Ignored {
                    return;
                }
                log.push((now, went == Outcome::Failure));
                log.retain(|(then, _)| then + WINDOW > now);
                let (calls, failed) = (log.len(), log.iter().filter(|(_, failed)| *failed).count());
                if calls >= MIN_CALLS as usize && failed * ONE_FAILS_IN >= calls {
                    self.turn(Breaker::OpenUntil(now + OPEN_FOR));
                }
            }
            Breaker::OpenUntil(_) => {}
            Breaker::HalfOpen(probes, succeeded) => {
                let before = probes.len();
                probes.retain(|(number, _)| *number != load.number);
                match went {
                    _ if probes.len() == before => {}
                    Outcome::Ignored => {}
                    Outcome::Failure => self.turn(Breaker::OpenUntil(now + OPEN_FOR)),
                    Outcome::Success => {
                        *succeeded += 1;
                        if *succeeded == PROBES as usize {
                            self.turn(Breaker::Closed(Vec::new()));
                        }
                    }
                }
            }
        }
    }

    fn tell_slow(&mut self, took: u64, now: u64) {
        let count = u64::from(SAMPLES);
        if let Some(first) = self.durations.len().checked_sub(SAMPLES as usize) {
            let sum = self.durations[first..].iter().sum::<u64>();
            // A mean below a millisecond counts as one.
            if took * count > FACTOR * sum.max(count) {
                self.durations.clear();
                self.slow_until = now + SLOW_FOR;
                return;
            }
        }
        self.durations.push(took);
    }
}

fn kind(refusal: &Refusal) -> &'static str {
    match refusal.reason {
        Reason::CircuitOpen => "open",
        Reason::RateLimited { .. } => "limit",
        Reason::SlowCalls => "slow",
    }
}
