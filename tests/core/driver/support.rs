//! Caches of numbers in virtual time.

use holdover::driver::testing::Virtual;
use holdover::driver::{Cache, CachePolicy, Host, LoadContext};
use holdover::time::Span;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub(crate) type Numbers = Cache<u32, usize, &'static str>;

pub(crate) fn ms(millis: u64) -> Span {
    Span::from_millis(millis)
}

pub(crate) fn minute() -> CachePolicy<u32, usize, &'static str> {
    CachePolicy::ttl(Duration::from_secs(60))
}

type Counted = std::pin::Pin<Box<dyn Future<Output = Result<usize, &'static str>> + Send>>;

/// A loader that takes 100 ms and brings how often it was called before.
pub(crate) fn counting(host: &Virtual) -> impl Fn(u32, LoadContext) -> Counted + use<> {
    let loads = Arc::new(AtomicUsize::new(0));
    let host = host.clone();
    move |_, _| {
        let nth = loads.fetch_add(1, Ordering::Relaxed);
        let sleep = host.sleep(ms(100));
        Box::pin(async move {
            sleep.await;
            Ok(nth)
        })
    }
}
