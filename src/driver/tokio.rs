//! Hosts on tokio.

use super::bounds::BoxFuture;
use super::host::Host;
use crate::time::{Span, Timestamp};
use std::boxed::Box;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The runtime of tokio that calls are made in. It needs timers (`enable_time`). On WebAssembly,
/// where futures need not be `Send`, calls are made in a [`LocalSet`](::tokio::task::LocalSet).
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokio;

impl Host for Tokio {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Timestamp::from_millis(since.map_or(0, millis))
    }

    fn roll(&self) -> f64 {
        // 53 bits, as many as an f64 tells apart. Without randomness nothing is refreshed early.
        let bits = getrandom::u64().map_or(u64::MAX, |bits| bits) >> 11;
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let roll = bits as f64 / (1_u64 << 53) as f64;
        roll
    }

    fn sleep(&self, span: Span) -> BoxFuture<'static, ()> {
        Box::pin(::tokio::time::sleep(Duration::from_millis(
            span.as_millis(),
        )))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        #[cfg(not(target_arch = "wasm32"))]
        drop(::tokio::spawn(task));
        #[cfg(target_arch = "wasm32")]
        drop(::tokio::task::spawn_local(task));
    }
}

fn millis(duration: Duration) -> u64 {
    // Not `as_millis`, whose 128 bits cost a tenth of a hit.
    let seconds = duration.as_secs().saturating_mul(1_000);
    seconds.saturating_add(u64::from(duration.subsec_millis()))
}
