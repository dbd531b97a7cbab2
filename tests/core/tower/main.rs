//! The cache of HTTP for services of tower, on a virtual clock.

mod bodies;
mod changes;
mod failing;
mod forwarded;
mod keys;
mod requests;
mod sharing;
mod stage;
mod storing;
mod validating;
mod variants;
