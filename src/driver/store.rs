//! Stores below the memory, and what a program makes one of.

use super::bounds::{BoxFuture, MaybeSend, MaybeSync, opaque};
use crate::time::Span;
use core::fmt;
use std::boxed::Box;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

/// The result of a store's operation, later.
pub type StoreFuture<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// A store of records, which are opaque bytes. It may fail, hang or lie: calls go on without it.
///
/// [`get`](Store::get), [`set`](Store::set) and [`delete`](Store::delete) make a store. Everything
/// else is a capability that it has unless it gives `None`.
///
/// ```
/// use holdover::driver::{SetOptions, Store, StoreFuture};
/// use std::collections::HashMap;
/// use std::sync::Mutex;
///
/// #[derive(Default)]
/// struct Map(Mutex<HashMap<String, Vec<u8>>>);
///
/// impl Store for Map {
///     fn name(&self) -> &str {
///         "map"
///     }
///
///     fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
///         Box::pin(async move { Ok(self.0.lock().unwrap().get(key).cloned()) })
///     }
///
///     fn set<'a>(&'a self, key: &'a str, record: &'a [u8], _: SetOptions) -> StoreFuture<'a, ()> {
///         Box::pin(async move {
///             self.0.lock().unwrap().insert(key.to_owned(), record.to_vec());
///             Ok(())
///         })
///     }
///
///     fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
///         Box::pin(async move {
///             self.0.lock().unwrap().remove(key);
///             Ok(())
///         })
///     }
/// }
/// ```
pub trait Store: MaybeSend + MaybeSync + 'static {
    /// Its name in answers and reports.
    fn name(&self) -> &str;

    /// The longest time that an operation may take before calls go on without it. Default 500 ms.
    fn deadline(&self) -> Span {
        Span::from_millis(500)
    }

    /// The longest time for which it may go on giving a previous record after a write. Default: none.
    fn lag(&self) -> Span {
        Span::ZERO
    }

    /// Gives the record of `key`; `None` if there is none.
    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>>;

    /// Stores `record` under `key` and replaces a previous one.
    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> StoreFuture<'a, ()>;

    /// Drops `key`.
    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()>;

    /// Gives the records of many keys in one operation, in their order.
    fn get_many<'a>(&'a self, keys: &'a [String]) -> Option<StoreFuture<'a, Vec<Option<Vec<u8>>>>> {
        let _ = keys;
        None
    }

    /// Stores `record` if there is none under `key`; true if it did. Of several callers at once one
    /// is told so.
    fn add<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> Option<StoreFuture<'a, bool>> {
        let _ = (key, record, options);
        None
    }

    /// Drops `key` if its record is this one; true if it did.
    fn compare_and_delete<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
    ) -> Option<StoreFuture<'a, bool>> {
        let _ = (key, record);
        None
    }

    /// Drops all keys that begin with `prefix`.
    fn clear<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, ()>> {
        let _ = prefix;
        None
    }

    /// Gives all keys that begin with `prefix`, in any order.
    fn keys<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, Vec<String>>> {
        let _ = prefix;
        None
    }

    /// Sends a message to all who listen to a channel, in other instances as well.
    fn publish<'a>(&'a self, channel: &'a str, message: &'a str) -> Option<StoreFuture<'a, ()>> {
        let _ = (channel, message);
        None
    }

    /// Listens to a channel until what this gives is dropped. It completes when messages are certain
    /// to be heard.
    fn subscribe<'a>(
        &'a self,
        channel: &'a str,
        listener: Arc<dyn Listener>,
    ) -> Option<StoreFuture<'a, Subscription>> {
        let _ = (channel, listener);
        None
    }
}

/// Hears the messages of a channel: see [`Store::subscribe`].
pub trait Listener: MaybeSend + MaybeSync {
    /// A message came.
    fn heard(&self, message: &str);

    /// Messages may have been missed: called when a connection is lost, and again when messages are
    /// heard after that.
    fn missed(&self);
}

