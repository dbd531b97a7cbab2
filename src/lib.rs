//! A cache for code that runs at the edge: it keeps answers and *holds over* the last good one
//! when the origin is slow, failing or gone.
//!
//! This crate is the core: it decides, the host acts. It never awaits, reads a clock, draws a
//! random number or does I/O; `now` is an argument and every call returns a verdict which the
//! host performs. [`call::CallMachine`] is the place to start reading. On npm the same core is
//! compiled to WebAssembly, with a TypeScript driver that performs its steps.
//!
//! ```
//! use holdover::{
//!     Arrival, CallMachine, Landed, Lifetime, Limits, Options, Policy, Served, Span, Step, Timestamp,
//! };
//!
//! let mut machine = CallMachine::new(Limits { max_entries: 100, max_bytes: u64::MAX });
//! let policy = machine.add_policy(Policy::compile(&Options {
//!     ttl: Some(Span::from_secs(60)),
//!     ..Options::default()
//! })?);
//!
//! // Nothing is known of the key: lead a load.
//! let now = Timestamp::from_millis(0);
//! let (slot, Step::Load { fence, .. }) = machine.begin(None, policy, now, 0.5) else { panic!() };
//!
//! // The host loads the value, keeps it under `slot`, and reports it.
//! let lifetime = Lifetime {
//!     ttl: Span::from_secs(60),
//!     stale_while_revalidate: Span::ZERO,
//!     stale_if_error: Span::ZERO,
//!     retained: Span::ZERO,
//! };
//! let landed = machine.loaded(slot, fence, policy, Arrival { lifetime, size: 0 }, now);
//! assert_eq!(landed, Landed::Stored(slot.unwrap()));
//!
//! // From then on the entry answers.
//! let (_, step) = machine.begin(slot, policy, Timestamp::from_millis(59_999), 0.5);
//! assert_eq!(step, Step::Serve(Served::Hit));
//! # Ok::<(), holdover::ConfigError>(())
//! ```
//!
//! What the responses of an HTTP cache may be used for is in [`http`]: pure functions over heads.
//!
//! # Features
//! - `std`: nothing yet that the core needs; kept for hosts that want it named.
//! - `macros`: the attribute `#[cached]`, on functions.
//! - `tower`: a cache of HTTP for services of tower.
//! - `async`: [`driver`], a cache of functions over futures; `tokio` and `testing` are hosts of it.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "boundary")]
pub mod abi;
pub mod call;
mod config_error;
#[cfg(feature = "async")]
pub mod driver;
pub mod entry;
pub mod fence;
pub mod flight;
pub mod guard;
pub mod http;
pub mod memory;
pub mod options;
pub mod policy;
pub mod record;
pub mod stored_tags;
pub mod strategy;
pub mod tags;
pub mod time;
#[cfg(feature = "tower")]
pub mod tower;

pub use call::{Arrival, CallMachine, Counters, Found, Kept, Landed, PolicyId, Served, Step};
pub use config_error::ConfigError;
pub use fence::Fence;
#[cfg(feature = "macros")]
pub use holdover_macros::cached;
pub use memory::{Limits, SlotId};
pub use policy::{Mode, Options, Policy};
pub use strategy::ttl::{Lifetime, State};
pub use time::{Span, Timestamp};

/// The examples of the page for Rust users.
#[cfg(all(
    doctest,
    feature = "json",
    feature = "macros",
    feature = "testing",
    feature = "tower"
))]
#[doc = include_str!("../docs/rust.md")]
pub struct Page;
