//! Responses made of stored ones: whole, in part, without a body, or none at all (304).

use super::asked::Asked;
use super::body::Body;
use super::fields::{fields_of, value_of};
use super::stored::StoredResponse;
use crate::http::head::Head;
use crate::http::precondition::is_not_modified;
use crate::http::range::{ByteRange, Extent, Parts, select};
use crate::http::status::Status;
use crate::http::stored_head::of_not_modified;
use crate::time::Span;
use bytes::{BufMut, Bytes, BytesMut};
use http::header::{AGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use std::format;
use std::string::String;

/// The response to a request. `age`: since it was stored; `None` when it has just come from the
/// origin.
pub(super) fn answer_of(
    asked: &Asked,
    stored: &StoredResponse,
    age: Option<Span>,
) -> Response<Body> {
    let mut response = if asked.plan.takes_whole() {
        whole(stored)
    } else {
        chosen(asked, stored)
    };
    if let Some(age) = age {
        let seconds = (stored.terms.initial_age + age).as_millis() / 1000;
        response
            .headers_mut()
            .insert(AGE, HeaderValue::from(seconds));
    }
    response
}

fn made(status: StatusCode, fields: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    response
}

fn whole(stored: &StoredResponse) -> Response<Body> {
    made(
        stored.status,
        stored.fields.clone(),
        Body::full(stored.body.clone()),
    )
}

fn chosen(asked: &Asked, stored: &StoredResponse) -> Response<Body> {
    let head = stored.head();
    let (request, known) = (asked.head(), Head::new(&head));
    let status = Status(stored.status.as_u16());
    let received_at = stored.terms.requested_at;
    if asked.plan.is_conditional && is_not_modified(request, status, known, received_at) {
        let fields = fields_of(&of_not_modified(known));
        return made(StatusCode::NOT_MODIFIED, fields, Body::default());
    }
    if asked.plan.is_head {
        return without_body(stored);
    }
    let length = stored.body.len() as u64;
    let extent = Extent::of(status, known, length).filter(|_| asked.plan.wants_range);
    let Some(extent) = extent else {
        return whole(stored);
    };
    match select(request, known, &extent) {
        Parts::Whole => whole(stored),
        Parts::Unsatisfiable => unsatisfiable(stored, &extent),
        Parts::Ranges(ranges) => match ranges.as_slice() {
            [] => whole(stored),
            [range] => part(stored, *range, &extent),
            many => parts(stored, many, &extent),
        },
    }
}

/// The response to HEAD, with the fields of the response to GET (RFC 9110 §8.6).
fn without_body(stored: &StoredResponse) -> Response<Body> {
    let mut fields = stored.fields.clone();
    let has_body = !matches!(stored.status.as_u16(), 100..=199 | 204 | 304);
    if has_body {
        fields.insert(CONTENT_LENGTH, HeaderValue::from(stored.body.len()));
    }
    made(stored.status, fields, Body::default())
}

fn unsatisfiable(stored: &StoredResponse, extent: &Extent) -> Response<Body> {
    let mut fields = HeaderMap::new();
    for (name, value) in &stored.fields {
        if !name.as_str().starts_with("content-") {
            fields.append(name, value.clone());
        }
    }
    set(
        &mut fields,
        &CONTENT_RANGE,
        &format!("bytes */{}", total(extent)),
    );
    made(StatusCode::RANGE_NOT_SATISFIABLE, fields, Body::default())
}

fn total(extent: &Extent) -> String {
    extent
        .total
        .map_or(String::from("*"), |total| format!("{total}"))
}

fn content_range(range: ByteRange, extent: &Extent) -> String {
    format!("bytes {}-{}/{}", range.first, range.last, total(extent))
}

fn set(fields: &mut HeaderMap, name: &http::HeaderName, value: &str) {
    if let Some(value) = value_of(value) {
        fields.insert(name, value);
    }
}

/// The bytes of a range, which are in the stored body.
fn bytes_of(stored: &StoredResponse, range: ByteRange, extent: &Extent) -> Bytes {
    let at = |position: u64| usize::try_from(position.saturating_sub(extent.first));
    let length = stored.body.len();
    let first = at(range.first).unwrap_or(length).min(length);
    let end = at(range.last).map_or(length, |last| last.saturating_add(1).min(length));
    stored.body.slice(first..end.max(first))
}

/// The response with one of its ranges.
fn part(stored: &StoredResponse, range: ByteRange, extent: &Extent) -> Response<Body> {
    let mut fields = stored.fields.clone();
    set(&mut fields, &CONTENT_RANGE, &content_range(range, extent));
    partial(bytes_of(stored, range, extent), fields)
}

fn partial(bytes: Bytes, mut fields: HeaderMap) -> Response<Body> {
    fields.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    made(StatusCode::PARTIAL_CONTENT, fields, Body::full(bytes))
}

/// `multipart/byteranges` (RFC 9110 §14.6).
fn parts(stored: &StoredResponse, ranges: &[ByteRange], extent: &Extent) -> Response<Body> {
    let mut fields = stored.fields.clone();
    let boundary = boundary_for(&stored.body);
    let mut body = BytesMut::new();
    for &range in ranges {
        body.put_slice(format!("\r\n--{boundary}\r\n").as_bytes());
        if let Some(media_type) = fields.get(CONTENT_TYPE) {
            body.put_slice(b"content-type: ");
            body.put_slice(media_type.as_bytes());
            body.put_slice(b"\r\n");
        }
        let line = format!("content-range: {}\r\n\r\n", content_range(range, extent));
        body.put_slice(line.as_bytes());
        body.put_slice(&bytes_of(stored, range, extent));
    }
    body.put_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let media_type = format!("multipart/byteranges; boundary={boundary}");
    set(&mut fields, &CONTENT_TYPE, &media_type);
    partial(body.freeze(), fields)
}

/// A boundary that the body does not have in it, which is looked up.
fn boundary_for(body: &Bytes) -> String {
    let mut nth = 0_u32;
    loop {
        let boundary = format!("holdover-{:x}-{nth}", body.len());
        let mut windows = body.windows(boundary.len());
        if !windows.any(|window| window == boundary.as_bytes()) {
            return boundary;
        }
        nth += 1;
    }
}
