//! The slots of keys, and the keys of slots, as every host of the machine keeps them.

use super::loads::LoadId;
use crate::access::KeyId;
use holdover::SlotId;

/// No slot, no key, no load.
const NONE: u32 = u32::MAX;

/// The slots that keys have, and the loads that lead them.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    slots: Vec<SlotId>,
    /// The key of each slot, and the load that callers of it wait for.
    places: Vec<(KeyId, LoadId)>,
}

impl Places {
    #[inline]
    pub(super) fn slot(&self, key: KeyId) -> Option<SlotId> {
        let slot = *self.slots.get(key as usize)?;
        (slot != NONE).then_some(slot)
    }

    /// Returns the load that callers of a slot wait for.
    pub(super) fn led(&self, slot: SlotId) -> Option<LoadId> {
        let (_, load) = self.places[slot as usize];
        (load != NONE).then_some(load)
    }

    /// Has callers of a slot wait for this load.
    pub(super) fn lead(&mut self, slot: SlotId, load: LoadId) {
        self.places[slot as usize].1 = load;
    }

    /// Has callers of a slot wait for this load no more.
    pub(super) fn unlead(&mut self, slot: SlotId, load: LoadId) {
        let (_, led) = &mut self.places[slot as usize];
        if *led == load {
            *led = NONE;
        }
    }

    /// Gives a slot that the machine has just taken to a key.
    pub(super) fn adopt(&mut self, slot: SlotId, key: KeyId) {
        grow(&mut self.slots, key, NONE);
        self.slots[key as usize] = slot;
        grow(&mut self.places, slot, (NONE, NONE));
        self.places[slot as usize] = (key, NONE);
    }

    /// Forgets the key of a slot that the machine gave back, which need not have had one: it may
    /// have taken and given back a slot in one step.
    pub(super) fn forget(&mut self, slot: SlotId) {
        let Some(place) = self.places.get_mut(slot as usize) else {
            return;
        };
        let (key, _) = std::mem::replace(place, (NONE, NONE));
        if let Some(known) = self.slots.get_mut(key as usize)
            && *known == slot
        {
            *known = NONE;
        }
    }
}

fn grow<T: Clone>(list: &mut Vec<T>, place: u32, filler: T) {
    let needed = place as usize + 1;
    if list.len() < needed {
        list.resize(needed, filler);
    }
}

/// Returns the hash by which eviction tells keys that it evicted: numbers are spread as hashes of
/// keys are.
pub(super) const fn hash_of(key: KeyId) -> u32 {
    let mixed = (key ^ key >> 16).wrapping_mul(0x7feb_352d);
    let mixed = (mixed ^ mixed >> 15).wrapping_mul(0x846c_a68b);
    mixed ^ mixed >> 16
}
