//! Stored records across the boundary.

use super::tags::tags_in;
use super::{arrival, span_out, time_in};
use crate::record::{Header, Tagged, decode, encode};
use alloc::vec::Vec;
use wasm_bindgen::prelude::wasm_bindgen;

/// Writes a record: a header and `value` behind it. `began` is when its load did, for `tags`.
#[wasm_bindgen]
#[must_use]
#[expect(clippy::too_many_arguments, reason = "numbers cross one by one")]
pub fn encode_record(
    value: &[u8],
    codec: u8,
    stored_at: f64,
    ttl: f64,
    stale_while_revalidate: f64,
    stale_if_error: f64,
    retained: f64,
    began: f64,
    tags: &[f64],
) -> Vec<u8> {
    let header = Header {
        codec,
        stored_at: time_in(stored_at),
        lifetime: arrival(ttl, stale_while_revalidate, stale_if_error, retained, 0.0).lifetime,
        load_cost: 0,
        tagged: (!tags.is_empty()).then(|| Tagged {
            began: time_in(began),
            tags: tags_in(tags),
        }),
    };
    encode(&header, value)
}

/// Reads a record: codec, when it was stored, the three windows, where the value begins, how long it
/// is retained, and for a tagged entry when its load began and its tags. Empty when it cannot be
/// read.
#[wasm_bindgen]
#[must_use]
pub fn decode_record(record: &[u8]) -> Vec<f64> {
    let Some((header, value_at)) = decode(record) else {
        return Vec::new();
    };
    let mut fields = Vec::from([
        f64::from(header.codec),
        header.stored_at.as_millis() as f64,
        span_out(header.lifetime.ttl),
        span_out(header.lifetime.stale_while_revalidate),
        span_out(header.lifetime.stale_if_error),
        value_at as f64,
        span_out(header.lifetime.retained),
    ]);
    if let Some(Tagged { began, tags }) = header.tagged {
        fields.push(began.as_millis() as f64);
        fields.extend(tags.iter().map(|&tag| tag as f64));
    }
    fields
}
