//! Parts of a stored response (RFC 9110 §14, §13.1.5; RFC 9111 §3.3).

use super::age;
use super::freshness::last_modified;
use super::head::Head;
use super::list::Parts as ListParts;
use super::status::Status;
use super::text::{cut, decimal, is_same};
use super::validators::EntityTag;
use crate::time::{Span, Timestamp};
use alloc::vec::Vec;

/// The most ranges that are answered one by one; of more, none is (RFC 9110 §14.2, §17.15).
pub const MAX_RANGES: usize = 16;

/// Positions of bytes in the whole representation, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte.
    pub first: u64,
    /// The last byte.
    pub last: u64,
}

/// The part of the whole representation that a stored body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Position of its first byte.
    pub first: u64,
    /// Its length in bytes.
    pub length: u64,
    /// Length of the whole in bytes, if known.
    pub total: Option<u64>,
    /// True if it goes on to the end of the whole: then positions counted from the end of the whole
    /// are counted from its own end.
    pub reaches_end: bool,
}

impl Extent {
    /// A complete body.
    #[must_use]
    pub const fn complete(length: u64) -> Self {
        Self {
            first: 0,
            length,
            total: Some(length),
            reaches_end: true,
        }
    }

    /// The extent of a stored response: all, or for a 206 the range in `Content-Range` (§14.4).
    /// `None` when that is one of several parts, or cannot be read.
    #[must_use]
    pub fn of(status: Status, stored: Head<'_>, length: u64) -> Option<Self> {
        if status != Status::PARTIAL_CONTENT {
            return (status == Status(200)).then_some(Self::complete(length));
        }
        let (unit, range) = cut(stored.only("content-range")?, b' ');
        let (positions, total) = cut(range?, b'/');
        let (first, last) = cut(positions, b'-');
        let (first, last, total) = (decimal(first)?, decimal(last?)?, total?);
        let total = if total == "*" {
            None
        } else {
            Some(decimal(total)?)
        };
        let fits = first <= last && total.is_none_or(|total| last < total);
        let is_usable = is_same(unit, "bytes") && fits;
        is_usable.then(|| Self {
            first,
            length: length.min((last - first).saturating_add(1)),
            total,
            reaches_end: total == last.checked_add(1),
        })
    }

    const fn end(&self) -> u64 {
        self.first.saturating_add(self.length)
    }
}

/// The answer to a request for parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parts {
    /// No range applies: the whole is the answer (a stored part is none, then).
    Whole,
    /// 206 with these parts, in the order in which they were asked for.
    Ranges(Vec<ByteRange>),
    /// 416: the whole has none of these.
    Unsatisfiable,
}

/// True if the request asks for ranges of bytes; other units are as if they were not there.
#[must_use]
pub fn is_asked(request: Head<'_>) -> bool {
    ranges_of(request).is_some()
}

fn ranges_of(request: Head<'_>) -> Option<&str> {
    let (unit, ranges) = cut(request.only("range")?, b'=');
    ranges.filter(|_| is_same(unit, "bytes"))
}

/// Selects the parts of a stored response that answer a request, whose other preconditions were met
/// (§13.2.2).
///
/// Ranges that overlap are joined. More than [`MAX_RANGES`], or any that cannot be read, and the
/// whole is the answer.
#[must_use]
pub fn select(request: Head<'_>, stored: Head<'_>, extent: &Extent) -> Parts {
    let Some(ranges) = ranges_of(request).filter(|_| if_range_holds(request, stored)) else {
        return Parts::Whole;
    };
    let mut found = Vec::new();
    let mut asked = 0;
    for member in ListParts::new(ranges) {
        if member.is_empty() {
            continue;
        }
        asked += 1;
        match resolve(member, extent) {
            _ if asked > MAX_RANGES => return Parts::Whole,
            Resolved::Unreadable | Resolved::Elsewhere => return Parts::Whole,
            Resolved::Range(range) => join(&mut found, range),
            Resolved::Beyond => {}
        }
    }
    match (found.is_empty(), asked) {
        (false, _) => Parts::Ranges(found),
        (true, 0) => Parts::Whole,
        (true, _) => Parts::Unsatisfiable,
    }
}

/// Adds a range, together with those before it that it overlaps.
fn join(found: &mut Vec<ByteRange>, mut range: ByteRange) {
    let mut at = 0;
    while let Some(other) = found.get(at) {
        if other.last < range.first || range.last < other.first {
            at += 1;
        } else {
            range.first = range.first.min(other.first);
            range.last = range.last.max(other.last);
            found.remove(at);
        }
    }
    found.push(range);
}

/// One range of a request, resolved against a stored body.
enum Resolved {
    Range(ByteRange),
    /// Past the end of the whole.
    Beyond,
    /// Not, or not certainly, in the bytes that are stored.
    Elsewhere,
    Unreadable,
}

fn resolve(member: &str, extent: &Extent) -> Resolved {
    let (first, Some(last)) = cut(member, b'-') else {
        return Resolved::Unreadable;
    };
    match (decimal(first), decimal(last)) {
        (None, Some(suffix)) if first.is_empty() => resolve_suffix(suffix, extent),
        (Some(first), None) if last.is_empty() => within(first, u64::MAX, extent),
        (Some(first), Some(last)) if first <= last => within(first, last, extent),
        _ => Resolved::Unreadable,
    }
}

fn resolve_suffix(suffix: u64, extent: &Extent) -> Resolved {
    if suffix == 0 {
        return Resolved::Beyond;
    }
    if !extent.reaches_end {
        return Resolved::Elsewhere;
    }
    let end = extent.end();
    let first = end.saturating_sub(suffix);
    within(first, u64::MAX, extent)
}

#[inline(never)]
fn within(first: u64, last: u64, extent: &Extent) -> Resolved {
    if extent.total.is_some_and(|total| first >= total) {
        return Resolved::Beyond;
    }
    let end = extent.end();
    let is_cut = last >= end && !extent.reaches_end;
    if first < extent.first || first >= end || is_cut {
        return Resolved::Elsewhere;
    }
    Resolved::Range(ByteRange {
        first,
        last: last.min(end - 1),
    })
}

/// True if the stored response is the one that `If-Range` means; without it any is (§13.1.5).
/// Compared strongly: parts of two versions must never come together.
fn if_range_holds(request: Head<'_>, stored: Head<'_>) -> bool {
    if !request.has("if-range") {
        return true;
    }
    let Some(condition) = request.only("if-range") else {
        return false;
    };
    if condition.starts_with('"') {
        let tag = EntityTag::of(stored);
        return tag.is_some_and(|tag| tag.matches_strongly(&EntityTag::parse(condition)));
    }
    stored.only("last-modified") == Some(condition) && is_strong_date(stored)
}

/// A date names one version only when the response was sent at least a second after it
/// (RFC 9110 §8.8.2.2).
fn is_strong_date(stored: Head<'_>) -> bool {
    let now = Timestamp::ZERO;
    match (last_modified(stored, now), age::date(stored, now)) {
        (Some(changed), Some(sent)) => sent.since(changed) >= Span::from_secs(1),
        _ => false,
    }
}

#[cfg(test)]
#[path = "range_tests.rs"]
mod tests;
