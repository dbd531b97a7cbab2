//! Store operations, any of which may fail, hang, panic, or not be tried at all.

use super::Tiers;
use super::health::Permit;
use crate::driver::bounds::{BoxFuture, MaybeSend};
use crate::driver::store::{Operation, Store, StoreError, StoreFailure};
use futures::FutureExt;
use std::boxed::Box;
use std::format;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;

/// An operation that was sent, on its way.
pub(super) type Sent<T> = BoxFuture<'static, Result<T, StoreError>>;

/// The end of an attempt.
pub(super) enum Attempt<T> {
    Done(T),
    Failed,
    /// It took too long, and may be done yet.
    Late(Sent<T>),
    /// The store keeps failing and is left alone.
    Unsent,
}

impl Tiers {
    /// Runs one operation until its deadline.
    pub(super) async fn attempt<T, F>(
        &self,
        at: usize,
        operation: Operation,
        key: &str,
        run: impl FnOnce(Arc<dyn Store>) -> F + MaybeSend + 'static,
    ) -> Attempt<T>
    where
        T: MaybeSend + 'static,
        F: Future<Output = Result<T, StoreError>> + MaybeSend + 'static,
    {
        let tier = &self.all[at];
        let now = self.now();
        let Some(permit) = self.world().tiers[at].health.admit(now) else {
            return Attempt::Unsent;
        };
        let mut sent = guarded(Arc::clone(&tier.store), run);
        let result = self.until_deadline(at, &mut sent).await;
        let error = match result {
            Some(Ok(value)) => {
                self.world().tiers[at].health.answered();
                return Attempt::Done(value);
            }
            Some(Err(error)) => Some(error),
            None => None,
        };
        let is_late = error.is_none();
        let error = error.unwrap_or_else(|| {
            let limit = tier.deadline.as_millis();
            StoreError::new(format!("it took over {limit} ms"))
        });
        self.note_failure(at, permit, error.is_answer);
        self.tell(&StoreFailure {
            store: &tier.name,
            operation,
            key,
            is_corrupt: error.is_answer,
            error: &error,
        });
        if is_late {
            Attempt::Late(sent)
        } else {
            Attempt::Failed
        }
    }

    /// Notes that an operation failed; an answer that is of no use shows that the store does well.
    fn note_failure(&self, at: usize, permit: Permit, is_answer: bool) {
        let now = self.now();
        let health = &mut self.world().tiers[at].health;
        if is_answer {
            health.answered();
        } else {
            health.failed(permit, now);
        }
    }

    async fn until_deadline<T>(
        &self,
        at: usize,
        sent: &mut Sent<T>,
    ) -> Option<Result<T, StoreError>> {
        // The usual case of a store in this process has no need of a timer.
        if let Some(result) = poll_fn(|context| match sent.poll_unpin(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
        {
            return Some(result);
        }
        let mut timer = self.host.sleep(self.all[at].deadline);
        poll_fn(|context| {
            if let Poll::Ready(result) = sent.poll_unpin(context) {
                return Poll::Ready(Some(result));
            }
            timer.poll_unpin(context).map(|()| None)
        })
        .await
    }
}

/// An operation that fails where its store panics.
fn guarded<T, F>(
    store: Arc<dyn Store>,
    run: impl FnOnce(Arc<dyn Store>) -> F + MaybeSend + 'static,
) -> Sent<T>
where
    T: MaybeSend + 'static,
    F: Future<Output = Result<T, StoreError>> + MaybeSend + 'static,
{
    let guarded = AssertUnwindSafe(async move { run(store).await }).catch_unwind();
    Box::pin(guarded.map(|result| {
        let panicked = |_| Err(StoreError::new("the store panicked"));
        result.unwrap_or_else(panicked)
    }))
}
