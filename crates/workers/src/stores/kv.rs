//! A store in Workers KV: the records of the npm package's `kv`, under the same names.

use super::{Client, binding, bytes_of, client, object, sent, sha256};
use holdover::ConfigError;
use holdover::driver::{SetOptions, Store, StoreError, StoreFuture};
use holdover::time::Span;
use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

/// The platform's limit for keys, in bytes.
const KEY_BYTES: usize = 512;
/// `~` and 64 hexadecimal digits.
const HASH_BYTES: usize = 65;
/// In seconds: the platform refuses a shorter life. The record itself has its exact end.
const SHORTEST_LIFE: u64 = 60;
/// In seconds: longer than any cache lives, and well within the platform's range.
const LONGEST_LIFE: u64 = 10 * 365 * 86_400;
/// In seconds: the time for which a location may go on giving a value that it has read.
const LAG: u64 = 60;
/// The prefix of all keys: KV refuses an empty key, `.` and `..`.
const MARK: char = '/';
const ALLOWED: &str = "a binding of Workers KV";

/// A store in Workers KV. Writes are seen elsewhere up to a minute later.
///
/// KV takes one write a second for each key and refuses more with status 429. A refused write counts
/// as done: another one of the same key has just been made. Keys above 511 bytes end in a hash.
#[derive(Debug)]
pub struct Kv {
    client: Client,
    cache_ttl: Option<u32>,
}

impl Kv {
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
    /// If it is no namespace of KV.
    pub fn new(namespace: &JsValue) -> Result<Self, ConfigError> {
        let methods = ["get", "put", "delete", "list"];
        Ok(Self {
            client: client(namespace, &methods, "namespace", ALLOWED)?,
            cache_ttl: None,
        })
    }

    /// The time for which a location may go on returning a value that it has read, or a miss.
    /// Default: the platform's, 60 s.
    ///
    /// # Errors
    /// Below 30 s, which the platform refuses.
    pub fn cache_ttl(mut self, ttl: impl Into<Span>) -> Result<Self, ConfigError> {
        let seconds = u32::try_from(ttl.into().as_millis() / 1000).ok();
        let seconds = seconds.filter(|seconds| *seconds >= 30);
        let allowed = "a time from 30 s on";
        self.cache_ttl = Some(seconds.ok_or(ConfigError::of("cache_ttl", allowed))?);
        Ok(self)
    }

    /// The names of all keys that begin with a prefix, as KV has them.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let asked = format!("{MARK}{prefix}");
        let mut names = Vec::new();
        // No key can have such a prefix.
        if asked.len() > KEY_BYTES {
            return Ok(names);
        }
        let mut cursor = JsValue::UNDEFINED;
        loop {
            let options = object(&[("prefix", asked.as_str().into()), ("cursor", cursor)])?;
            let page = self.client.call("list", &[options]).await?;
            let part = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).ok();
            let keys = part(&page, "keys").and_then(|keys| keys.dyn_into::<Array>().ok());
            let keys = keys.ok_or_else(|| StoreError::new("list gave no keys"))?;
            let text = |key: JsValue| part(&key, "name")?.as_string();
            names.extend(keys.iter().filter_map(text));
            if part(&page, "list_complete").is_none_or(|is_last| is_last.is_truthy()) {
                return Ok(names);
            }
            cursor = part(&page, "cursor").unwrap_or_default();
        }
    }

    async fn delete_named(&self, name: &str) -> Result<(), StoreError> {
        not_refused(self.client.call("delete", &[name.into()]).await)
    }
}

impl Store for Kv {
    fn name(&self) -> &'static str {
        "kv"
    }

    fn lag(&self) -> Span {
        let seconds = self
            .cache_ttl
            .map_or(LAG, |seconds| LAG.max(seconds.into()));
        Span::from_secs(seconds)
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        sent(async move {
            let mut reading = vec![("type", "arrayBuffer".into())];
            reading.extend(self.cache_ttl.map(|seconds| ("cacheTtl", seconds.into())));
            let given = [name_of(key).await?.into(), object(&reading)?];
            bytes_of(&self.client.call("get", &given).await?)
        })
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> StoreFuture<'a, ()> {
        sent(async move {
            let seconds = options.expires_in.as_millis().div_ceil(1000);
            #[expect(clippy::cast_precision_loss, reason = "ten years at most")]
            let life = match seconds {
                LONGEST_LIFE.. => object(&[])?,
                seconds => {
                    object(&[("expirationTtl", (seconds.max(SHORTEST_LIFE) as f64).into())])?
                }
            };
            let name = name_of(key).await?;
            let given = [name.into(), Uint8Array::from(record).into(), life];
            not_refused(self.client.call("put", &given).await)
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        sent(async move { self.delete_named(&name_of(key).await?).await })
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, ()>> {
        Some(sent(async move {
            for name in self.list(prefix).await? {
                self.delete_named(&name).await?;
            }
            Ok(())
        }))
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, Vec<String>>> {
        Some(sent(async move {
            let names = self.list(prefix).await?.into_iter();
            // A name that ends in a hash does not fit unshortened.
            let whole = names.filter(|name| fits(name));
            Ok(whole
                .map(|name| name[MARK.len_utf8()..].to_owned())
                .collect())
        }))
    }
}

/// A write that KV refuses for its rate was made a moment ago.
fn not_refused(written: Result<JsValue, StoreError>) -> Result<(), StoreError> {
    match written {
        Err(error) if !error.to_string().contains("429") => Err(error),
        _ => Ok(()),
    }
}

/// The name of a key: as it is if it fits, else as much as fits, `~` and its SHA-256.
async fn name_of(key: &str) -> Result<String, StoreError> {
    let name = format!("{MARK}{key}");
    if fits(&name) {
        return Ok(name);
    }
    let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let readable = beginning(&name, KEY_BYTES - HASH_BYTES);
    Ok(format!("{readable}~{}", sha256(&units).await?))
}

/// True for a name that KV takes, and that does not look shortened already.
fn fits(name: &str) -> bool {
    let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let looks_hashed = name
        .as_bytes()
        .split_last_chunk::<HASH_BYTES>()
        .is_some_and(|(_, [mark, digits @ ..])| *mark == b'~' && digits.iter().all(is_hex));
    name.len() <= KEY_BYTES && !looks_hashed
}

/// As many whole characters as fit.
fn beginning(name: &str, room: usize) -> &str {
    let mut end = room.min(name.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_too_long_or_look_shortened_do_not_fit() {
        assert!(fits(&"k".repeat(512)));
        assert!(!fits(&"k".repeat(513)));
        assert!(!fits(&"é".repeat(257)));
        assert!(!fits(&format!("/a~{}", "0f".repeat(32))));
        assert!(fits(&format!("/a~{}", "0F".repeat(32))));
        assert_eq!(beginning("aé", 2), "a");
    }
}
