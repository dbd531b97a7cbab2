//! The tiers, as messages between instances need them.

use super::Tiers;
use crate::driver::bounds::MaybeSend;
use crate::driver::store::{Operation, Store, StoreError};
use std::future::Future;
use std::sync::Arc;

impl Tiers {
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
