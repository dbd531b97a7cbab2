//! Results of batches: which of them is which key's.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::vec::Vec;

/// The results of a loader of many keys: see [`Cache::load_many`](crate::driver::Cache::load_many).
///
/// A list has them in the order of the keys, which are in the loader's first argument; one that is
/// shorter or longer says nothing of any key. A map has them by key. A result may be a value, or a
/// `Result` whose error is the failure of its key alone.
pub trait BatchResults<K, V, E> {
    /// Gives the result of each key, in the order of `keys`; `None` for a key without one.
    fn in_order_of(self, keys: &[K]) -> Vec<Option<Result<V, E>>>;
}

impl<K, V, E> BatchResults<K, V, E> for Vec<V> {
    fn in_order_of(self, keys: &[K]) -> Vec<Option<Result<V, E>>> {
        listed(self.into_iter().map(Ok), keys.len())
    }
}

impl<K, V, E> BatchResults<K, V, E> for Vec<Result<V, E>> {
    fn in_order_of(self, keys: &[K]) -> Vec<Option<Result<V, E>>> {
        listed(self.into_iter(), keys.len())
    }
}

/// The results of a list of the right length.
fn listed<V, E>(
    results: impl ExactSizeIterator<Item = Result<V, E>>,
    keys: usize,
) -> Vec<Option<Result<V, E>>> {
    if results.len() == keys {
        return results.map(Some).collect();
    }
    (0..keys).map(|_| None).collect()
}

impl<K: Eq + Hash, V, E, S: BuildHasher> BatchResults<K, V, E> for HashMap<K, V, S> {
    fn in_order_of(mut self, keys: &[K]) -> Vec<Option<Result<V, E>>> {
        keys.iter().map(|key| self.remove(key).map(Ok)).collect()
    }
}

impl<K: Eq + Hash, V, E, S: BuildHasher> BatchResults<K, V, E> for HashMap<K, Result<V, E>, S> {
    fn in_order_of(mut self, keys: &[K]) -> Vec<Option<Result<V, E>>> {
        keys.iter().map(|key| self.remove(key)).collect()
    }
}

impl<K: Ord, V, E> BatchResults<K, V, E> for BTreeMap<K, V> {
    fn in_order_of(mut self, keys: &[K]) -> Vec<Option<Result<V, E>>> {
        keys.iter().map(|key| self.remove(key).map(Ok)).collect()
    }
}

impl<K: Ord, V, E> BatchResults<K, V, E> for BTreeMap<K, Result<V, E>> {
    fn in_order_of(mut self, keys: &[K]) -> Vec<Option<Result<V, E>>> {
        keys.iter().map(|key| self.remove(key)).collect()
    }
}
