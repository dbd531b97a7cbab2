//! Stored records across the boundary: heads, and checksums in pieces. Values stay outside, so that
//! a long one does not make the module's memory grow for ever.

use super::tags::versions_in;
use super::{arrival, span_out, time_in};
use alloc::vec::Vec;
use holdover::abi::HeadNumbers;
use holdover::record::{Checksum, Header, decode_head, encode_head, is_intact};
use holdover::tags::Versions;
use wasm_bindgen::prelude::wasm_bindgen;

/// Writes the head of a record, whose checksum is zero. `tags` are three numbers each: hash, hard
/// and soft version.
#[wasm_bindgen]
#[must_use]
pub fn encode_head_of(
    codec: u8,
    stored_at: f64,
    ttl: f64,
    stale_while_revalidate: f64,
    stale_if_error: f64,
    retained: f64,
    tags: &[f64],
) -> Vec<u8> {
    let tags = tags.chunks_exact(3);
    encode_head(&Header {
        codec,
        stored_at: time_in(stored_at),
        lifetime: arrival(ttl, stale_while_revalidate, stale_if_error, retained, 0.0).lifetime,
        load_cost: 0,
        tags: tags
            .map(|tag| (tag[0] as u64, versions_in(tag[1], tag[2])))
            .collect(),
    })
}

/// Reads the head of a record: [`HeadNumbers`], then hash, hard and soft version of each tag. Empty
/// when it cannot be read. `whole`: it is all there, and the checksum is looked at.
#[wasm_bindgen]
#[must_use]
pub fn decode_head_of(record: &[u8], whole: bool) -> Vec<f64> {
    let read = decode_head(record).filter(|_| !whole || is_intact(record));
    let Some((header, value_at)) = read else {
        return Vec::new();
    };
    let mut numbers = HeadNumbers {
        codec: f64::from(header.codec),
        stored_at: header.stored_at.as_millis() as f64,
        ttl: span_out(header.lifetime.ttl),
        stale_while_revalidate: span_out(header.lifetime.stale_while_revalidate),
        stale_if_error: span_out(header.lifetime.stale_if_error),
        value_at: value_at as f64,
        retained: span_out(header.lifetime.retained),
    }
    .write();
    for &(tag, Versions { hard, soft }) in &header.tags {
        numbers.extend([tag as f64, hard as f64, soft as f64]);
    }
    numbers
}

/// Continues a checksum; a negative one begins it.
#[wasm_bindgen]
#[must_use]
pub fn checksum(so_far: f64, bytes: &[u8]) -> u32 {
    let sum = if so_far < 0.0 {
        Checksum::default()
    } else {
        Checksum(so_far as u32)
    };
    sum.then(bytes).0
}
