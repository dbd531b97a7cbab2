//! Bulkheads of batches, and of callers that leave.

use crate::batch_support::{ask, loaded, over};
use crate::support::{minute, ms};
use holdover::driver::testing::Virtual;
use holdover::driver::{Cache, CachePolicy, Error, Host};
use holdover::guard::bulkhead::BulkheadOptions;
use std::sync::{Arc, Mutex};

const ONE_AND_ONE: BulkheadOptions = BulkheadOptions {
    concurrency: 1,
    queue: 1,
};

#[test]
fn a_batch_takes_one_place_and_waits_for_it() {
    let host = Virtual::new();
    let (_, get, origin) = over(&host, minute().bulkhead(ONE_AND_ONE));
    let first = get.clone();
    host.start(async move {
        assert!(first.get_many(&[1, 2, 3]).await.iter().all(Result::is_ok));
    });
    let second = get.clone();
    host.start(async move {
        assert!(second.get_many(&[4, 5]).await.iter().all(Result::is_ok));
    });
    host.advance(ms(50));
    assert_eq!(origin.asked(), [[1, 2, 3]]);
    for answer in ask(&host, &get, &[6, 7]) {
        let error = answer.unwrap_err();
        assert_eq!(error, "as many loads run and wait as may at once");
    }
    host.advance(ms(51));
    assert_eq!(origin.asked(), [[4, 5]], "it had its turn at 100 ms");
    host.advance(ms(100));
    assert_eq!(ask(&host, &get, &[6]), loaded(&[60]));
}

#[test]
fn a_caller_that_is_dropped_leaves_the_queue_or_frees_its_place() {
    let host = Virtual::new();
    let cache: Cache<u32, usize, &'static str> = Cache::builder(host.clone()).build();
    let begun: Arc<Mutex<Vec<u32>>> = Arc::default();
    let (origin, log) = (host.clone(), Arc::clone(&begun));
    let policy = CachePolicy::ttl(ms(60_000)).bulkhead(ONE_AND_ONE);
    let get = cache.wrap(policy, move |key: u32, _| {
        log.lock().unwrap().push(key);
        let sleep = origin.sleep(ms(100));
        async move {
            sleep.await;
            Ok(key as usize)
        }
    });
    let get = get.unwrap();
    let start = |key: u32| {
        let get = get.clone();
        host.start(async move { drop(get.get(&key).await) })
    };
    let first = start(1);
    let waiting = start(2);
    host.advance(ms(10));
    let refused = host.run({
        let get = get.clone();
        async move { get.get(&3).await }
    });
    assert!(matches!(refused, Err(Error::BulkheadFull)), "{refused:?}");
    host.cancel(waiting);
    host.advance(ms(0));
    start(4);
    host.cancel(first);
    host.advance(ms(0));
    assert_eq!(
        *begun.lock().unwrap(),
        [1, 4],
        "the place is the next one's"
    );
}
