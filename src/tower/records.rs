//! Responses as the records of stores: those of the npm package, in `js/src/http/stored.ts` and
//! `js/src/records/codec`. The length of a head in four bytes, the head as JSON, then the body as it
//! is. What is read there may be anything: it is checked before anybody sees it.

use super::cache::{Builder, StoreOptions};
use super::completing::is_cut;
use super::fields::{head_of, value_of};
use super::stored::{HttpValue, MOST_LISTS, StoredResponse, Terms, Variants};
use crate::driver::{Codec, StoreError, Stores};
use crate::http::head::Head;
use crate::http::stored_flags as flag;
use crate::http::stored_head::of_connection;
use crate::http::validators;
use crate::strategy::ttl::Lifetime;
use crate::time::{Span, Timestamp};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::{Map, Value, json};
use std::string::{String, ToString};
use std::sync::Arc;
use std::vec::Vec;

/// Marks records made by this codec.
const RESPONSE_CODEC: u8 = 2;
/// The most bytes of a head as JSON.
const MOST_HEAD: usize = 1024 * 1024;
/// The most of each thing in a head.
const MOST_LINES: usize = 4096;
const MOST_GROUPS: usize = 1024;
/// The longest name of a URL's variants.
const LONGEST_ID: usize = 64;
/// The whole numbers that JavaScript has.
const MOST_NUMBER: u64 = (1 << 53) - 1;

/// Opens the stores of a cache of responses.
pub(super) fn open(builder: Builder, options: StoreOptions) -> Builder {
    let mut stores = Stores::new(Responses, |key: &Arc<str>| key.to_string());
    for store in options.all {
        stores = stores.store(store);
    }
    stores = stores.namespace(options.namespace);
    if let Some(deadline) = options.deadline {
        stores = stores.store_timeout(deadline);
    }
    if let Some(most) = options.max_record {
        stores = stores.max_record(most);
    }
    if let Some(report) = options.report {
        stores = stores.on_failure(report);
    }
    builder.stores(stores)
}

/// The codec of responses, and of records that say where they are.
struct Responses;

impl Codec<HttpValue> for Responses {
    fn id(&self) -> u8 {
        RESPONSE_CODEC
    }

    fn encode(&self, value: &HttpValue) -> Result<Vec<u8>, StoreError> {
        match value {
            HttpValue::Response(response) => encoded(response),
            HttpValue::Variants(record) => {
                let head = json!({ "variants": &*record.id, "lists": record.lists });
                joined(&head, &[])
            }
            HttpValue::Unshared(_) => Err(StoreError::new("it is for one request alone")),
        }
    }

    fn decode(&self, bytes: &[u8]) -> Result<HttpValue, StoreError> {
        let (head, body) = split(bytes)?;
        let head: Value = serde_json::from_slice(head).map_err(StoreError::unreadable)?;
        let read = match head.get("variants") {
            Some(id) => variants(id, &head, body).map(|record| HttpValue::Variants(record.into())),
            None => response(&head, body).map(|whole| HttpValue::Response(whole.into())),
        };
        read.ok_or_else(|| StoreError::unreadable("the head of a response is damaged"))
    }
}

fn joined(head: &Value, body: &[u8]) -> Result<Vec<u8>, StoreError> {
    let head = serde_json::to_vec(head).map_err(StoreError::new)?;
    if head.len() > MOST_HEAD {
        return Err(StoreError::new("the head of a response is too long"));
    }
    let length = u32::try_from(head.len()).map_err(StoreError::new)?;
    let mut bytes = Vec::with_capacity(4 + head.len() + body.len());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(body);
    Ok(bytes)
}

fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), StoreError> {
    let whole = || {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        (length <= MOST_HEAD).then(|| rest.split_at_checked(length))?
    };
    whole().ok_or_else(|| StoreError::unreadable("a head is cut, or too long"))
}

/// True for a status whose responses have no body.
const fn is_bodiless(status: StatusCode) -> bool {
    matches!(status.as_u16(), 204 | 205 | 304)
}

const fn is_final(status: u16) -> bool {
    status >= 200 && status <= 599
}

fn encoded(response: &StoredResponse) -> Result<Vec<u8>, StoreError> {
    let StoredResponse {
        status,
        fields,
        body,
        terms,
        ..
    } = response;
    let has_body = !is_bodiless(*status);
    if !is_final(status.as_u16()) || (!has_body && !body.is_empty()) {
        return Err(StoreError::new("no other cache could read such a response"));
    }
    let lines: Vec<[String; 2]> = fields
        .iter()
        .map(|(name, value)| {
            let value = value.as_bytes().iter().map(|&byte| char::from(byte));
            [name.as_str().to_string(), value.collect()]
        })
        .collect();
    let head = json!({
        "head": {
            "status": status.as_u16(),
            "statusText": status.canonical_reason().unwrap_or_default(),
            "url": "",
            "headers": lines,
        },
        "terms": terms_out(terms, &head_of(fields), *status),
        "hasBody": has_body,
    });
    joined(&head, body)
}

