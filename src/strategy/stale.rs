//! The first step for an entry in a given state: the table of SEMANTICS §3.
//!
//! | state | cache-first | origin-first |
//! |---|---|---|
//! | fresh | serve | load, entry as fallback |
//! | stale, within `stale_while_revalidate` | serve and refresh | load, entry as fallback |
//! | stale, within `stale_if_error` only | load, entry as fallback | load, entry as fallback |
//! | expired or absent | load | load |

use super::ttl::State;
use crate::policy::Mode;

/// The first step of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Answer from the entry; the origin is not needed.
    Serve,
    /// Answer from the entry and refresh it in the background.
    ServeAndRefresh,
    /// Load and wait; the entry may answer if the load fails or is slow.
    LoadWithFallback,
    /// Load and wait; a failure is the caller's.
    Load,
}

/// The plan for an entry in `state` (`None`: there is no entry).
#[must_use]
pub const fn plan(state: Option<State>, mode: Mode) -> Plan {
    match (state, mode) {
        (None | Some(State::Dead), _) => Plan::Load,
        (Some(_), Mode::OriginFirst) | (Some(State::IfError), Mode::CacheFirst) => {
            Plan::LoadWithFallback
        }
        (Some(State::Fresh), Mode::CacheFirst) => Plan::Serve,
        (Some(State::Revalidate), Mode::CacheFirst) => Plan::ServeAndRefresh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_module_docs() {
        let states = [
            Some(State::Fresh),
            Some(State::Revalidate),
            Some(State::IfError),
            Some(State::Dead),
            None,
        ];
        assert_eq!(
            states.map(|state| plan(state, Mode::CacheFirst)),
            [
                Plan::Serve,
                Plan::ServeAndRefresh,
                Plan::LoadWithFallback,
                Plan::Load,
                Plan::Load
            ]
        );
        assert_eq!(
            states.map(|state| plan(state, Mode::OriginFirst)),
            [
                Plan::LoadWithFallback,
                Plan::LoadWithFallback,
                Plan::LoadWithFallback,
                Plan::Load,
                Plan::Load
            ]
        );
    }
}
