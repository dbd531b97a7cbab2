//! A cache of HTTP for [`tower`](tower_layer) services: in front of handlers, and around clients.
//!
//! Responses are kept by RFC 9111 and a [`ResponsePolicy`]: their own headers decide, the policy
//! fills in where they are silent. The decisions are those of [`crate::http`], which the npm package
//! makes, too.
//!
//! ```
//! use holdover::driver::testing::Virtual;
//! use holdover::tower::{Body, CacheLayer, HttpCache, ResponsePolicy};
//! use http::{Request, Response};
//! use std::convert::Infallible;
//! use std::time::Duration;
//! use tower_layer::Layer;
//! use tower_service::Service;
//!
//! # let host = Virtual::new();
//! let cache = HttpCache::builder(host.clone()).build(); // In a service: `Tokio`.
//! let policy = ResponsePolicy::new().stale_if_error(Duration::from_secs(86_400));
//! let layer = CacheLayer::shared(&cache, policy)?;
//! let mut service = layer.layer(tower::service_fn(async |_request: Request<Body>| {
//!     let response = Response::builder().header("cache-control", "max-age=60");
//!     Ok::<_, Infallible>(response.body(Body::from("hello")).unwrap())
//! }));
//! # host.run(async move {
//! for expected in ["holdover; fwd=uri-miss; fwd-status=200; stored", "holdover; hit; ttl=60"] {
//!     let request = Request::get("http://example.com/").body(Body::default()).unwrap();
//!     let response = service.call(request).await.unwrap();
//!     assert_eq!(response.headers()["cache-status"], expected);
//!     assert_eq!(response.into_body().bytes().await.unwrap(), "hello");
//! }
//! # });
//! # Ok::<(), holdover::ConfigError>(())
//! ```
//!
//! - A layer is for one origin: all services that it makes share entries, as axum makes one per
//!   route. Two layers over one [`HttpCache`] share nothing, but entries changed by a request to
//!   one of them are invalidated in all.
//! - The body of a response streams to the request that asked the origin, while it is recorded.
//!   Requests at the same time wait for the whole where they may have it, and ask the origin
//!   themselves where they may not. A body that breaks off is never stored, nor one over
//!   [`max_body`](ResponsePolicy::max_body).
//! - Below the memory may be stores, with feature `json`: see `HttpCacheBuilder::store`. Responses are
//!   kept there as the npm package keeps those of its `cachedHandler`.
//! - A client that goes away ends nothing that others wait for.
//! - The only errors are the inner service's: a `timeout` is a 504, a refusal by a guard a 503 with
//!   `Retry-After`.
//! - Requests that the cache makes itself have an empty body, hence `B: Default`. A request whose
//!   body is not empty goes past the cache.
//! - `poll_ready` is always ready: a stored response needs no origin. The inner service is asked to
//!   be ready before each request to it.

mod answering;
mod approach;
mod arrival;
mod asked;
mod asking;
mod body;
mod cache;
mod changes;
mod completing;
mod context;
mod drops;
mod error;
mod failing;
mod fields;
mod forwarded;
mod keys;
mod layer;
mod lead;
mod live;
mod loading;
mod origin;
mod policy;
mod presenting;
mod reading;
mod receiving;
mod recent_keys;
mod recording;
#[cfg(feature = "json")]
mod records;
mod service;
mod standing_in;
mod status;
mod stored;
mod variants;
mod visit;

pub use self::body::Body;
pub use self::cache::{HttpCache, HttpCacheBuilder};
pub use self::error::OriginError;
pub use self::layer::CacheLayer;
pub use self::live::BodyError;
pub use self::policy::ResponsePolicy;
pub use self::service::{CacheService, ResponseFuture};
