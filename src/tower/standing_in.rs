//! Stored responses that answer a request whose own way to the origin has failed.

use super::approach::{Attempt, Failed, Ways};
use super::context::facts_of;
use super::error::Failure;
use super::presenting::served;
use super::stored::HttpValue;
use super::visit::{Next, Told};
use crate::driver::{Cause, Error, Source};
use std::future::Future;
use std::sync::Arc;

impl Ways {
    /// The answer that `attempt` brings; the stored response instead, if the origin failed, or a
    /// guard refused, and it may answer.
    pub(super) async fn or_stored(
        &self,
        key: &Arc<str>,
        attempt: impl Future<Output = Result<Attempt, Failed>>,
    ) -> Result<Next, Failed> {
        match attempt.await {
            Err(Error::Closed) => Err(Error::Closed),
            Err(error) => match self.stand_in(key, &Cause::Error(error.clone())).await {
                Some(told) => Ok(Next::Told(told)),
                None => Err(error),
            },
            Ok(Attempt { answer, failed }) => {
                if failed {
                    let cause = Cause::Result(HttpValue::unshared(true));
                    if let Some(told) = self.stand_in(key, &cause).await {
                        return Ok(Next::Told(told));
                    }
                }
                Ok(answer)
            }
        }
    }

    async fn stand_in(&self, key: &Arc<str>, cause: &Cause<HttpValue, Failure>) -> Option<Told> {
        let context = &self.context;
        let held = context.entries.find(key).await?;
        let HttpValue::Response(stored) = &held.value else {
            return None;
        };
        let is_taken = self.asked.plan.takes_instead(&facts_of(stored, &held));
        if !is_taken || !context.entries.stands_in(key, &context.policy, cause) {
            return None;
        }
        let from = (Source::ErrorFallback, held.times);
        Some(served(context, &self.asked, stored, from, None))
    }
}
