//! Requests of a log, as the simulation takes them.

use std::collections::HashMap;

/// The number of a key: keys are numbered in the order in which they first appear.
pub type KeyId = u32;

/// A request that a cache could have answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The time at which it comes, in milliseconds; never before that of the access before it.
    pub time: u64,
    /// The number of its key.
    pub key: KeyId,
    /// The bytes of the origin's response to it.
    pub size: u32,
    /// The time that the origin takes to respond, in milliseconds.
    pub latency: u32,
    /// True if the origin fails: it responds with a status of 500 or above.
    pub failed: bool,
}

/// The keys seen so far, and the last known size of each: all that is kept of a log.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    ids: HashMap<Box<str>, KeyId>,
    sizes: Vec<u32>,
}

impl Keys {
    /// Returns the number of `key`, a new one for a key not seen before.
    ///
    /// # Panics
    /// With more than 2^32 keys.
    pub fn intern(&mut self, key: &str) -> KeyId {
        if let Some(&id) = self.ids.get(key) {
            return id;
        }
        let id = KeyId::try_from(self.sizes.len()).expect("fewer than 2^32 keys");
        self.ids.insert(key.into(), id);
        self.sizes.push(0);
        id
    }

    /// Returns the size that the last response for `key` with a body had.
    #[must_use]
    pub fn size(&self, key: KeyId) -> u32 {
        self.sizes[key as usize]
    }

    /// Notes the size of a response for `key`.
    pub fn set_size(&mut self, key: KeyId, size: u32) {
        self.sizes[key as usize] = size;
    }

    /// Returns the number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// True if no key was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }
}
