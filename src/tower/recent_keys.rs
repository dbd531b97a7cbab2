//! Keys of which something is remembered for a minute: bounded, the oldest go first.

use crate::time::{Span, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The time for which a key is remembered.
const REMEMBERED: Span = Span::from_secs(60);
/// The most keys that are remembered.
const MOST: usize = 1000;

/// Keys that are remembered, with a fact of each.
#[derive(Debug)]
pub(super) struct RecentKeys<Fact> {
    facts: Mutex<HashMap<Arc<str>, (Fact, Timestamp)>>,
}

impl<Fact> Default for RecentKeys<Fact> {
    fn default() -> Self {
        let facts = Mutex::default();
        Self { facts }
    }
}

impl<Fact: Copy> RecentKeys<Fact> {
    fn facts(&self) -> MutexGuard<'_, HashMap<Arc<str>, (Fact, Timestamp)>> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a fact of a key from now on; forgets the key when there is none.
    pub(super) fn note(&self, key: &Arc<str>, fact: Option<Fact>, now: Timestamp) {
        let mut facts = self.facts();
        let Some(fact) = fact else {
            facts.remove(key);
            return;
        };
        facts.insert(Arc::clone(key), (fact, now));
        if facts.len() > MOST {
            let oldest = facts.iter().min_by_key(|(_, (_, since))| *since);
            if let Some(oldest) = oldest.map(|(key, _)| Arc::clone(key)) {
                facts.remove(&oldest);
            }
        }
    }

    /// The fact that is remembered of a key.
    pub(super) fn get(&self, key: &str, now: Timestamp) -> Option<Fact> {
        let (fact, since) = *self.facts().get(key)?;
        (now.since(since) < REMEMBERED).then_some(fact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn a_key_is_forgotten_after_a_minute_and_the_oldest_make_room() {
        let keys = RecentKeys::default();
        let at = Timestamp::from_millis;
        let key: Arc<str> = Arc::from("a");
        keys.note(&key, Some(1), at(0));
        assert_eq!(keys.get("a", at(59_999)), Some(1));
        assert_eq!(keys.get("a", at(60_000)), None);
        for number in 1..=MOST {
            keys.note(&Arc::from(format!("{number}")), Some(2), at(number as u64));
        }
        assert_eq!(
            (keys.get("a", at(0)), keys.get("1", at(1))),
            (None, Some(2))
        );
        keys.note(&Arc::from("1"), None, at(1));
        assert_eq!(keys.get("1", at(1)), None);
    }
}
