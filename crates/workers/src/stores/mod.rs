//! Stores below the memory of a cache, on Workers.

mod cache_api;
mod durable_object;
mod js;
mod kv;

pub use self::cache_api::CacheApi;
pub use self::durable_object::DurableObject;
pub use self::js::JsStore;
pub use self::kv::Kv;

use crate::send::SendWrapper;
use holdover::ConfigError;
use holdover::driver::{BoxFuture, StoreError};
use js_sys::{Array, ArrayBuffer, Function, Object, Promise, Reflect, Uint8Array};
use std::fmt::Write as _;
use std::future::Future;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], catch)]
    fn digest(algorithm: &str, bytes: &Uint8Array) -> Result<Promise, JsValue>;
}

/// A client, and its methods, which have been seen to be there.
#[derive(Debug)]
struct Client(SendWrapper<Object>);

impl Client {
    /// Takes an object that has these methods.
    fn with(object: &JsValue, methods: &[&str]) -> Option<Self> {
        let object = object.dyn_ref::<Object>()?.clone();
        let client = Self(SendWrapper::new(object));
        let has_all = methods.iter().all(|name| client.method(name).is_some());
        has_all.then_some(client)
    }

    fn method(&self, name: &str) -> Option<Function> {
        let found = Reflect::get(&self.0, &name.into()).ok()?;
        found.dyn_into().ok()
    }

    /// Calls a method; gives what it returns.
    fn call_now(&self, method: &str, given: &[JsValue]) -> Result<JsValue, StoreError> {
        let function = self.method(method);
        let function =
            function.ok_or_else(|| StoreError::new(format!("it has no method {method}")))?;
        let given: Array = given.iter().collect();
        let result = function.apply(&self.0, &given);
        result.map_err(|error| told(&error))
    }

    /// Calls a method; gives what its promise settles with.
    async fn call(&self, method: &str, given: &[JsValue]) -> Result<JsValue, StoreError> {
        settled(&self.call_now(method, given)?).await
    }
}

/// A future of JavaScript as the driver takes it.
fn sent<'a, T>(future: impl Future<Output = T> + 'a) -> BoxFuture<'a, T> {
    Box::pin(SendWrapper::new(future))
}

async fn settled(result: &JsValue) -> Result<JsValue, StoreError> {
    let settled = JsFuture::from(Promise::resolve(result)).await;
    settled.map_err(|error| told(&error))
}

/// The text of what a client threw.
fn told(error: &JsValue) -> StoreError {
    let text = match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{error:?}"),
    };
    StoreError::new(text)
}

/// Reads the answer of a client for a key.
fn bytes_of(found: &JsValue) -> Result<Option<Vec<u8>>, StoreError> {
    if found.is_undefined() || found.is_null() {
        return Ok(None);
    }
    if let Some(bytes) = found.dyn_ref::<Uint8Array>() {
        return Ok(Some(bytes.to_vec()));
    }
    match found.dyn_ref::<ArrayBuffer>() {
        Some(buffer) => Ok(Some(Uint8Array::new(buffer).to_vec())),
        None => Err(StoreError::new("it gave no bytes")),
    }
}

/// An object with these properties.
fn object(properties: &[(&str, JsValue)]) -> Result<JsValue, StoreError> {
    let object = Object::new();
    for (name, value) in properties {
        Reflect::set(&object, &(*name).into(), value).map_err(|error| told(&error))?;
    }
    Ok(object.into())
}

/// The SHA-256 of some bytes, in hexadecimal digits.
async fn sha256(bytes: &[u8]) -> Result<String, StoreError> {
    let hash = digest("SHA-256", &Uint8Array::from(bytes)).map_err(|error| told(&error))?;
    let hash = bytes_of(&settled(&hash).await?)?.unwrap_or_default();
    let mut digits = String::with_capacity(64);
    for byte in hash {
        let _ = write!(digits, "{byte:02x}");
    }
    Ok(digits)
}

/// The binding of a Worker with this name.
fn binding(env: &impl AsRef<JsValue>, name: &str) -> JsValue {
    Reflect::get(env.as_ref(), &name.into()).unwrap_or_default()
}

/// Refuses an object that lacks a method.
fn client(
    object: &JsValue,
    methods: &[&str],
    option: &'static str,
    allowed: &'static str,
) -> Result<Client, ConfigError> {
    Client::with(object, methods).ok_or(ConfigError::of(option, allowed))
}
