//! The policies of a machine, by number.

use super::{CallMachine, Counters, PolicyId};
use crate::policy::Policy;

impl CallMachine {
    /// Adds a policy for calls to name by number. From the first one on that asks for them, hits and
    /// costs of loads are counted.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "hosts remove policies that they have no use for"
    )]
    pub fn add_policy(&mut self, policy: Policy) -> PolicyId {
        if policy.hits().is_some() || policy.early().is_some() {
            self.memory.keep_counts();
        }
        if let Some(free) = self.free_policies.pop() {
            self.policies[free as usize] = policy;
            self.counters[free as usize] = Counters::default();
            return free;
        }
        self.policies.push(policy);
        self.counters.push(Counters::default());
        self.policies.len() as PolicyId - 1
    }

    /// Forgets a policy, whose number the next one gets. Nothing in the machine refers to policies
    /// by number between two calls, so loads under way are not concerned; the host names another
    /// policy, or this one added anew, when they end.
    pub fn remove_policy(&mut self, policy: PolicyId) {
        debug_assert!(!self.free_policies.contains(&policy), "removed once");
        self.free_policies.push(policy);
    }

    /// The policy with this number.
    ///
    /// # Panics
    /// When this machine never gave that number.
    #[must_use]
    pub fn policy(&self, policy: PolicyId) -> &Policy {
        &self.policies[policy as usize]
    }
}
