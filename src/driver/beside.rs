//! Loads beside the one that leads their key, on hosts that keep requests apart.

use super::bounds::{Failure, Key, Value};
use super::calling::{Begun, Request};
use super::state::State;
use crate::call::Served;
use crate::memory::SlotId;
use crate::time::Timestamp;

impl<K: Key, V: Value, E: Failure> Request<'_, K, V, E> {
    /// Loads instead of waiting, unless the entry answers: the origin failed last time, and the load
    /// under way finds out if it still does.
    pub(super) fn load_beside(
        &self,
        state: &mut State<K, V, E>,
        slot: Option<SlotId>,
        fallback: bool,
        now: Timestamp,
    ) -> Begun<K, V, E> {
        let spare = slot.filter(|_| fallback);
        match state.machine.load_beside(spare, self.bound.id, now) {
            Some(fence) => self.lead(state, None, fence, fallback, false),
            None => Begun::Answer(self.serve(state, slot, Served::ErrorFallback, now)),
        }
    }
}
