//! Values as bytes.

use super::bounds::{MaybeSend, MaybeSync};
use super::store::StoreError;
use std::vec::Vec;

/// The way in which values become the bytes of records, and are read again.
pub trait Codec<V>: MaybeSend + MaybeSync + 'static {
    /// Marks its records. 1 is JSON, also of the npm package; up to 127 they are this package's,
    /// 128 to 254 for applications.
    fn id(&self) -> u8;

    /// The bytes of a value.
    ///
    /// # Errors
    /// If it cannot be stored.
    fn encode(&self, value: &V) -> Result<Vec<u8>, StoreError>;

    /// The value of bytes, which may be anything.
    ///
    /// # Errors
    /// If they are no value: a miss.
    fn decode(&self, bytes: &[u8]) -> Result<V, StoreError>;
}

/// Values as JSON: records that the npm package reads, and reads what it wrote.
///
/// `undefined` of JavaScript is read as `null`.
#[cfg(feature = "json")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

#[cfg(feature = "json")]
impl<V: serde::Serialize + serde::de::DeserializeOwned> Codec<V> for Json {
    fn id(&self) -> u8 {
        1
    }

    fn encode(&self, value: &V) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(value).map_err(StoreError::new)
    }

    fn decode(&self, bytes: &[u8]) -> Result<V, StoreError> {
        let text: &[u8] = if bytes.is_empty() { b"null" } else { bytes };
        serde_json::from_slice(text).map_err(StoreError::new)
    }
}

/// Values in the format of `postcard`: small and fast, for programs of Rust alone. Records of a
/// type whose fields have changed are misread as often as they are refused: give such a type a new
/// namespace.
#[cfg(feature = "postcard")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Postcard;

#[cfg(feature = "postcard")]
impl<V: serde::Serialize + serde::de::DeserializeOwned> Codec<V> for Postcard {
    fn id(&self) -> u8 {
        19
    }

    fn encode(&self, value: &V) -> Result<Vec<u8>, StoreError> {
        postcard::to_allocvec(value).map_err(StoreError::new)
    }

    fn decode(&self, bytes: &[u8]) -> Result<V, StoreError> {
        let (value, rest) = postcard::take_from_bytes(bytes).map_err(StoreError::new)?;
        if rest.is_empty() {
            Ok(value)
        } else {
            Err(StoreError::new("bytes are left behind the value"))
        }
    }
}
