//! The driver over futures beyond what vectors say.

mod batch_guards;
mod batch_leaving;
mod batch_orders;
mod batch_stores;
mod batch_support;
mod batches;
mod conformance;
mod events;
mod finality;
mod hits;
mod leaving;
mod messages;
mod panics;
mod requests;
mod scripted;
mod stored_tags;
mod stores;
mod support;
mod tag_vectors;
mod tagging;
mod threads;
mod tier_vectors;
mod values;