/// A subscription, which ends when it is dropped.
pub struct Subscription(Option<Box<dyn End>>);

/// Ends something.
trait End: FnOnce() + MaybeSend + MaybeSync {}
impl<F: FnOnce() + MaybeSend + MaybeSync> End for F {}

impl Subscription {
    /// A subscription that ends so.
    pub fn new(end: impl FnOnce() + MaybeSend + MaybeSync + 'static) -> Self {
        Self(Some(Box::new(end)))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

opaque! { Subscription<> }

impl<S: Store + ?Sized> Store for Arc<S> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn deadline(&self) -> Span {
        (**self).deadline()
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        (**self).get(key)
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> StoreFuture<'a, ()> {
        (**self).set(key, record, options)
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        (**self).delete(key)
    }

    fn lag(&self) -> Span {
        (**self).lag()
    }

    fn get_many<'a>(&'a self, keys: &'a [String]) -> Option<StoreFuture<'a, Vec<Option<Vec<u8>>>>> {
        (**self).get_many(keys)
    }

    fn add<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> Option<StoreFuture<'a, bool>> {
        (**self).add(key, record, options)
    }

    fn compare_and_delete<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
    ) -> Option<StoreFuture<'a, bool>> {
        (**self).compare_and_delete(key, record)
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, ()>> {
        (**self).clear(prefix)
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, Vec<String>>> {
        (**self).keys(prefix)
    }

    fn publish<'a>(&'a self, channel: &'a str, message: &'a str) -> Option<StoreFuture<'a, ()>> {
        (**self).publish(channel, message)
    }

    fn subscribe<'a>(
        &'a self,
        channel: &'a str,
        listener: Arc<dyn Listener>,
    ) -> Option<StoreFuture<'a, Subscription>> {
        (**self).subscribe(channel, listener)
    }
}

/// The options of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetOptions {
    /// The time after which the record may be dropped; [`Span::FOREVER`] for never.
    pub expires_in: Span,
    /// The time after which the write must not happen any more: the cache has given it up by then,
    /// and another write may be newer. A store that cannot guarantee it ignores it.
    pub within: Span,
}

/// The failure of a store's operation.
#[derive(Clone, Debug)]
pub struct StoreError {
    cause: Arc<dyn std::error::Error + Send + Sync>,
    pub(super) is_answer: bool,
}

impl StoreError {
    /// A failure with this cause, which may be a text.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            cause: Arc::from(cause.into()),
            is_answer: false,
        }
    }

    /// The answer of a store that does well: its value under a key is no record.
    pub fn unreadable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            is_answer: true,
            ..Self::new(cause)
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}

/// An operation of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// [`Store::get`].
    Get,
    /// [`Store::get_many`].
    GetMany,
    /// [`Store::set`].
    Set,
    /// [`Store::add`].
    Add,
    /// [`Store::compare_and_delete`].
    CompareAndDelete,
    /// [`Store::delete`].
    Delete,
    /// [`Store::clear`], or what stands in for it.
    Clear,
    /// [`Store::publish`].
    Publish,
    /// [`Store::subscribe`].
    Subscribe,
}

impl Operation {
    /// Its name in the npm package.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::GetMany => "getMany",
            Self::Set => "set",
            Self::Add => "add",
            Self::CompareAndDelete => "compareAndDelete",
            Self::Delete => "delete",
            Self::Clear => "clear",
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
        }
    }
}

/// A failure of a store, for [`Stores::on_failure`](super::Stores::on_failure).
#[derive(Debug)]
#[non_exhaustive]
pub struct StoreFailure<'a> {
    /// The name of the store; `"codec"` for a value that cannot be stored.
    pub store: &'a str,
    /// The operation that failed.
    pub operation: Operation,
    /// The key as the store calls it; empty for operations on many.
    pub key: &'a str,
    /// True if the store answered with a record that cannot be used.
    pub is_corrupt: bool,
    /// The reason.
    pub error: &'a StoreError,
}
