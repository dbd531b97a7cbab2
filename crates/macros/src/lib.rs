//! The attribute `#[cached]` of `holdover`, which re-exports it by feature `macros`.

mod arguments;
mod duration;
mod expansion;
mod signature;
mod template;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Keeps the results of an async function in a cache.
///
/// ```ignore
/// use holdover::cached;
/// use holdover::driver::{Cache, Tokio};
/// use std::sync::LazyLock;
///
/// static USERS: LazyLock<Cache<String, User, DbError>> =
///     LazyLock::new(|| Cache::builder(Tokio).build());
///
/// #[cached(cache = USERS, ttl = "5m", stale_if_error = "1d", key = "user:{id}", skip(db))]
/// async fn user(db: Db, id: u64) -> Result<User, DbError> {
///     db.load(id).await
/// }
/// ```
///
/// The function then returns `Result<User, holdover::driver::Error<DbError>>`, and `user_key(&id)`
/// gives the key of a call: `USERS.invalidate(&user_key(&42))`.
///
/// - `cache`: an expression that gives the cache, the same one each time: a
///   `Cache<String, User, DbError>`, or what derefs to one.
/// - `ttl`, `stale_while_revalidate`, `stale_if_error`, `error_ttl`, `failover_after`, `timeout`,
///   `retry_after`: durations such as `"500ms"` or `"1h30m"`, and `jitter`, a number. Or, instead of
///   all of them, `policy`: an expression that gives a `CachePolicy`, asked once.
/// - `key`: a template. `{id}` is a parameter, `{user.id}` a field of one, `{{` and `}}` are braces.
///   What is inserted is escaped as the npm package escapes it, so no value becomes a separator.
///   Default: the function's name and all parameters.
/// - `skip(db)`: parameters that the answer does not depend on. Every other one has to be in the key.
///
/// The function is async and has no lifetimes, type parameters or `self`: loads outlive their calls,
/// and all calls share one policy. Options that contradict each other panic in the first call.
#[proc_macro_attribute]
pub fn cached(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expansion::expand(arguments.into(), item.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
