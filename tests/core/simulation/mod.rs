//! A small driver over the call machine with virtual time, in which scenario vectors are played.
//!
//! It does what `js/src/engine/driver.ts` does, without promises: see `tests/vectors/README.md` for the
//! format and for the order of what happens in the same millisecond.

pub(crate) mod answers;
pub(crate) mod check;
pub(crate) mod driver;
pub(crate) mod duration;
pub(crate) mod entries;
pub(crate) mod format;
pub(crate) mod guards;
pub(crate) mod landing;
pub(crate) mod origin;
pub(crate) mod play;
pub(crate) mod refusing;
pub(crate) mod rules;
pub(crate) mod timeline;
