//! The driver over futures beyond what vectors say.

mod events;
mod leaving;
mod panics;
mod requests;
mod support;
mod tagging;
mod threads;
mod values;
