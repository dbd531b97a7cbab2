//! The tiers, as messages between instances need them.

use super::Tiers;
use crate::driver::bounds::MaybeSend;
use crate::driver::host::Host;
use crate::driver::store::{Operation, Store, StoreError};
use crate::time::Span;
use std::future::Future;
use std::sync::Arc;

impl Tiers {
    pub(in crate::driver) fn host(&self) -> &Arc<dyn Host> {
        &self.host
    }

    pub(in crate::driver) fn store(&self, at: usize) -> &Arc<dyn Store> {
        &self.all[at].store
    }

    pub(in crate::driver) fn deadline(&self, at: usize) -> Span {
        self.all[at].deadline
    }

    /// Runs one operation until its deadline, and that is all.
    pub(in crate::driver) async fn attempt_once<F>(
        &self,
        at: usize,
        operation: Operation,
        run: impl FnOnce(Arc<dyn Store>) -> F + MaybeSend + 'static,
    ) where
        F: Future<Output = Result<(), StoreError>> + MaybeSend + 'static,
    {
        self.attempt(at, operation, "", run).await;
    }
}
