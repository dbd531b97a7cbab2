//! A store in Durable Objects: the records of the npm package's `durableObject`, in the same objects.

use super::{Client, binding, bytes_of, client, object, sent};
use holdover::ConfigError;
use holdover::driver::{SetOptions, Store, StoreError, StoreFuture};
use holdover::time::Span;
use js_sys::{Array, JSON, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

/// Objects require an address; it is never resolved.
const ADDRESS: &str = "https://holdover.invalid/";
const ALLOWED: &str = "a binding of Durable Objects";

/// A store in Durable Objects of the npm package's class `HoldoverObject`: strongly consistent, so
/// that tags and locks hold everywhere. Workers of both kinds share it.
///
/// The class is JavaScript. Export it beside the Rust Worker, or bind that of another Worker
/// (`script_name`):
///
/// ```js
/// export { HoldoverObject } from "holdover/stores/durable-object"; // bound, with SQLite, as CACHE
/// ```
#[derive(Debug)]
pub struct DurableObject {
    namespace: Client,
    shards: u32,
}

impl DurableObject {
    /// The namespace that `env` has under this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn of(env: &impl AsRef<JsValue>, name: &str) -> Result<Self, ConfigError> {
        Self::new(&binding(env, name))
    }

    /// Takes a binding.
    ///
    /// # Errors
    /// If it is no namespace of Durable Objects.
    pub fn new(namespace: &JsValue) -> Result<Self, ConfigError> {
        let methods = ["idFromName", "get"];
        Ok(Self {
            namespace: client(namespace, &methods, "namespace", ALLOWED)?,
            shards: 1,
        })
    }

    /// The number of objects among which keys are divided; one handles some hundred calls a second.
    /// Default 1. All who share the objects have the same number.
    ///
    /// # Errors
    /// For 0.
    pub fn shards(self, shards: u32) -> Result<Self, ConfigError> {
        if shards == 0 {
            return Err(ConfigError::of("shards", "a whole number, 1 or more"));
        }
        Ok(Self { shards, ..self })
    }

    fn shard_of(&self, key: &str) -> u32 {
        shard_of(key, self.shards)
    }

    /// Has an object perform an operation.
    async fn ask(
        &self,
        shard: u32,
        given: &[JsValue],
        record: Option<&[u8]>,
    ) -> Result<Frame, StoreError> {
        let name = format!("holdover {shard}");
        let id = self.namespace.call_now("idFromName", &[name.into()])?;
        let stub = self.namespace.call_now("get", &[id])?;
        let stub = Client::with(&stub, &["fetch"]);
        let stub = stub.ok_or_else(|| StoreError::new("the namespace gave no object"))?;
        let body = encode(given, record)?;
        let body = JsValue::from(Uint8Array::from(&*body));
        let init = object(&[("method", "POST".into()), ("body", body)])?;
        let response = stub.call("fetch", &[ADDRESS.into(), init]).await?;
        let is_ok = Reflect::get(&response, &"ok".into()).is_ok_and(|ok| ok.is_truthy());
        let response = Client::with(&response, &["arrayBuffer"]);
        let response = response.ok_or_else(|| StoreError::new("the object gave no response"))?;
        let bytes = bytes_of(&response.call("arrayBuffer", &[]).await?)?.unwrap_or_default();
        if !is_ok {
            return Err(StoreError::new(
                String::from_utf8_lossy(&bytes).into_owned(),
            ));
        }
        decode(&bytes)
    }

    /// The places of keys, by the shard that has them.
    fn split(&self, keys: &[String]) -> Vec<(u32, Vec<usize>)> {
        let mut all: Vec<(u32, Vec<usize>)> = Vec::new();
        for (place, key) in keys.iter().enumerate() {
            let shard = self.shard_of(key);
            match all.iter_mut().find(|(other, _)| *other == shard) {
                Some((_, places)) => places.push(place),
                None => all.push((shard, vec![place])),
            }
        }
        all
    }
}

impl Store for DurableObject {
    fn name(&self) -> &'static str {
        "durable-object"
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        sent(async move {
            let keys = Array::of1(&key.into());
            let given = ["getMany".into(), keys.into()];
            let Frame { records, .. } = self.ask(self.shard_of(key), &given, None).await?;
            Ok(records.into_iter().next().flatten())
        })
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> StoreFuture<'a, ()> {
        sent(async move {
            let given = ["set".into(), key.into(), life(options)];
            let asked = self.ask(self.shard_of(key), &given, Some(record));
            asked.await.map(drop)
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        sent(async move {
            let given = ["deleteMany".into(), Array::of1(&key.into()).into()];
            let asked = self.ask(self.shard_of(key), &given, None);
            asked.await.map(drop)
        })
    }

    fn get_many<'a>(&'a self, keys: &'a [String]) -> Option<StoreFuture<'a, Vec<Option<Vec<u8>>>>> {
        Some(sent(async move {
            let mut found = vec![None; keys.len()];
            let parts = self.split(keys);
            let asked = parts.iter().map(|(shard, places)| async move {
                let wanted = places.iter().map(|&place| JsValue::from(&*keys[place]));
                let given = ["getMany".into(), wanted.collect::<Array>().into()];
                self.ask(*shard, &given, None).await
            });
            let answers = futures::future::join_all(asked).await;
            for ((_, places), answer) in parts.iter().zip(answers) {
                for (&place, record) in places.iter().zip(answer?.records) {
                    found[place] = record;
                }
            }
            Ok(found)
        }))
    }

    fn add<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> Option<StoreFuture<'a, bool>> {
        Some(sent(async move {
            let given = ["add".into(), key.into(), life(options)];
            let asked = self.ask(self.shard_of(key), &given, Some(record));
            Ok(asked.await?.is_true())
        }))
    }

