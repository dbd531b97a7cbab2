//! Any object of JavaScript as a store.

use super::{Client, bytes_of, client, object, sent};
use holdover::ConfigError;
use holdover::driver::{SetOptions, Store, StoreError, StoreFuture};
use holdover::time::Span;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

/// A store that an object of JavaScript is: `{ get, set, delete }`, as the npm package takes with
/// `customStore`. Its methods may return promises.
///
/// - `get(key)` gives a `Uint8Array` or an `ArrayBuffer`; nothing, or `null`, for none.
/// - `set(key, bytes, { expiresIn, within })`, both in milliseconds, `Infinity` for never.
/// - `delete(key)`.
/// - `getMany(keys)`, `add(key, bytes, options)` and `compareAndDelete(key, bytes)`, where it has
///   them: an array in the order of the keys, and whether it did.
/// - `clear(prefix)` and `keys(prefix)`, where it has them: the latter gives an array.
#[derive(Debug)]
pub struct JsStore {
    client: Client,
    name: String,
    deadline: Span,
}

impl JsStore {
    /// Takes an object.
    ///
    /// # Errors
    /// If it lacks one of the three methods.
    pub fn new(store: &JsValue) -> Result<Self, ConfigError> {
        let allowed = "an object with the methods get, set and delete";
        Ok(Self {
            client: client(store, &["get", "set", "delete"], "store", allowed)?,
            name: "custom".to_owned(),
            deadline: Span::from_millis(500),
        })
    }

    /// Names it, for answers and reports. Default: `custom`.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Gives its operations this time. Default 500 ms.
    #[must_use]
    pub fn within(mut self, deadline: impl Into<Span>) -> Self {
        self.deadline = deadline.into();
        self
    }
}

impl Store for JsStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn deadline(&self) -> Span {
        self.deadline
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        sent(async move { bytes_of(&self.client.call("get", &[key.into()]).await?) })
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> StoreFuture<'a, ()> {
        sent(async move {
            let record = Uint8Array::from(record);
            let given = [key.into(), record.into(), times(options)?];
            self.client.call("set", &given).await.map(drop)
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        sent(async move { self.client.call("delete", &[key.into()]).await.map(drop) })
    }

    fn get_many<'a>(&'a self, keys: &'a [String]) -> Option<StoreFuture<'a, Vec<Option<Vec<u8>>>>> {
        self.client.method("getMany")?;
        Some(sent(async move {
            let keys: Array = keys.iter().map(|key| JsValue::from(key.as_str())).collect();
            let given = self.client.call("getMany", &[keys.into()]).await?;
            let given = given.dyn_into::<Array>();
            let given = given.map_err(|_| StoreError::new("getMany gave no array"))?;
            given.iter().map(|record| bytes_of(&record)).collect()
        }))
    }

    fn add<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> Option<StoreFuture<'a, bool>> {
        self.client.method("add")?;
        Some(sent(async move {
            let record = Uint8Array::from(record);
            let given = [key.into(), record.into(), times(options)?];
            Ok(self.client.call("add", &given).await?.is_truthy())
        }))
    }

    fn compare_and_delete<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
    ) -> Option<StoreFuture<'a, bool>> {
        self.client.method("compareAndDelete")?;
        Some(sent(async move {
            let given = [key.into(), Uint8Array::from(record).into()];
            Ok(self
                .client
                .call("compareAndDelete", &given)
                .await?
                .is_truthy())
        }))
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, ()>> {
        self.client.method("clear")?;
        Some(sent(async move {
            self.client.call("clear", &[prefix.into()]).await.map(drop)
        }))
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, Vec<String>>> {
        self.client.method("keys")?;
        Some(sent(async move {
            let keys = self.client.call("keys", &[prefix.into()]).await?;
            let keys = keys.dyn_into::<Array>();
            let keys = keys.map_err(|_| StoreError::new("keys gave no array"))?;
            Ok(keys.iter().filter_map(|key| key.as_string()).collect())
        }))
    }
}

fn times(options: SetOptions) -> Result<JsValue, StoreError> {
    object(&[
        ("expiresIn", millis(options.expires_in).into()),
        ("within", millis(options.within).into()),
    ])
}

fn millis(span: Span) -> f64 {
    if span.is_forever() {
        return f64::INFINITY;
    }
    #[expect(clippy::cast_precision_loss, reason = "JavaScript's numbers")]
    let millis = span.as_millis() as f64;
    millis
}
