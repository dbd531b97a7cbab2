//! For the checks of the demo, an application needs none of it: each try tells the upstream when it
//! began and which earlier one was known to have failed by then. The upstream alone cannot see that.

use axum::http::{HeaderMap, HeaderValue};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// By address: when the latest of the tries that have failed had begun.
#[derive(Clone, Default)]
pub(crate) struct Tries(Arc<Mutex<HashMap<String, u64>>>);

/// One try.
pub(crate) struct Try {
    tries: Tries,
    address: String,
    began: u64,
}

impl Tries {
    /// Begins a try, and says in two headers what was known.
    pub(crate) fn begin(&self, address: &str, headers: &mut HeaderMap) -> Try {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let began = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        let failed = self.failed(address);
        headers.insert("demo-began", HeaderValue::from(began));
        headers.insert("demo-failed", HeaderValue::from(failed));
        Try {
            tries: self.clone(),
            address: address.to_owned(),
            began,
        }
    }

    fn failed(&self, address: &str) -> u64 {
        let failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get(address).copied().unwrap_or(0)
    }
}

impl Try {
    pub(crate) fn fail(self) {
        let failed = self.tries.failed(&self.address).max(self.began);
        let mut all = self.tries.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(self.address, failed);
    }
}
