//! Without messages between instances: nobody is heard, and nobody is told.

use super::bounds::{BoxFuture, Failure, Key, MaybeSend, Value};
use super::cache::Shared;
use super::lower::Paths;
use super::state::State;
use crate::tags::Tag;
use std::boxed::Box;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::vec::Vec;

/// A change that nobody is told of.
pub(super) struct Untold;

#[expect(clippy::unused_self, reason = "as where there are messages")]
impl<K: Key, V: Value, E: Failure> Shared<K, V, E> {
    pub(super) fn hear(&self) -> Ready<()> {
        ready(())
    }

    pub(super) fn listen(&self) {}

    pub(super) fn note_name(&self, _: &mut State<K, V, E>, _: &K, _: &Arc<str>) {}
}

#[expect(clippy::unused_self, reason = "as where there are messages")]
impl Paths {
    pub(super) fn key_changed(&self, _: &str, _: bool) -> Untold {
        Untold
    }

    pub(super) fn tags_changed(_: Vec<Tag>, _: bool) -> Untold {
        Untold
    }

    pub(super) fn cleared() -> Untold {
        Untold
    }

    pub(super) fn then_told(
        &self,
        work: impl Future<Output = bool> + MaybeSend + 'static,
        _: Option<Untold>,
    ) -> BoxFuture<'static, bool> {
        Box::pin(work)
    }
}
