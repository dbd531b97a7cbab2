//! Tools for tests: a host in virtual time, where nothing sleeps and everything happens in a known
//! order, a store in this process, and the requirements of stores.
//!
//! ```
//! use holdover::driver::testing::Virtual;
//! use holdover::driver::Host;
//! use holdover::time::Span;
//!
//! let host = Virtual::new();
//! let sleeper = host.clone();
//! host.run(async move { sleeper.sleep(Span::from_secs(3600)).await });
//! assert_eq!(host.elapsed(), Span::from_secs(3600));
//! ```

mod conformance;
mod map_store;
mod virtual_host;
mod waking;

pub use self::conformance::{Conformance, Violation, store_conformance};
pub use self::map_store::MapStore;
pub use self::virtual_host::{Request, Virtual};
