//! An instance of an application over a Redis. Reads a question per line, a list of JSON: its name,
//! a key, a value. Writes a line of JSON for each.

mod site;

use futures::future::join_all;
use holdover::Span;
use holdover::driver::testing::{Conformance, store_conformance};
use holdover::driver::{
    Cache, CachePolicy, Function, Host, LoadLock, LruStore, OnLockTimeout, RedisStore, Store,
    Stores, Tokio,
};
use redis::Client;
use redis::aio::ConnectionManager;
use redis::cluster::ClusterClient;
use serde_json::{Value, json};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, stdin, stdout};

type Failed = Box<dyn Error + Send + Sync>;

/// The instance: its cache, a function of it, and how often that was loaded.
struct Instance {
    cache: Cache<String, Value, String>,
    get: Function<String, Value, String>,
    /// The same under a lock, whose loads take so many milliseconds.
    locked: Function<String, Value, String>,
    /// The same under one that ends after 4 s.
    locked_briefly: Function<String, Value, String>,
    takes: Arc<AtomicU64>,
    loads: Arc<AtomicUsize>,
    store: Arc<dyn Store>,
    site: site::Site,
}

impl Instance {
    async fn start(url: &str, namespace: &str, kind: &str) -> Result<Self, Failed> {
        let store = store(url, kind == "cluster").await?;
        let mut stores = Stores::json(String::clone)
            .namespace(namespace)
            .store_timeout(Span::from_secs(5))
            .on_failure(|failure| eprintln!("{failure:?}"));
        if kind == "layered" {
            stores = stores.store(LruStore::new(Tokio, 1 << 20));
        }
        let site = site::Site::new(namespace, store.clone())?;
        let cache = Cache::builder(Tokio)
            .stores(stores.store(store.clone()))
            .build();
        let loads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&loads);
        let policy = CachePolicy::ttl(Span::from_secs(600))
            .stale_if_error(Span::from_secs(3600))
            .tags(|key: &String, _| vec![format!("key:{key}"), "all".to_owned()]);
        let get = cache.wrap(policy, move |key: String, _| {
            let nth = counted.fetch_add(1, Ordering::Relaxed) + 1;
            async move { Ok(json!({ "by": "rust", "key": key, "load": nth })) }
        })?;
        let takes = Arc::new(AtomicU64::new(0));
        let function = |ttl| locked(&cache, &loads, &takes, LoadLock::new().ttl(ttl));
        let locked = function(Span::from_secs(60))?;
        let locked_briefly = function(Span::from_secs(4))?;
        Ok(Self {
            cache,
            get,
            locked,
            locked_briefly,
            takes,
            loads,
            store,
            site,
        })
    }

    async fn answer(&self, question: &[Value]) -> Result<Value, Failed> {
        let text = |at: usize| question.get(at).and_then(Value::as_str).unwrap_or_default();
        let key = text(1).to_owned();
        Ok(match text(0) {
            "get" => {
                let answer = self
                    .get
                    .explain(&key)
                    .await
                    .map_err(|error| format!("{error}"))?;
                json!({ "value": answer.value, "source": answer.source.name(), "tier": answer.tier.as_deref() })
            }
            // KEY MILLISECONDS COUNT: so many callers of a function whose loads take so long.
            "getLocked" | "getLockedBriefly" => {
                let number = |at: usize| question.get(at).and_then(Value::as_u64).unwrap_or(1);
                self.takes.store(number(2), Ordering::Relaxed);
                let get = match text(0) {
                    "getLocked" => &self.locked,
                    _ => &self.locked_briefly,
                };
                let calls = (0..number(3)).map(|_| get.get(&key));
                let mut values = Vec::new();
                for answer in join_all(calls).await {
                    values.push(match answer {
                        Ok(value) => value,
                        Err(error) => json!(error.code()),
                    });
                }
                values.dedup();
                json!(values)
            }
            // KEYS: their names as their values have them.
            "getMany" => {
                let keys: Vec<String> = serde_json::from_value(question[1].clone())?;
                let mut names = Vec::new();
                for value in self.get.get_many(&keys).await {
                    names.push(value.map_err(|error| format!("{error}"))?["key"].clone());
                }
                json!(names)
            }
            "peek" => self.get.peek(&key).unwrap_or(Value::Null),
            "set" => json!(
                self.cache
                    .set(&key, question[2].clone(), Span::from_secs(600))
                    .await
            ),
            "invalidate" => json!(self.get.invalidate(&key).await),
            "invalidateTags" => {
                let soft = question.get(2).and_then(Value::as_bool).unwrap_or_default();
                json!(self.cache.invalidate_tags([key], soft).await)
            }
            "clear" => json!(self.cache.clear().await),
            "settled" => {
                self.cache.settled().await;
                self.site.settled().await;
                json!(true)
            }
            // METHOD URL FIELDS: through a cache of responses, before a site that echoes.
            "fetch" => {
                let fields = question.get(3).cloned().unwrap_or(Value::Null);
                self.site
                    .fetch(&key, question[2].as_str().unwrap_or_default(), &fields)
                    .await?
            }
            "asked" => json!(self.site.asked()),
            "loads" => json!(self.loads.load(Ordering::Relaxed)),
            "conformance" => {
                let options = Conformance::new(|span| Tokio.sleep(span)).prefix(key);
                match store_conformance(&self.store, options).await {
                    Ok(met) => json!({ "met": met }),
                    Err(violations) => {
                        let all = violations.iter().map(ToString::to_string);
                        json!({ "violations": all.collect::<Vec<_>>() })
                    }
                }
            }
            other => return Err(format!("{other:?} is nothing to ask for").into()),
        })
    }
}

