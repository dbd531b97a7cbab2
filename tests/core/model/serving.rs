//! Fresh entries under `hits` and `early`, and loads that ask the guards, in the model.

use super::{Key, Load, Model};
use holdover::policy::Policy;
use holdover::strategy::early::Early;

impl Model {
    pub(super) fn is_backing_off(&self, key: Key) -> bool {
        self.backoffs
            .get(&key)
            .is_some_and(|backoff| backoff.until > self.now)
    }

    pub(super) fn is_used_up(&self, key: Key, rules: &Policy) -> bool {
        let hits = self.held[&key].hits;
        rules.hits().is_some_and(|bound| hits >= bound.max)
    }

    /// Counts a hit; whether it asks for a refresh.
    pub(super) fn hit(&mut self, key: Key, rules: &Policy, roll: f64) -> bool {
        let now = self.now;
        let held = self.held.get_mut(&key).expect("a fresh entry");
        held.hits += 1;
        let (age, ttl) = (now - held.stored_at, held.lifetime.ttl.as_millis());
        let popular = rules.hits().and_then(|bound| bound.refresh_at);
        let early = match rules.early() {
            None => false,
            Some(Early::After(from)) => age >= from.as_millis(),
            Some(Early::Probabilistic { .. }) if held.lifetime.ttl.is_forever() => false,
            Some(Early::Probabilistic { beta }) => {
                // XFetch as it is printed: now − cost · beta · ln(roll) ≥ the end.
                let gap = -number(held.cost) * beta * roll.max(f64::EPSILON / 2.0).ln();
                number(age) + gap >= number(ttl)
            }
        };
        early || popular.is_some_and(|from| held.hits >= from)
    }

    /// Has the guards asked for a load whose loader is to run; none is left if they refuse.
    pub(super) fn runs(&mut self, load: Load) -> Option<Load> {
        if load.admitted.is_some() {
            return Some(load);
        }
        let lease = self.rules[load.policy as usize].lease().as_millis();
        let now = self.now;
        let guarded = &mut self.guarded[load.policy as usize % 2];
        let admitted = guarded.admit(lease, now);
        if admitted.is_none() {
            self.refused(load);
            return None;
        }
        Some(Load { admitted, ..load })
    }
}

/// Short times only.
fn number(millis: u64) -> f64 {
    f64::from(u32::try_from(millis).expect("a short time"))
}
