//! Which fields are stored, and how a validation changes them (RFC 9111 §3.1, §3.2).

use super::cache_control::{Scope, withheld_fields};
use super::head::{FieldNames, Head};
use alloc::string::String;

/// Fields of one connection (RFC 9110 §7.6.1) and of proxies (RFC 9111 §3.1).
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Fields that say what the stored bytes are: a newer head must not change them without them
/// (§3.2). A stored `ETag` names these bytes, too.
const OF_THE_BYTES: [&str; 5] = [
    "content-encoding",
    "content-length",
    "content-md5",
    "content-range",
    "etag",
];

/// Fields that tell the age of the head they came in, not of another.
const OF_THE_EXCHANGE: [&str; 2] = ["age", "date"];

fn is_any_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Adds the fields that end with this exchange: those of a connection, named by it or always.
fn add_hop_by_hop<'a>(head: Head<'a>, names: &mut FieldNames<'a>) {
    for value in head.values("connection") {
        names.add_list(value);
    }
    for name in HOP_BY_HOP {
        names.add(name);
    }
}

/// The head to store: without fields of the connection and without those that `no-cache="…"` and
/// `private="…"` withhold from caches in `scope` (§3.1).
#[must_use]
pub fn to_store(response: Head<'_>, scope: Scope<'_>) -> String {
    let mut left_out = FieldNames::default();
    add_hop_by_hop(response, &mut left_out);
    withheld_fields(response, scope, &mut left_out);
    let left_out = left_out.sorted();
    let mut stored = String::new();
    for field in response.fields() {
        if !left_out.contains(field.name) {
            field.write(&mut stored);
        }
    }
    stored
}

/// The stored head with the fields of a newer one over it (§3.2): each field of the newer one
/// takes the place of all lines that the stored one had of it.
///
/// Fields of the connection do not count, those that describe the stored bytes stay, and `Age`
/// and `Date` of the stored head go, as they say nothing of the newer one.
#[must_use]
pub fn updated(stored: Head<'_>, newer: Head<'_>) -> String {
    let mut ignored = FieldNames::default();
    add_hop_by_hop(newer, &mut ignored);
    for name in OF_THE_BYTES {
        if name != "etag" || stored.has("etag") {
            ignored.add(name);
        }
    }
    let ignored = ignored.sorted();
    let mut replaced = FieldNames::default();
    for field in newer.fields() {
        if !ignored.contains(field.name) {
            replaced.add(field.name);
        }
    }
    for name in OF_THE_EXCHANGE {
        replaced.add(name);
    }
    let replaced = replaced.sorted();
    let mut head = String::new();
    for field in stored.fields() {
        if !replaced.contains(field.name) {
            field.write(&mut head);
        }
    }
    for field in newer.fields() {
        if !ignored.contains(field.name) {
            field.write(&mut head);
        }
    }
    head
}

/// The head of a 304 made from a stored one: without what describes bytes that are not sent
/// (RFC 9110 §15.4.5), except what names them.
#[must_use]
pub fn of_not_modified(stored: Head<'_>) -> String {
    let mut head = String::new();
    for field in stored.fields() {
        let describes = is_any_of(field.name, &OF_THE_BYTES) && !field.is("etag");
        if !describes && !field.is("content-type") {
            field.write(&mut head);
        }
    }
    head
}

#[cfg(test)]
#[path = "stored_head_tests.rs"]
mod tests;
