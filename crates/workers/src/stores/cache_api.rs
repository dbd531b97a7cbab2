//! A store in the Cache API: the records of the npm package's `cacheApi`, at the same addresses.

use super::{Client, bytes_of, client, object, sent, sha256};
use crate::host::now_millis;
use crate::send::SendWrapper;
use holdover::ConfigError;
use holdover::driver::{SetOptions, Store, StoreError, StoreFuture};
use holdover::time::Span;
use js_sys::{Function, Object, Reflect, Uint8Array, encode_uri_component};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

#[wasm_bindgen]
extern "C" {
    type Response;

    #[wasm_bindgen(constructor, catch)]
    fn new(body: &Uint8Array, options: &JsValue) -> Result<Response, JsValue>;
}

/// Longer addresses are hashed: Workers refuse those above 16 KB.
const LONGEST_ADDRESS: usize = 8000;
/// In seconds; longer than any cache keeps a response.
const LONGEST_LIFE: u64 = (1 << 31) - 1;
const ENDS_AT: &str = "x-holdover-ends-at";
const CACHE: &str = "a Cache, like caches.default";
const BASE: &str = "a URL of http or https with a path, like \"https://a.example/\"";

/// A store in a `Cache`. It belongs to one location, and may lose entries at any time.
#[derive(Debug)]
pub struct CacheApi {
    client: Client,
    base: String,
}

impl CacheApi {
    /// The cache that all Workers of a zone share: `caches.default`.
    ///
    /// # Errors
    /// Where there is none.
    pub fn default_cache() -> Result<Self, ConfigError> {
        let caches = Reflect::get(&js_sys::global(), &"caches".into()).unwrap_or_default();
        Self::new(&Reflect::get(&caches, &"default".into()).unwrap_or_default())
    }

    /// Takes a `Cache`, such as one that `caches.open` gives.
    ///
    /// # Errors
    /// If it is none.
    pub fn new(cache: &JsValue) -> Result<Self, ConfigError> {
        Ok(Self {
            client: client(cache, &["match", "put", "delete"], "cache", CACHE)?,
            base: "https://holdover.invalid/".to_owned(),
        })
    }

    /// The URL that all addresses begin with: best one of your own host. Default:
    /// `https://holdover.invalid/`.
    ///
    /// # Errors
    /// If it is no URL with a path, or has a fragment.
    pub fn base(mut self, base: impl Into<String>) -> Result<Self, ConfigError> {
        self.base = base.into();
        let address = ["https://", "http://"]
            .into_iter()
            .find_map(|scheme| self.base.strip_prefix(scheme));
        let is_good = address.is_some_and(|rest| {
            let host = rest.find('/').map_or("", |at| &rest[..at]);
            !host.is_empty() && !host.contains(['?', '#']) && !rest.contains(['?', '#'])
        });
        if is_good {
            return Ok(self);
        }
        Err(ConfigError::of("base", BASE))
    }

    async fn address_of(&self, key: &str) -> Result<JsValue, StoreError> {
        // As the npm package writes it, whose keys may have what UTF-8 has not.
        let key = key.replace('\u{fffd}', "\u{fffd}fffd");
        let base = &self.base;
        let address = format!("{base}?key={}", String::from(encode_uri_component(&key)));
        if address.len() <= LONGEST_ADDRESS {
            return Ok(address.into());
        }
        Ok(format!("{base}?hash={}", sha256(key.as_bytes()).await?).into())
    }
}

impl Store for CacheApi {
    fn name(&self) -> &'static str {
        "cache-api"
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        sent(async move {
            let address = self.address_of(key).await?;
            let found = self.client.call("match", &[address]).await?;
            if found.is_undefined() {
                return Ok(None);
            }
            let ends_at = header(&found, ENDS_AT).unwrap_or(0.0);
            let response = Client(SendWrapper::new(found.unchecked_into::<Object>()));
            let bytes = bytes_of(&response.call("arrayBuffer", &[]).await?)?;
            Ok(bytes.filter(|_| now_millis() < ends_at))
        })
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> StoreFuture<'a, ()> {
        sent(async move {
            let response = response_of(record, options.expires_in)?;
            let given = [self.address_of(key).await?, response];
            self.client.call("put", &given).await.map(drop)
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        sent(async move {
            let address = self.address_of(key).await?;
            self.client.call("delete", &[address]).await.map(drop)
        })
    }
}

/// A header that is a number.
fn header(response: &JsValue, name: &str) -> Option<f64> {
    let headers = Reflect::get(response, &"headers".into()).ok()?;
    let get = Reflect::get(&headers, &"get".into()).ok()?;
    let value = get
        .dyn_into::<Function>()
        .ok()?
        .call1(&headers, &name.into());
    // `Infinity` as well.
    value.ok()?.as_string()?.parse().ok()
}

fn response_of(record: &[u8], expires_in: Span) -> Result<JsValue, StoreError> {
    let seconds = expires_in.as_millis().div_ceil(1000).clamp(1, LONGEST_LIFE);
    let ends_at = if expires_in.is_forever() {
        "Infinity".to_owned()
    } else {
        #[expect(clippy::cast_precision_loss, reason = "JavaScript's numbers")]
        let ends_at = now_millis() + expires_in.as_millis() as f64;
        format!("{ends_at:.0}")
    };
    let headers = object(&[
        ("cache-control", format!("public, max-age={seconds}").into()),
        ("content-type", "application/octet-stream".into()),
        (ENDS_AT, ends_at.into()),
    ])?;
    let options = object(&[("headers", headers)])?;
    let response = Response::new(&Uint8Array::from(record), &options);
    response
        .map(Into::into)
        .map_err(|error| super::told(&error))
}
