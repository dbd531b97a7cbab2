//! Bloom filters across the boundary. They belong to no machine: policies of several caches may
//! ask one filter. A number that means nothing knows nothing, and so calls nothing absent.

use alloc::vec::Vec;
use holdover::guard::bloom::Bloom;
use spin::{Mutex, MutexGuard};
use wasm_bindgen::prelude::wasm_bindgen;

static FILTERS: Mutex<Vec<Option<Bloom>>> = Mutex::new(Vec::new());

/// After a trap in the middle of a call they stay locked: whoever asks then traps, too.
fn filters() -> MutexGuard<'static, Vec<Option<Bloom>>> {
    FILTERS.try_lock().expect("no call under way")
}

fn with<R>(filter: u32, use_it: impl FnOnce(&mut Bloom) -> R) -> Option<R> {
    let mut filters = filters();
    let bloom = filters.get_mut(filter as usize).and_then(Option::as_mut);
    bloom.map(use_it)
}

/// Opens an empty filter; gives its number, −1 for options that are refused.
#[wasm_bindgen]
#[must_use]
pub fn open_bloom(capacity: u32, false_positive_rate: f64) -> i32 {
    let Ok(bloom) = Bloom::new(capacity, false_positive_rate) else {
        return -1;
    };
    let mut filters = filters();
    if let Some(free) = filters.iter().position(Option::is_none) {
        filters[free] = Some(bloom);
        return free as i32;
    }
    filters.push(Some(bloom));
    filters.len() as i32 - 1
}

/// Closes a filter and frees what it held.
#[wasm_bindgen]
pub fn close_bloom(filter: u32) {
    if let Some(place) = filters().get_mut(filter as usize) {
        *place = None;
    }
}

/// The number of its bits, and of those that each key sets.
#[wasm_bindgen]
#[must_use]
pub fn bloom_size(filter: u32) -> Vec<u32> {
    with(filter, |bloom| Vec::from([bloom.bits(), bloom.hashes()])).unwrap_or_default()
}

/// Adds a key.
#[wasm_bindgen]
pub fn add_to_bloom(filter: u32, key: &[u8]) {
    with(filter, |bloom| bloom.add(key));
}

/// True if a key may have been added.
#[wasm_bindgen]
#[must_use]
pub fn bloom_may_have(filter: u32, key: &[u8]) -> bool {
    with(filter, |bloom| bloom.may_have(key)).unwrap_or(true)
}

/// The filter as bytes with a checksum.
#[wasm_bindgen]
#[must_use]
pub fn save_bloom(filter: u32) -> Vec<u8> {
    with(filter, |bloom| bloom.to_bytes()).unwrap_or_default()
}

/// Adds what was saved; false, and nothing is added, when it is damaged or was made for other
/// options.
#[wasm_bindgen]
#[must_use]
pub fn merge_bloom(filter: u32, saved: &[u8]) -> bool {
    let saved = Bloom::from_bytes(saved);
    saved.is_some_and(|saved| with(filter, |bloom| bloom.merge(&saved)).unwrap_or(false))
}
