//! The fields that are stored, and their update by a validation (RFC 9111 §3.1, §3.2).

use super::cache_control::{Scope, withheld_fields};
use super::head::{FieldNames, Head};
use super::text::push;
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
/// (§3.2). A stored `ETag`, which names these bytes, is the fifth.
const OF_THE_BYTES: [&str; 4] = [
    "content-encoding",
    "content-length",
    "content-md5",
    "content-range",
];

/// Fields that tell the age of the head they came in, not of another.
const OF_THE_EXCHANGE: [&str; 2] = ["age", "date"];

/// Adds the fields that end with this exchange: those of a connection, named by it or always.
#[inline(never)]
fn add_hop_by_hop<'a>(head: Head<'a>, names: &mut FieldNames<'a>) {
    for value in head.values("connection") {
        names.add_list(value);
    }
    add_all(&HOP_BY_HOP, names);
}

fn add_all(all: &[&'static str], names: &mut FieldNames<'_>) {
    for name in all {
        names.add(name);
    }
}

/// The names of the fields that end with an exchange.
#[must_use]
pub fn of_connection(head: Head<'_>) -> FieldNames<'_> {
    let mut names = FieldNames::default();
    add_hop_by_hop(head, &mut names);
    names.sorted()
}

/// Writes the fields of `head` that are not `left_out`.
#[inline(never)]
fn write_without(head: Head<'_>, left_out: &FieldNames<'_>, into: &mut String) {
    for field in head.fields() {
        if !left_out.contains(field.name) {
            field.write(into);
        }
    }
}

/// The fields that set cookies: those who made the request get them, and nobody after them.
const COOKIES: [&str; 2] = ["set-cookie", "set-cookie2"];

/// The changes to a head that its bytes and its time ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stamp<'a> {
    /// True if its bytes were decoded.
    pub decoded: bool,
    /// True if the host encodes them again when it sends them.
    pub encodes_again: bool,
    /// The time when it was made, for one that has no `Date` (RFC 9110 §6.6.1); empty for none.
    pub date: &'a str,
}

/// The head to store: without fields of the connection, without those that `no-cache="…"` and
/// `private="…"` withhold from caches in `scope` (§3.1), and in shared caches without `Set-Cookie`
/// unless the scope keeps it.
#[must_use]
pub fn to_store(response: Head<'_>, scope: Scope<'_>, stamp: Stamp<'_>) -> String {
    let mut left_out = FieldNames::default();
    if stamp.decoded {
        left_out.add("content-length");
        if !stamp.encodes_again {
            left_out.add("content-encoding");
        }
    }
    add_hop_by_hop(response, &mut left_out);
    withheld_fields(response, scope, &mut left_out);
    if scope.shared && !scope.keeps_set_cookie {
        add_all(&COOKIES, &mut left_out);
    }
    let mut stored = String::new();
    write_without(response, &left_out.sorted(), &mut stored);
    if !stamp.date.is_empty() && !Head::new(&stored).has("date") {
        push(&mut stored, &["date: ", stamp.date, "\n"]);
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
    add_all(&OF_THE_BYTES, &mut ignored);
    if stored.has("etag") {
        ignored.add("etag");
    }
    let mut accepted = String::new();
    write_without(newer, &ignored.sorted(), &mut accepted);
    let mut replaced = FieldNames::default();
    add_all(&OF_THE_EXCHANGE, &mut replaced);
    for field in Head::new(&accepted).fields() {
        replaced.add(field.name);
    }
    let mut head = String::new();
    write_without(stored, &replaced.sorted(), &mut head);
    push(&mut head, &[&accepted]);
    head
}

/// The head of a 304 made from a stored one: without what describes bytes that are not sent
/// (RFC 9110 §15.4.5).
#[must_use]
pub fn of_not_modified(stored: Head<'_>) -> String {
    let mut left_out = FieldNames::default();
    add_all(&OF_THE_BYTES, &mut left_out);
    left_out.add("content-type");
    let mut head = String::new();
    write_without(stored, &left_out.sorted(), &mut head);
    head
}

#[cfg(test)]
#[path = "stored_head_tests.rs"]
mod tests;