fn terms_out(terms: &Terms, head: &str, status: StatusCode) -> Value {
    let flags = [
        (terms.validate, flag::VALIDATE),
        (terms.never_stale, flag::NEVER_STALE),
        (terms.immutable, flag::IMMUTABLE),
        (
            !validators::conditions(Head::new(head)).is_empty(),
            flag::VALIDATOR,
        ),
        (Head::new(head).has("set-cookie"), flag::SET_COOKIE),
        (terms.authorized, flag::AUTHORIZED),
        (status.is_redirection(), flag::REDIRECTS),
    ];
    let flags = flags.iter().filter(|(is_set, _)| *is_set);
    let flags: u32 = flags.map(|(_, flag)| flag).sum();
    let millis = |span: Span| span.as_millis().min(MOST_NUMBER);
    let mut out = json!({
        "flags": flags,
        "initialAge": millis(terms.initial_age),
        "requestedAt": terms.requested_at.as_millis().min(MOST_NUMBER),
        "vary": terms.vary,
        "selection": terms.selection,
        "authorized": terms.authorized,
    });
    if !terms.overdue.is_zero() {
        out["overdue"] = json!(millis(terms.overdue));
    }
    if !terms.groups.is_empty() {
        out["groups"] = json!(terms.groups);
    }
    if terms.decoded {
        out["decoded"] = json!(true);
    }
    out
}

/// The record of a URL's variants; `None` where it is damaged.
fn variants(id: &Value, head: &Value, body: &[u8]) -> Option<Variants> {
    let id = id.as_str()?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    let is_good = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(is_name);
    let lists = texts(head.get("lists")?, MOST_LISTS)?;
    if !is_good || !body.is_empty() || !lists.iter().all(|list| is_line(list)) {
        return None;
    }
    Some(Variants {
        id: Arc::from(id),
        lists,
        // Its entry has it.
        lifetime: Lifetime::NONE,
    })
}

/// A response; `None` where it is damaged, or would be another one here.
fn response(record: &Value, body: &[u8]) -> Option<StoredResponse> {
    let (head, terms) = (record.get("head")?, record.get("terms")?.as_object()?);
    let status = u16::try_from(head.get("status")?.as_u64()?).ok()?;
    let status = StatusCode::from_u16(status)
        .ok()
        .filter(|_| is_final(status))?;
    let has_body = record.get("hasBody")?.as_bool()?;
    let fields = fields_in(head.get("headers")?)?;
    let text = head_of(&fields);
    let ends_here = of_connection(Head::new(&text));
    let has_strays = ends_here.iter().any(|name| fields.contains_key(name));
    let is_whole = (has_body && !is_bodiless(status)) || body.is_empty();
    let body = Bytes::copy_from_slice(body);
    if has_strays || !is_whole || is_cut(status, &fields, &body) {
        return None;
    }
    Some(StoredResponse {
        status,
        fields,
        body,
        terms: terms_in(terms)?,
        lifetime: Lifetime::NONE,
        is_storable: true,
        shareable: true,
        failed: status.is_server_error(),
    })
}

fn fields_in(lines: &Value) -> Option<HeaderMap> {
    let lines = lines.as_array().filter(|lines| lines.len() <= MOST_LINES)?;
    let mut fields = HeaderMap::new();
    for line in lines {
        let [name, value] = line.as_array()?.as_slice() else {
            return None;
        };
        let name = HeaderName::from_bytes(name.as_str()?.as_bytes()).ok()?;
        fields.append(name, value_of(value.as_str()?)?);
    }
    Some(fields)
}

fn terms_in(terms: &Map<String, Value>) -> Option<Terms> {
    let flags = terms.get("flags")?.as_u64()?;
    let has = |flag: u32| flags & u64::from(flag) != 0;
    let text = |name: &str| Some(terms.get(name)?.as_str()?.to_string());
    let is_true = |name: &str| match terms.get(name) {
        None => Some(false),
        Some(value) => value.as_bool(),
    };
    // One that was stored for requests of a redirect mode: handlers have none.
    if terms.contains_key("redirect") {
        return None;
    }
    let groups = match terms.get("groups") {
        None => Vec::new(),
        Some(groups) => texts(groups, MOST_GROUPS)?,
    };
    Some(Terms {
        initial_age: Span::from_millis(amount(terms.get("initialAge")?)?),
        overdue: match terms.get("overdue") {
            None => Span::ZERO,
            Some(overdue) => Span::from_millis(amount(overdue)?),
        },
        requested_at: Timestamp::from_millis(amount(terms.get("requestedAt")?)?),
        vary: text("vary").filter(|vary| is_line(vary))?,
        selection: text("selection")?,
        validate: has(flag::VALIDATE),
        never_stale: has(flag::NEVER_STALE),
        immutable: has(flag::IMMUTABLE),
        authorized: terms.get("authorized")?.as_bool()?,
        decoded: is_true("decoded")?,
        groups,
    })
}

/// Whole milliseconds, rounded up: a response is never younger than it says.
fn amount(value: &Value) -> Option<u64> {
    if let Some(whole) = value.as_u64() {
        return Some(whole);
    }
    let broken = value.as_f64().filter(|broken| *broken >= 0.0)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is not negative, and saturates"
    )]
    Some(broken.ceil() as u64)
}

fn texts(list: &Value, most: usize) -> Option<Vec<String>> {
    let list = list.as_array().filter(|list| list.len() <= most)?;
    let texts = list.iter().map(|text| text.as_str().map(String::from));
    texts.collect()
}

/// True for text that stays on its line.
fn is_line(text: &str) -> bool {
    !text.contains(['\r', '\n', '\0'])
}
