//! A cache in virtual time, its origin, and those who call it.

use super::format::PolicyFields;
use super::origin::{Load, Origin, load};
use super::policy::{policy_of, undefined};
use holdover::driver::testing::{Request, Virtual};
use holdover::driver::{Answer as Given, Cache, Cause, Error, Function, MaybeSend};
use holdover::policy::ConfigError;
use holdover::time::Span;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// The number of a caller.
pub(crate) type CallerId = usize;

/// The answer of a caller.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) at: u64,
    pub(crate) result: Result<Value, Value>,
    pub(crate) source: Option<&'static str>,
    pub(crate) age: u64,
    /// The rest of `ttl`, negative when it is over.
    pub(crate) ttl: Value,
    pub(crate) cause: Option<Value>,
    pub(crate) retry_after: Option<u64>,
}

/// A cache under test, and its world.
pub(crate) struct Stage {
    pub(crate) host: Virtual,
    function: Function<String, Value, Value>,
    origin: Arc<Mutex<Origin>>,
    requests: Vec<Request>,
    answers: Arc<Mutex<Vec<Option<Answer>>>>,
}

impl Stage {
    pub(crate) fn new(
        max_entries: u32,
        fields: PolicyFields,
        origin: Origin,
        anchors: bool,
        isolated: bool,
    ) -> Result<Self, ConfigError> {
        let host = Virtual::new();
        if isolated {
            host.isolate();
        }
        host.set_anchors(anchors);
        let cache = Cache::builder(host.clone())
            .max_entries(max_entries)
            .build();
        let origin = Arc::new(Mutex::new(origin));
        let loader = {
            let (origin, host) = (Arc::clone(&origin), host.clone());
            move |key, context| load(Arc::clone(&origin), host.clone(), key, context)
        };
        Ok(Self {
            function: cache.wrap(policy_of(fields, &host), loader)?,
            host,
            origin,
            requests: Vec::new(),
            answers: Arc::default(),
        })
    }

    /// A caller asks for `key`.
    pub(crate) fn call(&mut self, key: &str, ttl: Option<Span>) -> CallerId {
        let (function, key) = (self.function.clone(), key.to_owned());
        self.ask(async move {
            let call = function.call(&key);
            let call = match ttl {
                Some(ttl) => call.ttl(ttl),
                None => call,
            };
            call.explain().await
        })
    }

    /// A caller has `key` loaded anew.
    pub(crate) fn refresh(&mut self, key: &str) -> CallerId {
        let (function, key) = (self.function.clone(), key.to_owned());
        self.ask(async move {
            let value = function.refresh(&key).await?;
            Ok(Given {
                value,
                source: holdover::driver::Source::Load,
                age: Span::ZERO,
                ttl: Span::ZERO,
                tier: None,
                cause: None,
            })
        })
    }

    fn ask(
        &mut self,
        call: impl Future<Output = Result<Given<Value, Value>, Error<Value>>> + MaybeSend + 'static,
    ) -> CallerId {
        let caller = self.requests.len();
        let (host, answers) = (self.host.clone(), Arc::clone(&self.answers));
        answers.lock().unwrap().push(None);
        self.requests.push(self.host.start(async move {
            let result = call.await;
            let answer = answered(result, host.elapsed().as_millis());
            answers.lock().unwrap()[caller] = Some(answer);
        }));
        caller
    }

    /// The value of a servable entry.
    pub(crate) fn peek(&self, key: &str) -> Value {
        let value = self.function.peek(&key.to_owned());
        value.unwrap_or_else(undefined)
    }

    /// Stores a value that was not loaded.
    pub(crate) fn set(&self, key: &str, value: Value) {
        self.function.set(&key.to_owned(), value);
    }

    /// Drops an entry.
    pub(crate) fn invalidate(&self, key: &str) {
        self.function.invalidate(&key.to_owned());
    }

    /// A caller no longer wants its answer.
    pub(crate) fn abort(&mut self, caller: CallerId) {
        if self.answer_of(caller).is_some() {
            return;
        }
        self.host.cancel(self.requests[caller]);
        let failed = answered(
            Err(Error::Load(Arc::new(json!("aborted")))),
            self.host.elapsed().as_millis(),
        );
        self.answers.lock().unwrap()[caller] = Some(failed);
    }

    /// The host drops a caller's request, with every timer and load of it.
    pub(crate) fn vanish(&mut self, caller: CallerId) {
        self.host.vanish(self.requests[caller]);
    }

    /// Does what is due up to `limit`, and moves time there.
    pub(crate) fn run_to(&mut self, limit: u64) {
        let now = self.host.elapsed().as_millis();
        self.host
            .advance(Span::from_millis(limit.saturating_sub(now)));
    }

    /// The answer of `caller`, if it has one.
    pub(crate) fn answer_of(&self, caller: CallerId) -> Option<Answer> {
        self.answers.lock().unwrap()[caller].clone()
    }

    /// The loads that began.
    pub(crate) fn loads(&self) -> Vec<Load> {
        self.origin.lock().unwrap().loads.clone()
    }

    /// The counts, by the names of `cache.stats()`.
    pub(crate) fn count(&self, name: &str) -> Option<u64> {
        let counters = self.function.counters();
        Some(match name {
            "hits" => counters.hits,
            "stale" => counters.stale,
            "misses" => counters.misses,
            "loads" => counters.loads,
            "refreshes" => counters.refreshes,
            "failures" => counters.failures,
            "coalesced" => counters.coalesced,
            "errorFallbacks" => counters.error_fallbacks,
            "failovers" => counters.failovers,
            "takeovers" => counters.takeovers,
            "fenced" => counters.fenced,
            "refusals" => counters.refusals,
            _ => return None,
        })
    }
}

fn answered(result: Result<Given<Value, Value>, Error<Value>>, at: u64) -> Answer {
    let retry_after = |error: &Error<Value>| error.retry_after().map(Span::as_millis);
    match result {
        Ok(given) => Answer {
            at,
            source: Some(given.source.name()),
            age: given.age.as_millis(),
            ttl: left_of(given.ttl, given.age),
            cause: given.cause.as_ref().map(cause_of),
            retry_after: match &given.cause {
                Some(Cause::Error(error)) => retry_after(error),
                _ => None,
            },
            result: Ok(given.value),
        },
        Err(error) => Answer {
            at,
            result: Err(label_of(&error)),
            source: None,
            age: 0,
            ttl: json!(0),
            cause: None,
            retry_after: retry_after(&error),
        },
    }
}

fn left_of(ttl: Span, age: Span) -> Value {
    if ttl.is_forever() {
        return json!({ "$": "Infinity" });
    }
    let left = i128::from(ttl.as_millis()) - i128::from(age.as_millis());
    json!(i64::try_from(left).expect("a short time"))
}

/// An error as vectors name it.
pub(crate) fn label_of(error: &Error<Value>) -> Value {
    match (error.load_error(), error.code()) {
        (Some(label), _) => label.clone(),
        (None, code) => json!(code),
    }
}

/// The same, or the result that was called a failure.
pub(crate) fn cause_of(cause: &Cause<Value, Value>) -> Value {
    match cause {
        Cause::Error(error) => label_of(error),
        Cause::Result(value) => value.clone(),
    }
}
