//! Inputs for the readers of header fields.

pub(crate) mod corpus;
pub(crate) mod hostile;
pub(crate) mod mutate;
pub(crate) mod readers;
