//! A change of one instance and a write of another pass each other on their way: what was written
//! from before the change does not stay in the store.

use crate::support::{minute, ms};
use holdover::driver::testing::{MapStore, Virtual};
use holdover::driver::{
    Cache, Function, Host, Listener, SetOptions, Store, StoreFuture, Stores, Subscription,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

type Numbers = Cache<u32, usize, &'static str>;
type Get = Function<u32, usize, &'static str>;

/// A store whose writes and messages take time.
#[derive(Clone)]
struct Slow {
    records: MapStore,
    host: Virtual,
    write: u64,
    message: u64,
}

/// Hears of messages late.
struct Late {
    host: Virtual,
    message: u64,
    listener: Arc<dyn Listener>,
}

impl Listener for Late {
    fn heard(&self, message: &str) {
        let (listener, text) = (Arc::clone(&self.listener), message.to_owned());
        let asleep = self.host.sleep(ms(self.message));
        self.host.spawn(Box::pin(async move {
            asleep.await;
            listener.heard(&text);
        }));
    }

    fn missed(&self) {
        self.listener.missed();
    }
}

impl Store for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        self.records.get(key)
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.host.sleep(ms(self.write)).await;
            self.records.set(key, record, options).await?;
            self.host.sleep(ms(self.write)).await;
            Ok(())
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        self.records.delete(key)
    }

    fn compare_and_delete<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
    ) -> Option<StoreFuture<'a, bool>> {
        self.records.compare_and_delete(key, record)
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, ()>> {
        self.records.clear(prefix)
    }

    fn publish<'a>(&'a self, channel: &'a str, message: &'a str) -> Option<StoreFuture<'a, ()>> {
        self.records.publish(channel, message)
    }

    fn subscribe<'a>(
        &'a self,
        channel: &'a str,
        listener: Arc<dyn Listener>,
    ) -> Option<StoreFuture<'a, Subscription>> {
        let late = Late {
            host: self.host.clone(),
            message: self.message,
            listener,
        };
        self.records.subscribe(channel, Arc::new(late))
    }
}

fn instance(host: &Virtual, store: impl Store, origin: &Arc<AtomicUsize>) -> (Numbers, Get) {
    let stores = Stores::json(|key: &u32| format!("n:{key}")).store(store);
    let cache = Numbers::builder(host.clone()).stores(stores).build();
    let (origin, clock) = (Arc::clone(origin), host.clone());
    let load = move |_, _| {
        let (value, asleep) = (origin.load(Ordering::Relaxed), clock.sleep(ms(4)));
        async move {
            asleep.await;
            Ok(value)
        }
    };
    let get = cache.wrap(minute(), load).unwrap();
    (cache, get)
}

#[test]
fn no_order_leaves_the_old_value() {
    for (write, message) in [(1, 1), (1, 30), (4, 6), (10, 1), (10, 30)] {
        for (offset, clears) in (0..48).map(|nth| (nth / 2, nth % 2 == 1)) {
            let host = Virtual::new();
            let origin = Arc::new(AtomicUsize::new(1));
            let shared = MapStore::new(host.clone()).with_messages();
            let slow = |write| Slow {
                records: shared.clone(),
                host: host.clone(),
                write,
                message,
            };
            let (one, _) = instance(&host, slow(1), &origin);
            let (_other, get) = instance(&host, slow(write), &origin);
            let (_third, there) = instance(&host, slow(1), &origin);
            host.start(async move {
                let _ = get.get(&1).await;
            });
            host.advance(ms(offset));
            origin.store(2, Ordering::Relaxed);
            host.start(async move {
                if clears {
                    one.clear().await;
                } else {
                    one.invalidate(&1).await;
                }
            });
            host.advance(ms(300));
            let found = host.run(async move { there.get(&1).await });
            assert_eq!(
                found.unwrap(),
                2,
                "{write}, {message}, changed after {offset} ms"
            );
        }
    }
}

#[test]
fn what_others_have_written_since_is_left_as_it_is() {
    let host = Virtual::new();
    let origin = Arc::new(AtomicUsize::new(1));
    let shared = MapStore::new(host.clone()).with_messages();
    let slow = Slow {
        records: shared.clone(),
        host: host.clone(),
        write: 1,
        message: 30,
    };
    let (one, _) = instance(&host, slow.clone(), &origin);
    let (_other, get) = instance(&host, slow, &origin);
    host.run(async move { get.get(&1).await }).unwrap();
    host.advance(ms(5));
    let (key, of_load) = (shared.names().remove(0), shared.clone());
    let old = of_load.record(&key).unwrap();
    host.start(async move {
        one.invalidate(&1).await;
    });
    host.advance(ms(1));
    assert_eq!(shared.record(&key), None);
    let mut new = old.clone();
    *new.last_mut().unwrap() ^= 1;
    shared.put(&key, &new);
    host.advance(ms(100));
    assert_eq!(shared.record(&key), Some(new));
    shared.put(&key, &old);
    host.advance(ms(100));
    assert_eq!(shared.record(&key), Some(old), "it is done once");
}