    fn compare_and_delete<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
    ) -> Option<StoreFuture<'a, bool>> {
        Some(sent(async move {
            let given = ["compareAndDelete".into(), key.into()];
            let asked = self.ask(self.shard_of(key), &given, Some(record));
            Ok(asked.await?.is_true())
        }))
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, ()>> {
        Some(sent(async move {
            for shard in 0..self.shards {
                self.ask(shard, &["clear".into(), prefix.into()], None)
                    .await?;
            }
            Ok(())
        }))
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, Vec<String>>> {
        Some(sent(async move {
            let mut all = Vec::new();
            for shard in 0..self.shards {
                let given = ["keys".into(), prefix.into()];
                let Frame { result, .. } = self.ask(shard, &given, None).await?;
                let keys = result.dyn_into::<Array>();
                let keys = keys.map_err(|_| StoreError::new("keys gave no array"))?;
                all.extend(keys.iter().filter_map(|key| key.as_string()));
            }
            Ok(all)
        }))
    }
}

/// An answer of an object.
struct Frame {
    result: JsValue,
    records: Vec<Option<Vec<u8>>>,
}

impl Frame {
    fn is_true(&self) -> bool {
        self.result.as_bool() == Some(true)
    }
}

/// A request: the length of its head, the head in JSON, the record. As `durable-frame.ts` has it.
fn encode(given: &[JsValue], record: Option<&[u8]>) -> Result<Vec<u8>, StoreError> {
    let lengths: Array = record
        .iter()
        .filter_map(|record| u32::try_from(record.len()).ok())
        .map(JsValue::from)
        .collect();
    let result: Array = given.iter().collect();
    let head = object(&[("result", result.into()), ("lengths", lengths.into())])?;
    let head = JSON::stringify(&head).map_err(|_| StoreError::new("a request has no JSON"))?;
    Ok(framed(&String::from(head), record.unwrap_or_default()))
}

fn framed(head: &str, record: &[u8]) -> Vec<u8> {
    let length = u32::try_from(head.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(4 + head.len() + record.len());
    bytes.extend(length.to_be_bytes());
    bytes.extend(head.as_bytes());
    bytes.extend(record);
    bytes
}

/// The text of a frame's head, and what comes after it.
fn parts(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (head, records) = rest.split_at_checked(length)?;
    Some((str::from_utf8(head).ok()?, records))
}

fn decode(bytes: &[u8]) -> Result<Frame, StoreError> {
    let damaged = || StoreError::new("the object gave no frame");
    let (head, mut rest) = parts(bytes).ok_or_else(damaged)?;
    let head = JSON::parse(head).map_err(|_| damaged())?;
    let part = |name: &str| Reflect::get(&head, &name.into()).map_err(|_| damaged());
    let lengths = part("lengths")?
        .dyn_into::<Array>()
        .map_err(|_| damaged())?;
    let mut records = Vec::new();
    for length in lengths.iter() {
        let length = length.as_f64().ok_or_else(damaged)?;
        if length < 0.0 {
            records.push(None);
            continue;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is not negative, and what is too long is damaged"
        )]
        let length = length as usize;
        let (record, after) = rest.split_at_checked(length).ok_or_else(damaged)?;
        records.push(Some(record.to_vec()));
        rest = after;
    }
    Ok(Frame {
        result: part("result")?,
        records,
    })
}

/// JSON has no Infinity.
fn life(SetOptions { expires_in, .. }: SetOptions) -> JsValue {
    if expires_in == Span::FOREVER {
        return JsValue::NULL;
    }
    #[expect(clippy::cast_precision_loss, reason = "JavaScript's numbers")]
    let millis = expires_in.as_millis() as f64;
    millis.into()
}

/// The shard of a key: FNV-1a over its UTF-16 units.
fn shard_of(key: &str, shards: u32) -> u32 {
    let hash = key.encode_utf16().fold(0x811c_9dc5_u32, |hash, unit| {
        (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193)
    });
    hash % shards
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_shards_that_the_npm_package_puts_them_in() {
        for (key, shard) in [
            ("", 2),
            ("user:1", 2),
            ("shop:user:2", 1),
            ("ä😀", 0),
            ("%load:shop:user:1", 5),
        ] {
            assert_eq!(shard_of(key, 7), shard, "{key}");
            assert_eq!(shard_of(key, 1), 0);
        }
    }

    #[test]
    fn a_frame_is_a_length_a_head_and_what_follows() {
        let bytes = framed("{}ä", &[1, 2]);
        assert_eq!(bytes, [0, 0, 0, 4, b'{', b'}', 0xc3, 0xa4, 1, 2]);
        assert_eq!(parts(&bytes), Some(("{}ä", &[1, 2][..])));
        for damaged in [&bytes[..3], &bytes[..6], &[0, 0, 0, 1, 0xff]] {
            assert_eq!(parts(damaged), None, "{damaged:?}");
        }
    }
}
