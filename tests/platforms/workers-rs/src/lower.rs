//! Caches over stores of the platform: instances by name, each with a memory of its own.

use axum::extract::{Path, State};
use holdover::driver::testing::{Conformance, store_conformance};
use holdover::driver::{Cache, CachePolicy, Function, Host, LoadLock, Stores};
use holdover::time::Span;
use holdover_workers::stores::{CacheApi, DurableObject, JsStore, Kv};
use holdover_workers::{IntoSend, SendWrapper, Workers};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use worker::Env;

#[derive(Clone, Serialize, Deserialize)]
struct User {
    id: u64,
    by: String,
}

struct Instance {
    cache: Cache<u64, User, String>,
    get: Function<u64, User, String>,
    failures: Rc<RefCell<Vec<String>>>,
}

/// The body of a request that asks for an instance.
#[derive(Clone)]
pub(crate) struct Bindings(pub(crate) SendWrapper<Env>);

pub(crate) type Place = Path<(String, String, u64)>;

/// Calls the function; tells what was answered, and waits until the stores have it.
pub(crate) async fn call(State(env): State<Bindings>, Path((tier, name, id)): Place) -> String {
    let instance = instance(&env, &tier, &name);
    async move {
        let answer = instance.get.explain(&id).await;
        instance.cache.settled().await;
        match answer {
            Ok(answer) => json!({
                "value": answer.value,
                "source": answer.source.name(),
                "tier": answer.tier.as_deref(),
                "loads": instance.get.counters().loads,
                "failures": *instance.failures.borrow(),
            }),
            Err(error) => json!({ "error": error.to_string() }),
        }
        .to_string()
    }
    .into_send()
    .await
}

pub(crate) async fn drop_key(State(env): State<Bindings>, Path((tier, name, id)): Place) -> String {
    let instance = instance(&env, &tier, &name);
    async move { instance.get.invalidate(&id).await.to_string() }
        .into_send()
        .await
}

pub(crate) async fn clear(State(env): State<Bindings>, Path((tier, name, _)): Place) -> String {
    let instance = instance(&env, &tier, &name);
    async move { instance.cache.clear().await.to_string() }
        .into_send()
        .await
}

fn instance(env: &Bindings, tier: &str, name: &str) -> SendWrapper<Rc<Instance>> {
    thread_local! {
        static ALL: RefCell<HashMap<String, Rc<Instance>>> = RefCell::default();
    }
    let make = || Rc::new(made(&env.0, tier));
    let key = format!("{tier} {name}");
    let found = ALL.with(|all| Rc::clone(all.borrow_mut().entry(key).or_insert_with(make)));
    SendWrapper::new(found)
}

fn made(env: &Env, tier: &str) -> Instance {
    let failures = Rc::<RefCell<Vec<String>>>::default();
    let told = SendWrapper::new(Rc::clone(&failures));
    let stores = Stores::json(|id: &u64| format!("user:{id}"))
        .namespace("shop")
        .store_timeout(Span::from_secs(10))
        .on_failure(move |failure| told.borrow_mut().push(format!("{failure:?}")));
    let stores = match tier {
        "kv" => stores.store(Kv::of(env, "KV").expect("a namespace")),
        "cache-api" => stores.store(CacheApi::default_cache().expect("a cache")),
        "durable-object" => stores.store(objects(env)),
        "custom" => stores.store(JsStore::new(&map_of(env)).expect("a store")),
        other => panic!("no tier {other}"),
    };
    let cache = Cache::builder(Workers).stores(stores).build();
    let mut policy = CachePolicy::ttl(Span::from_secs(600));
    if tier == "durable-object" {
        policy = policy.lock(LoadLock::new().ttl(Span::from_secs(60)));
    }
    let get = cache.wrap(policy, |id, _| async move {
        let by = "rust".to_owned();
        Ok(User { id, by })
    });
    Instance {
        cache,
        get: get.expect("a good policy"),
        failures,
    }
}

fn objects(env: &Env) -> DurableObject {
    let objects = DurableObject::of(env, "OBJECTS").expect("objects");
    objects.shards(3).expect("a number of shards")
}

/// Checks the store in Durable Objects against the requirements of stores.
pub(crate) async fn conformance(State(env): State<Bindings>) -> String {
    async move {
        let options = Conformance::new(|span| Workers.sleep(span)).lag(Span::from_millis(5));
        let (met, violations) = match store_conformance(&objects(&env.0), options).await {
            Ok(met) => (met, Vec::new()),
            Err(violations) => (0, violations.iter().map(ToString::to_string).collect()),
        };
        json!({ "met": met, "violations": violations }).to_string()
    }
    .into_send()
    .await
}

/// An object of the application's own.
fn map_of(env: &Env) -> worker::wasm_bindgen::JsValue {
    use worker::js_sys::Reflect;
    Reflect::get(env, &"MAP".into()).expect("an object")
}
