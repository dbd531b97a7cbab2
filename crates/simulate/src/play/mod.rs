//! Playing a log against the call machine: the host of one policy, in virtual time.

mod agenda;
mod figures;
mod loads;
mod places;
mod player;

pub use figures::{Figures, Histogram, Source, part};
pub use player::{Outage, Player};
