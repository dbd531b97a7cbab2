//! A Worker's function that asks an origin: bare, and cached. `cargo xtask size rust` compares the
//! modules.

#![cfg(target_arch = "wasm32")]

#[cfg(feature = "cached")]
mod cached;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "origin")]
extern "C" {
    fn origin(item: &str) -> js_sys::Promise;
}

async fn load(item: &str) -> Result<String, String> {
    let told = JsFuture::from(origin(item)).await;
    let told = told.map_err(|error| error.as_string().unwrap_or_default())?;
    told.as_string().ok_or_else(|| "no text".to_owned())
}

/// Answers a request.
///
/// # Errors
/// The origin's.
#[wasm_bindgen]
pub async fn answer(item: String) -> Result<String, JsValue> {
    #[cfg(feature = "cached")]
    let answered = cached::load(&item).await;
    #[cfg(not(feature = "cached"))]
    let answered = load(&item).await;
    answered.map_err(|error| JsValue::from_str(&error))
}
