//! Facts of a response as the bits of a number, in modules and in records of stores.

/// Not to be used before it is validated (`no-cache`).
pub const VALIDATE: u32 = 1;
/// Not to be used when it is stale (`must-revalidate` and the like).
pub const NEVER_STALE: u32 = 2;
/// Does not change while it is fresh (RFC 8246).
pub const IMMUTABLE: u32 = 4;
/// Has an `ETag` or a `Last-Modified` that can be asked about.
pub const VALIDATOR: u32 = 8;
/// Sets a cookie.
pub const SET_COOKIE: u32 = 32;
/// May answer requests with `Authorization`.
pub const AUTHORIZED: u32 = 128;
/// Is a redirection.
pub const REDIRECTS: u32 = 1024;
