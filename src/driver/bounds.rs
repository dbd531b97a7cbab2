//! Bounds that hold natively and are not asked for on WebAssembly, whose hosts have one thread.

use std::future::Future;
use std::pin::Pin;

#[cfg(not(target_arch = "wasm32"))]
mod kinds {
    /// [`Send`] natively, anything on WebAssembly.
    pub trait MaybeSend: Send {}
    impl<T: Send + ?Sized> MaybeSend for T {}
    /// [`Sync`] natively, anything on WebAssembly.
    pub trait MaybeSync: Sync {}
    impl<T: Sync + ?Sized> MaybeSync for T {}
    /// A boxed future, [`Send`] natively.
    pub type BoxFuture<'a, T> =
        super::Pin<std::boxed::Box<dyn super::Future<Output = T> + Send + 'a>>;
}

#[cfg(target_arch = "wasm32")]
mod kinds {
    /// [`Send`] natively, anything on WebAssembly.
    pub trait MaybeSend {}
    impl<T: ?Sized> MaybeSend for T {}
    /// [`Sync`] natively, anything on WebAssembly.
    pub trait MaybeSync {}
    impl<T: ?Sized> MaybeSync for T {}
    /// A boxed future, [`Send`] natively.
    pub type BoxFuture<'a, T> = super::Pin<std::boxed::Box<dyn super::Future<Output = T> + 'a>>;
}

pub use kinds::{BoxFuture, MaybeSend, MaybeSync};

/// A function of the user's that decides something about `A`.
pub(super) trait Decide<A: ?Sized, R>: Fn(&A) -> R + MaybeSend + MaybeSync {}
impl<A: ?Sized, R, F: Fn(&A) -> R + MaybeSend + MaybeSync> Decide<A, R> for F {}

/// A key of a cache.
pub trait Key: Clone + Eq + std::hash::Hash + MaybeSend + MaybeSync + 'static {}
impl<K: Clone + Eq + std::hash::Hash + MaybeSend + MaybeSync + 'static> Key for K {}

/// A value of a cache: each caller gets a clone, so large ones belong into an
/// [`Arc`](std::sync::Arc).
pub trait Value: Clone + MaybeSend + MaybeSync + 'static {}
impl<V: Clone + MaybeSend + MaybeSync + 'static> Value for V {}

/// The error of loads.
pub trait Failure: MaybeSend + MaybeSync + 'static {}
impl<E: MaybeSend + MaybeSync + 'static> Failure for E {}

/// Implements `Debug` by the type's name: functions of the user's have nothing to show.
macro_rules! opaque {
    ($($name:ident<$($kind:ident $(: $bound:ident)?),*>)*) => {
        $(impl<$($kind $(: $bound)?),*> core::fmt::Debug for $name<$($kind),*> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })*
    };
}
pub(super) use opaque;
