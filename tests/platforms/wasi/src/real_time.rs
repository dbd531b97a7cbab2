//! An origin that hangs, on tokio, with the clock and the timers of WASI.

use crate::playing::file::Outcome;
use holdover::driver::{Cache, CachePolicy, Error, Source, Tokio};
use holdover::time::Span;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::sleep;

type Answers = Vec<(u32, Source)>;

const SHORT: Duration = Duration::from_millis(3);

pub(crate) fn outcome() -> Outcome {
    let runtime = Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let expected = [
        (1, Source::Load),
        (1, Source::Failover),
        (2, Source::Failover),
    ];
    match LocalSet::new().block_on(&runtime, answers()) {
        Ok(answers) if answers == expected => Outcome::Passed,
        other => Outcome::Failed(format!("{other:?}")),
    }
}

/// The first load is done at once; others hang until their callers have an answer.
async fn answers() -> Result<Answers, Error<Infallible>> {
    let cache = Cache::<&str, u32, Infallible>::builder(Tokio).build();
    let policy = CachePolicy::ttl(Span::from_millis(1))
        .stale_if_error(Span::from_secs(60))
        .failover_after(Span::from_millis(20));
    let (loads, released) = (AtomicU32::new(0), Arc::new(AtomicU32::new(1)));
    let origin = Arc::clone(&released);
    let function = cache.wrap(policy, move |_, _| {
        let nth = loads.fetch_add(1, Ordering::Relaxed) + 1;
        let released = Arc::clone(&origin);
        async move {
            while released.load(Ordering::Relaxed) < nth {
                sleep(SHORT).await;
            }
            Ok(nth)
        }
    });
    let function = function.expect("a good policy");
    let mut answers = Vec::new();
    for nth in 1..=3 {
        let answer = function.explain(&"key").await?;
        answers.push((answer.value, answer.source));
        released.store(nth, Ordering::Relaxed);
        while cache.stats().loads > 0 {
            sleep(SHORT).await;
        }
        // Its ttl is over then.
        sleep(SHORT).await;
    }
    Ok(answers)
}
