//! The function, cached.

use holdover::driver::{Cache, CacheBuilder, CachePolicy, Function};
use holdover_workers::Workers;
use std::time::Duration;

type Policy = CachePolicy<String, String, String>;

thread_local! {
    static CACHED: Function<String, String, String> = stored(Cache::builder(Workers))
        .build()
        .wrap(guarded(policy()), |item: String, _| async move { crate::load(&item).await })
        .expect("a good policy");
}

pub(crate) async fn load(item: &String) -> Result<String, String> {
    let cached = CACHED.with(Clone::clone);
    cached.get(item).await.map_err(|error| error.to_string())
}

fn policy() -> Policy {
    CachePolicy::ttl(Duration::from_secs(10))
        .stale_while_revalidate(Duration::from_secs(60))
        .stale_if_error(Duration::from_secs(86_400))
        .failover_after(Duration::from_millis(300))
        .timeout(Duration::from_secs(2))
}

#[cfg(not(feature = "guarded"))]
fn guarded(policy: Policy) -> Policy {
    policy
}

#[cfg(feature = "guarded")]
fn guarded(policy: Policy) -> Policy {
    use holdover::driver::{CircuitBreaker, RateLimit, SlowCalls};
    use holdover::guard::circuit_breaker::CircuitBreakerOptions;
    use holdover::guard::rate_limit::{Algorithm, RateLimitOptions};
    use holdover::guard::slow_calls::SlowCallsOptions;
    use holdover::time::Span;
    let minute = Span::from_secs(60);
    policy
        .circuit_breaker(CircuitBreaker::new(CircuitBreakerOptions {
            error_rate: 0.5,
            window: minute,
            min_calls: 10,
            open_for: minute,
            half_open_calls: 1,
        }))
        .rate_limit(RateLimit::new(RateLimitOptions {
            limit: 100,
            period: minute,
            algorithm: Algorithm::Sliding,
        }))
        .slow_calls(SlowCalls::new(SlowCallsOptions {
            factor: 2.0,
            samples: 10,
            open_for: minute,
        }))
}

type Builder = CacheBuilder<String, String, String>;

#[cfg(not(feature = "stored"))]
fn stored(builder: Builder) -> Builder {
    builder
}

#[cfg(feature = "stored")]
fn stored(builder: Builder) -> Builder {
    use holdover::driver::Stores;
    use holdover_workers::stores::JsStore;
    use wasm_bindgen::prelude::*;
    #[wasm_bindgen(module = "origin")]
    extern "C" {
        #[wasm_bindgen(thread_local_v2)]
        static STORE: JsValue;
    }
    let store = STORE.with(Clone::clone);
    let store = JsStore::new(&store).expect("a store");
    builder.stores(Stores::json(Clone::clone).store(store))
}
