//! What holds after every operation.

use super::{Key, Model};

impl Model {
    pub(super) fn check(&mut self) {
        self.machine.assert_invariants();
        let memory = self.machine.memory();
        assert_eq!(memory.taken(), self.slots.len(), "every slot has a key");
        if self.limits.max_entries > 0 {
            assert!(memory.entries() <= self.limits.max_entries);
        }
        assert!(memory.bytes() <= self.limits.max_bytes);
        assert!(
            self.machine.flights() <= self.leaders.len(),
            "one flight per key at most"
        );
        for key in self.slots.keys().copied().collect::<Vec<_>>() {
            self.check_key(key);
        }
    }

    pub(super) fn check_key(&mut self, key: Key) {
        let (slot, wall) = (self.slots[&key], self.wall());
        let Some(held) = self.held.get(&key).copied() else {
            assert_eq!(self.machine.state(slot, wall), None, "key {key} is empty");
            return;
        };
        let Some(age) = self.machine.age(slot, wall) else {
            // Evicted while its key is being loaded: the slot stays, so nothing was dropped.
            assert!(self.leaders.contains_key(&key), "key {key} lost its entry");
            self.held.remove(&key);
            return;
        };
        assert_eq!(
            age.as_millis(),
            self.now - held.stored_at,
            "age of key {key}"
        );
        let state = held.state(self.now);
        assert_eq!(self.machine.state(slot, wall), Some(state), "key {key}");
        assert_eq!(self.machine.fallback(slot, wall), state.is_servable());
        let entry = self.machine.memory().entry(slot).expect("an entry");
        assert_eq!(entry.size, held.size);
        assert_eq!(u64::from(entry.load_cost), held.cost, "cost of key {key}");
        assert_eq!(entry.hits, held.hits, "hits of key {key}");
        assert_eq!(
            self.machine.is_kept(slot, wall),
            held.lifetime.is_kept(age),
            "key {key}"
        );
    }
}
