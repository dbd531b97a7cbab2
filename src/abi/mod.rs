//! The numbers that cross the WebAssembly boundary, by name.
//!
//! This is the only place that says them. `cargo xtask build` writes `js/src/core/abi.ts` from
//! [`GROUPS`] and [`RECORDS`], and lint fails when that file is not what they say.

macro_rules! groups {
    ($(
        $(#[doc = $docs:literal])*
        pub mod $group:ident: $type:ty $(as $named:ident)? {
            $($(#[doc = $doc:literal])* $name:ident $(($text:literal))? = $value:expr,)*
        }
    )*) => {
        $(
            $(#[doc = $docs])*
            pub mod $group {
                #[allow(unused_imports, reason = "values may be those of the core's own types")]
                use super::*;
                $($(#[doc = $doc])* pub const $name: $type = $value;)*
            }
        )*

        /// All numbers of this file.
        #[allow(clippy::cast_possible_wrap, reason = "the macro does not know the type; all are small")]
        pub(super) const ALL: &[Group] = &[$(Group {
            name: stringify!($group),
            docs: &[$($docs),*],
            constants: &[$(Constant {
                name: stringify!($name),
                docs: &[$($doc),*],
                value: $group::$name as i64,
                text: concat!($($text)?),
            }),*],
            is_named: false $(|| !stringify!($named).is_empty())?,
        }),*];
    };
}

mod groups;
mod http_groups;
mod records;

pub use groups::*;
pub use http_groups::*;
pub use records::*;

/// All numbers.
pub const GROUPS: &[&[Group]] = &[groups::ALL, http_groups::ALL];

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
