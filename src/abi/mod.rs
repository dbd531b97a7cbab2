//! The numbers that cross the WebAssembly boundary, by name.
//!
//! This is the only place that says them. `cargo xtask build` writes `js/src/core/abi.ts` from
//! [`GROUPS`] and [`RECORDS`], and lint fails when that file is not what they say.

mod groups;
mod records;

pub use groups::*;
pub use records::*;

/// Numbers that belong together.
#[derive(Debug)]
pub struct Group {
    /// The name of their module here, and what their names begin with in TypeScript.
    pub name: &'static str,
    /// The documentation of the group.
    pub docs: &'static [&'static str],
    /// The numbers.
    pub constants: &'static [Constant],
    /// True if users see their names, as texts.
    pub is_named: bool,
}

/// A number with a name.
#[derive(Debug)]
pub struct Constant {
    /// Its name, in upper case.
    pub name: &'static str,
    /// Its documentation.
    pub docs: &'static [&'static str],
    /// Its value.
    pub value: i64,
    /// Its text for users; empty where that is its name.
    pub text: &'static str,
}

/// An array of numbers, one a field.
#[derive(Debug)]
pub struct Record {
    /// The name of its type.
    pub name: &'static str,
    /// Its documentation.
    pub docs: &'static [&'static str],
    /// Its fields, in order.
    pub fields: &'static [Field],
    /// The other side's use of it.
    pub kind: Kind,
}

/// The host's use of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It makes them.
    Written,
    /// It reads them.
    Read,
    /// It reads them, and makes them.
    Both,
    /// It adds them up, and wants the names only.
    Named,
}

/// A field of a [`Record`].
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its documentation.
    pub docs: &'static [&'static str],
}
