//! Plays scenario vectors with the driver over futures, in virtual time: see
//! `tests/vectors/README.md` for their format and for the order within a millisecond.

pub(crate) mod check;
pub(crate) mod duration;
pub(crate) mod file;
pub(crate) mod format;
pub(crate) mod origin;
pub(crate) mod play;
pub(crate) mod policy;
pub(crate) mod stage;
