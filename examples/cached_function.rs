//! A cached function on tokio: an origin that goes away, and the last good answer held over.
//! `cargo run --example cached_function --features tokio`

use holdover::driver::{Cache, CachePolicy, Tokio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), holdover::ConfigError> {
    let is_down = Arc::new(AtomicBool::new(false));
    let cache = Cache::<u64, Arc<str>, String>::builder(Tokio).build();
    let name_of = {
        let is_down = Arc::clone(&is_down);
        let policy = CachePolicy::ttl(Duration::from_millis(50))
            .stale_if_error(Duration::from_secs(60))
            .timeout(Duration::from_secs(1));
        cache.wrap(policy, move |id, _context| {
            let is_down = is_down.load(Ordering::Relaxed);
            async move {
                tokio::time::sleep(Duration::from_millis(10)).await;
                if is_down {
                    return Err("the origin is down".to_owned());
                }
                Ok(Arc::from(format!("user {id}")))
            }
        })?
    };
    for turn in ["first", "again", "later, the origin is down"] {
        if turn.starts_with("later") {
            tokio::time::sleep(Duration::from_millis(60)).await;
            is_down.store(true, Ordering::Relaxed);
        }
        match name_of.explain(&42).await {
            Ok(answer) => println!("{turn}: {} ({})", answer.value, answer.source.name()),
            Err(error) => println!("{turn}: {error}"),
        }
    }
    match name_of.get(&43).await {
        Ok(name) => println!("another: {name}"),
        Err(error) => println!("another: {error}"),
    }
    Ok(())
}
