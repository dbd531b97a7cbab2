//! A log through the Rust driver, counted from its answers.

use holdover::Span;
use holdover::driver::testing::Virtual;
use holdover::driver::{Answer, Cache, CachePolicy, Error, Function, Host};
use holdover_simulate::access::Access;
use holdover_simulate::configuration::{Configuration, Room};
use holdover_simulate::play::{Figures, Outage, Source};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex};

/// A key that tells its loader what the origin does for the caller.
#[derive(Clone, Copy, Debug)]
struct Asked(Access);

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }
}

impl Eq for Asked {}

impl Hash for Asked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key.hash(state);
    }
}

/// The size of a response.
type Body = u32;

/// A failing origin.
#[derive(Clone, Copy, Debug)]
struct Down;

/// A cache of the driver's, and what came of its calls.
pub(crate) struct Driver {
    host: Virtual,
    function: Function<Asked, Body, Down>,
    figures: Arc<Mutex<Figures>>,
    outage: Option<Outage>,
    /// The first time of the log, which is 0 of the host.
    begins: Arc<Mutex<u64>>,
}

impl Driver {
    pub(crate) fn new(policy: &Configuration, outage: Option<Outage>) -> Self {
        let host = Virtual::new();
        let builder = Cache::<Asked, Body, Down>::builder(host.clone()).eviction(policy.eviction);
        let cache = match policy.room {
            Room::Entries(most) => builder.max_entries(most),
            Room::Bytes(most) => builder
                .max_entries(u32::MAX)
                .max_bytes(most, |_, body| *body),
        }
        .build();
        let figures = Arc::new(Mutex::new(Figures::default()));
        let begins = Arc::new(Mutex::new(0));
        let origin = Origin {
            host: host.clone(),
            figures: Arc::clone(&figures),
            outage,
            begins: Arc::clone(&begins),
        };
        let rules = CachePolicy::new(policy.options());
        let function = cache.wrap(rules, move |asked: Asked, _| origin.clone().load(asked.0));
        Self {
            host,
            function: function.unwrap(),
            figures,
            outage,
            begins,
        }
    }

    /// Plays a log to the end of its loads; counts what begins in the outage, or all.
    pub(crate) fn play(self, log: &[Access]) -> Figures {
        *self.begins.lock().unwrap() = log[0].time;
        for access in log {
            let now = log[0].time + self.host.elapsed().as_millis();
            self.host.advance(Span::from_millis(access.time - now));
            let (host, function) = (self.host.clone(), self.function.clone());
            let figures = Arc::clone(&self.figures);
            let (begun, access) = (host.elapsed(), *access);
            let counts = counts(self.outage, access.time);
            self.host.start(async move {
                let answer = function.explain(&Asked(access)).await;
                let waited = host.elapsed().as_millis() - begun.as_millis();
                if counts {
                    count(&mut figures.lock().unwrap(), &answer, waited);
                }
            });
        }
        self.host.advance(Span::from_secs(10_000));
        self.figures.lock().unwrap().clone()
    }
}

fn counts(outage: Option<Outage>, time: u64) -> bool {
    outage.is_none_or(|Outage { from, until }| (from..until).contains(&time))
}

fn count(figures: &mut Figures, answer: &Result<Answer<Body, Down>, Error<Down>>, waited: u64) {
    use holdover::driver::Source as By;
    let Ok(answer) = answer else {
        return figures.failed(waited);
    };
    let source = match answer.source {
        By::Hit => Source::Hit,
        By::Stale => Source::Stale,
        By::Load => Source::Load,
        By::Coalesced => Source::Coalesced,
        By::ErrorFallback => Source::ErrorFallback,
        By::Failover => Source::Failover,
        By::Negative => panic!("no value means that there is none"),
    };
    figures.answered(source, answer.age.as_millis(), waited);
}

/// The origin of a log.
#[derive(Clone)]
struct Origin {
    host: Virtual,
    figures: Arc<Mutex<Figures>>,
    outage: Option<Outage>,
    begins: Arc<Mutex<u64>>,
}

impl Origin {
    async fn load(self, access: Access) -> Result<Body, Down> {
        let now = *self.begins.lock().unwrap() + self.host.elapsed().as_millis();
        let counts = counts(self.outage, now);
        let is_out = self.outage.is_some() && counts;
        if counts {
            self.figures.lock().unwrap().origin_calls += 1;
        }
        self.host
            .sleep(Span::from_millis(access.latency.into()))
            .await;
        if access.failed || is_out {
            return Err(Down);
        }
        if counts {
            self.figures.lock().unwrap().origin_bytes += u64::from(access.size);
        }
        Ok(access.size)
    }
}
