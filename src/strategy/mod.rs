//! Decisions: pure functions over an entry's numbers, one file each.

pub mod backoff;
pub mod early;
pub mod hits;
pub mod lifetime;
pub mod retry;
pub mod stale;
pub mod ttl;