/// The store of the server at this address, or of the cluster that it is a node of.
async fn store(url: &str, is_cluster: bool) -> Result<Arc<dyn Store>, Failed> {
    let client = Client::open(url)?;
    if is_cluster {
        let connection = ClusterClient::new([url])?.get_async_connection().await?;
        let store = RedisStore::new(connection).in_cluster();
        return Ok(Arc::new(store.listening(Tokio, client)));
    }
    let connection = ConnectionManager::new(client.clone()).await?;
    let store = RedisStore::new(connection);
    Ok(Arc::new(store.listening(Tokio, client)))
}

/// A function whose loads are one across instances.
fn locked(
    cache: &Cache<String, Value, String>,
    loads: &Arc<AtomicUsize>,
    takes: &Arc<AtomicU64>,
    lock: LoadLock,
) -> Result<Function<String, Value, String>, Failed> {
    let lock = lock
        .wait(Span::from_secs(60))
        .on_timeout(OnLockTimeout::Fail);
    let policy = CachePolicy::ttl(Span::from_secs(600)).lock(lock);
    let (loads, takes) = (Arc::clone(loads), Arc::clone(takes));
    Ok(cache.wrap(policy, move |key: String, _| {
        let nth = loads.fetch_add(1, Ordering::Relaxed) + 1;
        let sleep = Tokio.sleep(Span::from_millis(takes.load(Ordering::Relaxed)));
        async move {
            sleep.await;
            Ok(json!({ "by": "rust", "key": key, "load": nth }))
        }
    })?)
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, namespace, kind] = arguments.as_slice() else {
        return Err("usage: rust-instance URL NAMESPACE single|layered|cluster".into());
    };
    let instance = Instance::start(url, namespace, kind).await?;
    let mut questions = BufReader::new(stdin()).lines();
    let mut answers = stdout();
    while let Some(line) = questions.next_line().await? {
        let question: Vec<Value> = serde_json::from_str(&line)?;
        let answer = match instance.answer(&question).await {
            Ok(answer) => json!({ "answer": answer }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        answers.write_all(format!("{answer}\n").as_bytes()).await?;
        answers.flush().await?;
    }
    Ok(())
}
