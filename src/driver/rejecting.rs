//! Calls that a limit on calls refuses, hit or not.

use super::answer::Source;
use super::bounds::{Failure, Key, Value};
use super::calling::{Answered, Request, answer};
use super::error::{Cause, Error};
use super::event::Event;
use super::guards::refusal;
use super::landing::times_of;

impl<K: Key, V: Value, E: Failure> Request<'_, K, V, E> {
    /// Asks the limit on calls.
    pub(super) fn admit_call(&self) -> Result<(), Error<E>> {
        let now = self.shared.observe(self.shared.host.now());
        let Some(mut guards) = self.bound.guards() else {
            return Ok(());
        };
        let admitted = guards.admit_call(self.key, now);
        admitted.map_err(|refused| refusal(&refused, now))
    }

    /// The answer of a call that is refused, hit or not.
    pub(super) async fn reject(&self, error: Error<E>) -> Answered<V, E> {
        self.tell(Event::Reject(&error));
        let cause = Cause::Error(error.clone());
        if self.bound.rules.may_stand_in(&cause)
            && let Some(answer) = self.held_over(&cause)
        {
            self.tell(Event::ErrorFallback(Some(&cause)));
            return answer;
        }
        let outcome = super::waiting::rejected(&self.bound.rules, error).await;
        self.conclude(outcome, true)
    }

    fn held_over(&self, cause: &Cause<V, E>) -> Option<Answered<V, E>> {
        let now = self.shared.host.now();
        let mut state = self.shared.lock();
        let slot = state.slot(self.key)?;
        if !state.machine.fallback(slot, now) {
            return None;
        }
        state.machine.count_error_fallback(self.bound.id);
        let value = match state.content(slot)? {
            Ok(value) => value.clone(),
            Err(remembered) => return Some(Err(remembered.clone())),
        };
        let times = times_of(&mut state, slot, now);
        let cause = Some(cause.clone());
        Some(Ok(answer(value, Source::ErrorFallback, times, cause)))
    }
}
