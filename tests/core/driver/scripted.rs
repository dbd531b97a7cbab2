//! A store that does as it is told.

use holdover::driver::testing::Virtual;
use holdover::driver::{Host, SetOptions, Store, StoreError, StoreFuture};
use holdover::time::Span;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};

/// The behaviour of the store for one operation.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Told {
    /// Milliseconds, or "never".
    pub(crate) after: Option<Value>,
    pub(crate) answer: Option<Value>,
    pub(crate) refuses: bool,
    pub(crate) fails: Option<bool>,
}

pub(crate) type Script = HashMap<String, VecDeque<Told>>;

/// Clones are the same store.
#[derive(Clone)]
pub(crate) struct Scripted {
    host: Virtual,
    can: Arc<Vec<String>>,
    script: Arc<Mutex<Script>>,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    pub(crate) records: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Scripted {
    pub(crate) fn new(host: &Virtual, script: Script, can: &[&str]) -> Self {
        Self {
            host: host.clone(),
            can: Arc::new(can.iter().map(|&name| name.to_owned()).collect()),
            script: Arc::new(Mutex::new(script)),
            asked: Arc::default(),
            records: Arc::default(),
        }
    }

    async fn pass(&self, time: Option<&Value>, before: u64) -> u64 {
        let millis = match time {
            None => before,
            Some(Value::String(never)) => {
                assert_eq!(never, "never");
                std::future::pending().await
            }
            Some(millis) => millis.as_u64().expect("milliseconds"),
        };
        if millis > before {
            self.host.sleep(Span::from_millis(millis - before)).await;
        }
        millis
    }

    async fn operate<T: Default>(
        &self,
        kind: &str,
        key: &str,
        act: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T,
    ) -> Result<T, StoreError> {
        if kind != "get" {
            let at = self.host.elapsed().as_millis();
            let asked = format!("{at} {kind} {key}").trim_end().to_owned();
            self.asked.lock().unwrap().push(asked);
        }
        let told = self
            .script
            .lock()
            .unwrap()
            .get_mut(kind)
            .and_then(VecDeque::pop_front);
        let told = told.unwrap_or_default();
        let after = self.pass(told.after.as_ref(), 0).await;
        let result = if told.refuses {
            T::default()
        } else {
            act(&mut self.records.lock().unwrap())
        };
        self.pass(told.answer.as_ref(), after).await;
        if told.fails.unwrap_or(told.refuses) {
            return Err(StoreError::new("refused"));
        }
        Ok(result)
    }
}

impl Store for Scripted {
    fn name(&self) -> &'static str {
        "tier"
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        Box::pin(self.operate("get", key, move |records| records.get(key).cloned()))
    }

    fn set<'a>(&'a self, key: &'a str, record: &'a [u8], _: SetOptions) -> StoreFuture<'a, ()> {
        Box::pin(self.operate("set", key, move |records| {
            records.insert(key.to_owned(), record.to_vec());
        }))
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(self.operate("delete", key, move |records| {
            records.remove(key);
        }))
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, ()>> {
        self.can
            .iter()
            .any(|name| name == "clear")
            .then(|| -> StoreFuture<'a, ()> {
                Box::pin(self.operate("clear", "", move |records| {
                    records.retain(|key, _| !key.starts_with(prefix));
                }))
            })
    }

    fn keys<'a>(&'a self, _: &'a str) -> Option<StoreFuture<'a, Vec<String>>> {
        self.can
            .iter()
            .any(|name| name == "keys")
            .then(|| -> StoreFuture<'a, Vec<String>> {
                Box::pin(self.operate("keys", "", |records| records.keys().cloned().collect()))
            })
    }
}
