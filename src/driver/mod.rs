//! The driver over futures: a cache of functions for Rust programs.
//!
//! It performs the steps of the [call machine](crate::call) with futures, as the npm package does
//! with promises: same options, same meanings, held to the same scenarios. It needs no particular
//! executor; a [`Host`] tells it the time, sleeps and runs tasks.
//!
//! ```
//! use holdover::driver::{Cache, CachePolicy, Source, testing::Virtual};
//! use std::time::Duration;
//!
//! # let host = Virtual::new();
//! let cache = Cache::<u64, String, std::io::Error>::builder(host.clone()).build();
//! let name_of = cache.wrap(
//!     CachePolicy::ttl(Duration::from_secs(60))
//!         .stale_if_error(Duration::from_secs(86_400))
//!         .timeout(Duration::from_secs(2)),
//!     |id, _context| async move { Ok(format!("user {id}")) },
//! )?;
//! # host.run(async move {
//! assert_eq!(name_of.get(&42).await.unwrap(), "user 42");
//! assert_eq!(name_of.explain(&42).await.unwrap().source, Source::Hit);
//! # });
//! # Ok::<(), holdover::ConfigError>(())
//! ```
//!
//! - A hit neither allocates nor spawns; it locks the cache for the time of a look-up.
//! - All callers of a key share one load, which outlives its first caller while others wait. When
//!   nobody does, it is dropped.
//! - Dropping a future stops that caller's waiting and nothing else.
//! - Errors are shared, so they are in an [`Arc`](std::sync::Arc): see [`Error::Load`].
//! - Below the memory may be [`Stores`], which instances share; none of them can make a call fail.
//! - A load that calls its own key waits for itself until its lease ends; call the loader instead.

mod answer;
mod batch;
mod below;
mod beside;
mod bounds;
mod builder;
mod bulkhead;
mod cache;
mod calling;
mod codec;
mod direct;
mod error;
mod event;
#[cfg(feature = "json")]
mod feed;
mod flight;
#[cfg(feature = "json")]
mod following;
mod function;
mod guards;
mod host;
mod key;
mod landing;
mod leading;
mod locks;
mod looking;
mod lower;
#[cfg(feature = "lru")]
mod lru_store;
mod policy;
mod reading;
#[cfg(feature = "redis")]
mod redis_store;
mod rejecting;
#[cfg(feature = "tower")]
mod renewing;
#[cfg(feature = "tower")]
mod responses;
mod retrying;
mod rules;
mod stamps;
mod state;
mod store;
mod stores;
mod tagged;
#[cfg(feature = "testing")]
pub mod testing;
mod tiers;
#[cfg(feature = "tokio")]
mod tokio;
#[cfg(not(feature = "json"))]
mod unheard;
mod waiting;

#[cfg(feature = "tower")]
pub(crate) use self::answer::Times;
pub use self::answer::{Answer, Source};
pub use self::batch::{BatchResults, CallMany};
pub use self::below::Delivery;
pub use self::bounds::{BoxFuture, Failure, Key, MaybeSend, MaybeSync, Value};
pub use self::builder::CacheBuilder;
#[cfg(feature = "tower")]
pub(crate) use self::cache::Drops;
pub use self::cache::{Bound, Cache, Stats};
pub use self::codec::Codec;
#[cfg(feature = "json")]
pub use self::codec::Json;
#[cfg(feature = "postcard")]
pub use self::codec::Postcard;
pub use self::error::{Cause, Error};
pub use self::event::Event;
pub use self::function::{Call, Function};
pub use self::guards::{CircuitBreaker, Count, RateLimit, Scope, SlowCalls};
pub use self::host::{Bell, Host, LoadContext, Ring};
pub use self::key::push_key_part;
#[cfg(feature = "tower")]
pub(crate) use self::leading::{Beginning, Leading};
pub use self::locks::{LoadLock, OnLockTimeout};
#[cfg(feature = "lru")]
pub use self::lru_store::LruStore;
pub use self::policy::CachePolicy;
#[cfg(feature = "redis")]
pub use self::redis_store::RedisStore;
#[cfg(feature = "tower")]
pub(crate) use self::renewing::{Renewed, Since};
#[cfg(feature = "tower")]
pub(crate) use self::responses::{Held, Manner};
pub use self::retrying::{Retry, retry};
pub use self::store::{
    Listener, Operation, SetOptions, Store, StoreError, StoreFailure, StoreFuture, Subscription,
};
pub use self::stores::Stores;
#[cfg(feature = "tower")]
pub(crate) use self::tiers::Fences;
#[cfg(feature = "tokio")]
pub use self::tokio::Tokio;
pub use crate::memory::Eviction;
