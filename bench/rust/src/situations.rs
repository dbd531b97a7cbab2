//! What becomes of callers in eight situations, in real time.

use crate::contenders::{Contender, Load, Loaded, TTL, all};
use crate::table::table;
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// The value of an entry that is there before.
const OLD: usize = 1;
/// Nobody waits longer than this.
const PATIENCE: Duration = Duration::from_secs(3);

const SITUATIONS: [&str; 8] = [
    "100 callers at once, nothing stored",
    "the first of two callers is cancelled 30 ms into a load of 150 ms",
    "the load hangs, two callers",
    "the origin is down after the `ttl`",
    "then 50 more calls",
    "the origin takes 400 ms after the `ttl`",
    "invalidated while it is loaded",
    "20 callers at once, nothing stored, the origin is down",
];

/// An origin that counts its loads.
#[derive(Clone, Default)]
struct Origin(Arc<AtomicUsize>);

impl Origin {
    /// A load that takes so long, and then ends so.
    fn load(&self, takes: Duration, result: Loaded) -> Load {
        let loads = Arc::clone(&self.0);
        Arc::new(move || -> BoxFuture<'static, Loaded> {
            loads.fetch_add(1, Ordering::Relaxed);
            let result = result.clone();
            async move {
                sleep(takes).await;
                result
            }
            .boxed()
        })
    }

    fn loads(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn down() -> Loaded {
    Err("down".to_owned())
}

fn loads(count: usize) -> String {
    if count == 1 {
        "1 load".to_owned()
    } else {
        format!("{count} loads")
    }
}

/// What a caller has, and when.
async fn told(call: BoxFuture<'static, Loaded>) -> String {
    let begun = Instant::now();
    let result = timeout(PATIENCE, call).await;
    let after = begun.elapsed().as_millis();
    let what = match result {
        Err(_) => return "hangs".to_owned(),
        Ok(Ok(OLD)) => "the old value",
        Ok(Ok(_)) => "a new value",
        Ok(Err(_)) => "an error",
    };
    if after < 20 {
        return what.to_owned();
    }
    format!("{what} after {after} ms")
}

pub(crate) fn run() -> String {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let contenders = all();
    let mut rows = vec![vec![String::new()]];
    rows.extend(SITUATIONS.map(|situation| vec![situation.to_owned()]));
    for contender in contenders {
        rows[0].push(contender.name().to_owned());
        let cells = runtime.block_on(cells(&contender));
        for (row, cell) in rows[1..].iter_mut().zip(cells) {
            row.push(cell);
        }
    }
    format!(
        "## What becomes of callers\n\nEntries are fresh for {} ms. holdover has `stale_if_error`, \
         `failover_after` of 50 ms and a `timeout` of 1 s; the others have no such options. “Hangs” is \
         no answer within {} s.\n\n{}",
        TTL.as_millis(),
        PATIENCE.as_secs(),
        table(&rows)
    )
}

async fn cells(contender: &Arc<dyn Contender>) -> [String; 8] {
    [
        cold(contender, 1, 100, Ok(1)).await,
        cancelled(contender, 2).await,
        hung(contender, 3).await,
        is_down(contender, 4).await,
        still_down(contender, 4).await,
        slow(contender, 5).await,
        invalidated(contender, 6).await,
        cold(contender, 7, 20, down()).await,
    ]
}

async fn cold(contender: &Arc<dyn Contender>, key: u32, callers: usize, result: Loaded) -> String {
    let origin = Origin::default();
    let load = origin.load(ms(50), result);
    let calls = (0..callers).map(|_| Arc::clone(contender).get(key, load.clone()));
    join_all(calls).await;
    loads(origin.loads())
}

async fn cancelled(contender: &Arc<dyn Contender>, key: u32) -> String {
    let origin = Origin::default();
    let load = origin.load(ms(150), Ok(2));
    let leader = tokio::spawn(Arc::clone(contender).get(key, load.clone()));
    sleep(ms(10)).await;
    let follower = tokio::spawn(told(Arc::clone(contender).get(key, load)));
    sleep(ms(20)).await;
    leader.abort();
    let told = follower.await.expect("an answer");
    format!("{told}, {}", loads(origin.loads()))
}

async fn hung(contender: &Arc<dyn Contender>, key: u32) -> String {
    let origin = Origin::default();
    let load = origin.load(Duration::from_secs(3_600), Ok(2));
    let leader = tokio::spawn(Arc::clone(contender).get(key, load.clone()));
    sleep(ms(10)).await;
    let told = told(Arc::clone(contender).get(key, load)).await;
    leader.abort();
    told
}

/// Stores a value, and waits until it is fresh no longer.
async fn aged(contender: &Arc<dyn Contender>, key: u32) {
    let load = Origin::default().load(ms(0), Ok(OLD));
    let _ = Arc::clone(contender).get(key, load).await;
    sleep(TTL + ms(50)).await;
}

async fn is_down(contender: &Arc<dyn Contender>, key: u32) -> String {
    if !contender.has_ttl() {
        return "no `ttl`".to_owned();
    }
    aged(contender, key).await;
    let load = Origin::default().load(ms(0), down());
    told(Arc::clone(contender).get(key, load)).await
}

async fn still_down(contender: &Arc<dyn Contender>, key: u32) -> String {
    if !contender.has_ttl() {
        return "no `ttl`".to_owned();
    }
    let origin = Origin::default();
    for _ in 0..50 {
        let _ = Arc::clone(contender)
            .get(key, origin.load(ms(0), down()))
            .await;
    }
    loads(origin.loads())
}

async fn slow(contender: &Arc<dyn Contender>, key: u32) -> String {
    if !contender.has_ttl() {
        return "no `ttl`".to_owned();
    }
    aged(contender, key).await;
    let load = Origin::default().load(ms(400), Ok(2));
    told(Arc::clone(contender).get(key, load)).await
}

async fn invalidated(contender: &Arc<dyn Contender>, key: u32) -> String {
    let load = Origin::default().load(ms(100), Ok(1));
    let loading = tokio::spawn(Arc::clone(contender).get(key, load));
    sleep(ms(50)).await;
    if !contender.invalidate(key).await {
        return "not tried".to_owned();
    }
    let _ = loading.await;
    let origin = Origin::default();
    let _ = Arc::clone(contender)
        .get(key, origin.load(ms(0), Ok(2)))
        .await;
    match origin.loads() {
        0 => "the late value stays".to_owned(),
        _ => "the late value is gone".to_owned(),
    }
}
