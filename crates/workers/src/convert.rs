//! Values of Rust from objects of JavaScript, and back.
//!
//! It adds 19 KB (gzip) to a module, and is no faster than text of JSON: for what comes as an object
//! and has to leave as one.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;

/// Makes a value of an object.
///
/// # Errors
/// If it does not have the value's shape.
pub fn from_js<T: DeserializeOwned>(object: JsValue) -> Result<T, serde_wasm_bindgen::Error> {
    serde_wasm_bindgen::from_value(object)
}

/// Makes an object of a value, as `JSON.parse` would: maps are plain objects.
///
/// # Errors
/// If a part of it has no place in such an object.
pub fn to_js<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, serde_wasm_bindgen::Error> {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible())
}
