//! The rules of an HTTP cache, as pure functions over heads: storing, freshness, reuse, validation,
//! update and invalidation.
//!
//! The host keeps the bodies and asks. Names of fields and methods are those of the standards:
//! RFC 9110 (HTTP semantics), 9111 (caching), 5861 (stale windows), 8246 (`immutable`), 9211
//! (`Cache-Status`), 9213 (targeted fields), 9875 (cache groups).
//!
//! ```
//! use holdover::http::age::Exchange;
//! use holdover::http::cache_control::Scope;
//! use holdover::http::head::Head;
//! use holdover::http::status::Status;
//! use holdover::http::storing::{Answer, Storing, judge};
//! use holdover::time::{Span, Timestamp};
//!
//! let now = Timestamp::from_millis(784_111_777_000);
//! let answer = Answer {
//!     method: "GET",
//!     request: Head::new("accept: */*\n"),
//!     status: Status(200),
//!     response: Head::new("cache-control: max-age=60, s-maxage=600\nage: 30\n"),
//!     exchange: Exchange { requested_at: now, received_at: now },
//! };
//! let verdict = judge(&answer, Scope {
//!     shared: true,
//!     targets: "cdn-cache-control",
//!     ..Scope::default()
//! });
//! assert_eq!(verdict.storing, Storing::Allowed);
//! assert_eq!(verdict.lifetime, Some(Span::from_secs(600)));
//! assert_eq!(verdict.initial_age, Span::from_secs(30));
//! ```
//!
//! Every function takes time in proportion to the text it is given (sorting names: times a
//! logarithm), whatever the text, and none fails: what cannot be read is read carefully.

pub mod age;
pub mod body;
pub mod cache_control;
pub mod cache_status;
pub mod date;
pub mod directive;
pub mod freshness;
pub mod groups;
pub mod handling;
pub mod head;
pub mod invalidation;
pub mod list;
pub mod precondition;
mod preference;
pub mod range;
pub mod renewal;
pub mod request;
pub mod response;
pub mod sharing;
pub mod status;
pub mod stored_flags;
pub mod stored_head;
pub mod storing;
pub mod structured;
mod targeted;
pub mod terms;
pub mod text;
pub mod validators;
pub mod vary;
