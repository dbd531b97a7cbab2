//! The order of changes to keys, as numbers. A read takes the number of the last change before it
//! begins; a change of its key with a higher number has outdated what it brings.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::mem;

/// The number of keys that a generation remembers.
const GENERATION: usize = 4096;

/// The changes that this instance made, the newest of each key. Bounded, and then too careful.
#[derive(Debug)]
pub(crate) struct Fences<Name> {
    last: u64,
    /// Reads that began before have to be taken for outdated, whatever their key.
    floor: u64,
    young: HashMap<Name, u64>,
    old: HashMap<Name, u64>,
    /// The last change that `old` knows.
    old_end: u64,
}

impl<Name> Default for Fences<Name> {
    fn default() -> Self {
        Self {
            last: 0,
            floor: 0,
            young: HashMap::new(),
            old: HashMap::new(),
            old_end: 0,
        }
    }
}

impl<Name: Clone + Hash + Eq> Fences<Name> {
    /// The number of the last change, remembered by a read that begins now.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// The number of a change of this name that happens now.
    pub(crate) fn raise(&mut self, name: &Name) -> u64 {
        self.last += 1;
        self.young.insert(name.clone(), self.last);
        if self.young.len() >= GENERATION {
            // The older half is forgotten: reads that began before it ended were slow.
            self.floor = self.floor.max(self.old_end);
            self.old = mem::take(&mut self.young);
            self.old_end = self.last;
        }
        self.last
    }

    /// The number of a change of every name.
    pub(crate) fn raise_all(&mut self) -> u64 {
        self.last += 1;
        self.floor = self.last;
        self.young.clear();
        self.old.clear();
        self.last
    }

    /// True if a change of this name came after that number; or may have, for it is not known.
    pub(crate) fn is_outdated<Q>(&self, name: &Q, since: u64) -> bool
    where
        Name: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if since >= self.last {
            return false;
        }
        let own = self.young.get(name).or_else(|| self.old.get(name));
        self.floor > since || own.is_some_and(|own| *own > since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::sync::Arc;

    #[test]
    fn a_change_outdates_reads_of_its_key_that_began_before() {
        let mut fences: Fences<Arc<str>> = Fences::default();
        let before = fences.last();
        let own = fences.raise(&Arc::from("a"));
        assert!(fences.is_outdated("a", before));
        assert!(!fences.is_outdated("a", own));
        assert!(!fences.is_outdated("b", before));
        fences.raise_all();
        assert!(fences.is_outdated("b", own));
    }

    #[test]
    fn what_is_forgotten_counts_as_changed() {
        let mut fences: Fences<Arc<str>> = Fences::default();
        let before = fences.last();
        for nth in 0..2 * GENERATION {
            fences.raise(&Arc::from(format!("{nth}")));
        }
        assert!(fences.is_outdated("never changed", before));
        assert!(!fences.is_outdated("never changed", fences.last()));
        assert!(fences.old.len() + fences.young.len() <= 2 * GENERATION);
    }
}
