//! The cache of HTTP for services of tower, on a virtual clock.

mod bodies;
mod changes;
mod damaged;
mod failing;
mod forwarded;
mod instances;
mod keys;
mod requests;
mod sharing;
mod stage;
mod stores;
mod stores_changes;
mod stores_random;
mod stores_variants;
mod storing;
mod validating;
mod variants;
