//! The driver over futures beyond what vectors say.

mod conformance;
mod events;
mod finality;
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
