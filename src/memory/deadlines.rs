//! A queue of deadlines with ids, earliest first, from which any id can be removed.
//!
//! A binary heap that records the position of each id, with a value beside each deadline. Ids are
//! small and dense (slot numbers), so finding one is a look into an array of `u32`. A deadline
//! later than all others, the usual case in a cache with one `ttl`, is set in O(1); everything else
//! takes O(log n).

use crate::time::Timestamp;
use alloc::vec::Vec;

const ABSENT: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Item<T> {
    deadline: Timestamp,
    id: u32,
    value: T,
}

/// Deadlines by id, each with a small value.
#[derive(Clone, Debug)]
pub struct Deadlines<T: Copy = ()> {
    heap: Vec<Item<T>>,
    places: Vec<u32>,
}

impl<T: Copy> Default for Deadlines<T> {
    fn default() -> Self {
        Self {
            heap: Vec::new(),
            places: Vec::new(),
        }
    }
}

impl<T: Copy> Deadlines<T> {
    /// Returns the number of ids with a deadline.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// True if no id has a deadline.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Returns the earliest deadline and its id.
    #[must_use]
    pub fn earliest(&self) -> Option<(Timestamp, u32)> {
        self.heap.first().map(|item| (item.deadline, item.id))
    }

    /// Returns the value beside the deadline of `id`.
    #[must_use]
    pub fn get(&self, id: u32) -> Option<&T> {
        Some(&self.heap[self.place(id)?].value)
    }

    /// Sets deadline and value of `id`, replacing those it had.
    pub fn set(&mut self, id: u32, deadline: Timestamp, value: T) {
        let item = Item {
            deadline,
            id,
            value,
        };
        if let Some(place) = self.place(id) {
            self.heap[place] = item;
            let place = self.sift_up(place);
            self.sift_down(place);
        } else {
            self.insert(item);
        }
    }

    /// Removes `id` from the queue, if it is in it.
    pub fn remove(&mut self, id: u32) {
        let Some(place) = self.place(id) else { return };
        self.heap.swap_remove(place);
        self.places[id as usize] = ABSENT;
        if place < self.heap.len() {
            self.note(place);
            let place = self.sift_up(place);
            self.sift_down(place);
        }
    }

    fn insert(&mut self, item: Item<T>) {
        let needed = item.id as usize + 1;
        if self.places.len() < needed {
            self.places.resize(needed, ABSENT);
        }
        self.heap.push(item);
        self.note(self.heap.len() - 1);
        self.sift_up(self.heap.len() - 1);
    }

    fn place(&self, id: u32) -> Option<usize> {
        match self.places.get(id as usize) {
            None | Some(&ABSENT) => None,
            Some(&place) => Some(place as usize),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "ids are u32, so there are at most that many places"
    )]
    fn note(&mut self, place: usize) {
        let id = self.heap[place].id;
        self.places[id as usize] = place as u32;
    }

    fn swap(&mut self, one: usize, other: usize) {
        self.heap.swap(one, other);
        self.note(one);
        self.note(other);
    }

    fn sift_up(&mut self, mut place: usize) -> usize {
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.heap[parent].deadline <= self.heap[place].deadline {
                break;
            }
            self.swap(parent, place);
            place = parent;
        }
        place
    }

    fn sift_down(&mut self, mut place: usize) {
        loop {
            let left = 2 * place + 1;
            let Some(child) = self.earlier_of(left, left + 1) else {
                return;
            };
            if self.heap[place].deadline <= self.heap[child].deadline {
                return;
            }
            self.swap(place, child);
            place = child;
        }
    }

    fn earlier_of(&self, left: usize, right: usize) -> Option<usize> {
        let left_deadline = self.heap.get(left)?.deadline;
        match self.heap.get(right) {
            Some(item) if item.deadline < left_deadline => Some(right),
            _ => Some(left),
        }
    }

    /// Checks the internal rules; for tests.
    ///
    /// # Panics
    /// When one is broken.
    pub fn assert_invariants(&self) {
        for (place, item) in self.heap.iter().enumerate() {
            let (deadline, id) = (item.deadline, item.id);
            assert_eq!(self.place(id), Some(place), "id {id} knows its place");
            assert!(
                place == 0 || self.heap[(place - 1) / 2].deadline <= deadline,
                "place {place} is not before its parent"
            );
        }
        let placed = self.places.iter().filter(|&&at| at != ABSENT).count();
        assert_eq!(placed, self.heap.len(), "no id is placed twice");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    proptest! {
        /// Against a plain map: the earliest deadline is always the map's smallest.
        #[test]
        fn agrees_with_a_map(ops in prop::collection::vec((0_u32..20, prop::option::of(0_u64..50)), 0..200)) {
            let mut queue = Deadlines::default();
            let mut map = BTreeMap::new();
            for (id, deadline) in ops {
                if let Some(millis) = deadline {
                    queue.set(id, Timestamp::from_millis(millis), millis);
                    map.insert(id, millis);
                } else {
                    queue.remove(id);
                    map.remove(&id);
                }
                queue.assert_invariants();
                prop_assert_eq!(queue.len(), map.len());
                let earliest = queue.earliest().map(|(deadline, _)| deadline.as_millis());
                prop_assert_eq!(earliest, map.values().min().copied());
                prop_assert_eq!(queue.get(id), map.get(&id));
            }
        }
    }
}
