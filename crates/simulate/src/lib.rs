//! Plays an access log to caches of holdover that were never there: hit ratio, calls of
//! the origin, waits of visitors, ages of answers, and what an outage would have shown.
//!
//! Each policy is played by the engine that caches run on, [`holdover::CallMachine`], in virtual
//! time: [`play::Player`] performs its steps as the drivers do, and decides nothing itself. A
//! [`simulation::Simulation`] plays many policies at once, a chunk of the log at a time, so that a
//! log need not fit in memory; [`run::run`] is all of it, for a log that can be opened, and
//! [`session::Session`] for one that a host hands over.
//!
//! ```
//! use holdover::Span;
//! use holdover_simulate::access::Access;
//! use holdover_simulate::configuration::{Configuration, Room};
//! use holdover_simulate::play::Player;
//!
//! let policy = Configuration::new(Span::from_secs(60), Room::Entries(100));
//! let mut player = Player::new(&policy)?;
//! let access = |time| Access { time, key: 0, size: 1000, latency: 50, failed: false };
//! player.play(&[access(0), access(20), access(1000)]);
//! player.finish();
//! let figures = player.figures();
//! assert_eq!((figures.loaded, figures.coalesced, figures.hits), (1, 1, 1));
//! assert_eq!((figures.origin_calls, figures.oldest), (1, 950));
//! # Ok::<(), holdover::ConfigError>(())
//! ```
#![forbid(unsafe_code)]

pub mod access;
pub mod advice;
pub mod arguments;
mod code;
pub mod configuration;
pub mod grid;
pub mod log;
pub mod play;
mod playing;
pub mod report;
pub mod run;
pub mod scan;
pub mod session;
pub mod simulation;
mod text;
pub mod units;
