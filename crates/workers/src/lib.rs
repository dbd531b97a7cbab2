//! [`holdover`] in Rust Workers, with the `worker` crate or without it.
//!
//! An isolate serves many requests, and none may do another's work: a future that another request
//! wakes hangs, or fails at its next I/O. [`Workers`] is the host on which caches keep to that. All
//! requests of an isolate share one load per key, and each hears of it by a promise of its own.
//!
//! ```
//! use holdover::driver::{Cache, CachePolicy, Function};
//! use holdover_workers::Workers;
//! use std::time::Duration;
//!
//! type Users = Function<u64, String, String>;
//!
//! thread_local! {
//!     static USERS: Users = Cache::builder(Workers)
//!         .max_entries(1_000)
//!         .build()
//!         .wrap(
//!             CachePolicy::ttl(Duration::from_secs(60))
//!                 .stale_if_error(Duration::from_secs(86_400))
//!                 .failover_after(Duration::from_millis(300))
//!                 .timeout(Duration::from_secs(2)),
//!             |id: u64, _| async move { fetch_user(id).await },
//!         )
//!         .expect("a good policy");
//! }
//!
//! async fn user(id: u64) -> Result<String, holdover::driver::Error<String>> {
//!     USERS.with(Clone::clone).get(&id).await
//! }
//! # async fn fetch_user(id: u64) -> Result<String, String> { Ok(id.to_string()) }
//! ```
//!
//! - Loads go on by `waitUntil` when the request that began them is over. One that ends before its
//!   load leaves a lease behind: the next caller takes over when that is over.
//! - [`stores`] are Workers KV, the Cache API and any object, with the records of the npm package.
//! - With a compatibility date before 2024-10-14 requests cannot hear of each other at all: each
//!   loads for itself, and [`shares_loads`] is false.
//! - Values outlive the request that loaded them, so they own their data: text, bytes, numbers. A
//!   `Response`, a stream, or any other object of a request's belongs to that request alone.
//! - Handlers of axum have to be `Send`: `USERS.with(Clone::clone).get(&id)` becomes so by
//!   [`IntoSend::into_send`], and a [`SendWrapper`] holds a cache in a `static` or in axum's state.
//!
//! # Features
//! - `serde`: [`from_js`] and [`to_js`], for objects of JavaScript.
#![forbid(unsafe_code)]

#[cfg(feature = "serde")]
mod convert;
mod host;
mod send;
pub mod stores;

#[cfg(feature = "serde")]
pub use self::convert::{from_js, to_js};
pub use self::host::{Workers, shares_loads};
pub use self::send::{IntoSend, SendWrapper};
