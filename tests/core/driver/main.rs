//! The driver over futures beyond what vectors say.

mod events;
mod leaving;
mod panics;
mod support;
mod tagging;
mod threads;
mod values;
