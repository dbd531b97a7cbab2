//! Tags of loads and writes: their state at the beginning, and their check when the result is
//! stored.

use super::below::Delivery;
use super::bounds::{Failure, Key, MaybeSend, Value};
use super::cache::{Cache, Shared};
use super::landing::Load;
use super::stamps::{Begun, StoredTags};
use crate::fence::Fence;
use crate::stored_tags::tag_of;
use crate::tags::{self, Tag, Versions};
use crate::time::Span;
use futures::future::{Either, select};
use std::boxed::Box;
use std::pin::pin;
use std::sync::Arc;
use std::vec::Vec;

/// Says if a tag was invalidated since.
trait IsOver: Fn() -> bool + MaybeSend {}
impl<F: Fn() -> bool + MaybeSend> IsOver for F {}

/// The tags of an entry on its way to the stores.
pub(super) struct Tagged {
    tags: Box<[Tag]>,
    begun: Begun,
    is_over: Box<dyn IsOver>,
}

impl Tagged {
    /// The tags of an entry whose load, or write, began at this fence; `None` without any. One that
    /// is stale is not ended by a soft invalidation.
    pub(super) fn new<K: Key, V: Value, E: Failure>(
        shared: &Arc<Shared<K, V, E>>,
        tags: &[Tag],
        begun: Begun,
        fence: Fence,
        is_stale: bool,
    ) -> Option<Self> {
        if tags.is_empty() || shared.lower.is_none() {
            return None;
        }
        let (shared, own) = (Arc::clone(shared), tags.to_vec());
        let is_over = move || match shared.lock().machine.tags_after(&own, fence) {
            Some(tags::Invalidation::Hard) => true,
            Some(tags::Invalidation::Soft(_)) => !is_stale,
            None => false,
        };
        Some(Self {
            tags: tags.into(),
            begun,
            is_over: Box::new(is_over),
        })
    }

    /// The tags with the versions that their record carries; `None` when it must not be stored.
    pub(super) async fn carried(
        self,
        stored: &Arc<StoredTags>,
        life: Span,
    ) -> Option<Box<[(Tag, Versions)]>> {
        let versions = stored.versions_of(&self.tags, &self.begun, life).await?;
        if (self.is_over)() {
            return None;
        }
        let pairs = self.tags.iter().copied().zip(versions);
        Some(pairs.collect())
    }
}

impl<K: Key, V: Value, E: Failure> Shared<K, V, E> {
    /// The tags of these names, each once.
    pub(super) fn tags_named<T: AsRef<str>>(&self, names: impl IntoIterator<Item = T>) -> Vec<Tag> {
        let namespace = self.lower.as_ref().map_or("", |lower| lower.namespace());
        let mut tags: Vec<Tag> = Vec::new();
        for name in names {
            let tag = tag_of(namespace, name.as_ref());
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags
    }
}

impl<K: Key, V: Value, E: Failure> Cache<K, V, E> {
    /// Ends every value that has one of these tags, however many there are and wherever they are
    /// stored, in the time that this takes for the tags alone. `soft`: they become stale, and answer
    /// while they are refreshed or when loads fail, as far as their windows go. Loads that have
    /// begun do not bring them back.
    ///
    /// At once here; awaiting it, in the stores as well. Other instances, in JavaScript, too, hear
    /// of it through a store that carries messages; without one, what is in their memory lives on
    /// until its `ttl` ends.
    ///
    /// ```
    /// # #[cfg(all(feature = "json", feature = "testing"))] {
    /// use holdover::driver::testing::{MapStore, Virtual};
    /// use holdover::driver::{Cache, CachePolicy, Stores};
    /// use std::time::Duration;
    ///
    /// # let host = Virtual::new();
    /// let stores = Stores::json(|id: &u64| format!("user:{id}"));
    /// let cache = Cache::<u64, String, ()>::builder(host.clone())
    ///     .stores(stores.store(MapStore::new(host.clone())))
    ///     .build();
    /// let policy = CachePolicy::ttl(Duration::from_secs(60));
    /// let policy = policy.key_tags(|id| vec![format!("user:{id}"), "users".into()]);
    /// let name_of = cache.wrap(policy, |id, _| async move { Ok(format!("user {id}")) })?;
    /// # host.run(async move {
    /// name_of.get(&42).await.unwrap();
    /// assert!(cache.invalidate_tags(["user:42"], false).await);
    /// assert_eq!(cache.get(&42).await, None);
    /// # });
    /// # }
    /// # Ok::<(), holdover::ConfigError>(())
    /// ```
    pub fn invalidate_tags<T: AsRef<str>>(
        &self,
        tags: impl IntoIterator<Item = T>,
        soft: bool,
    ) -> Delivery {
        let tags = self.shared.tags_named(tags);
        let now = self.shared.host.now();
        let mut state = self.shared.lock();
        state.machine.invalidate_tags(&tags, soft, now);
        let Some(lower) = self.shared.lower.as_ref().filter(|_| !tags.is_empty()) else {
            return Delivery::NOWHERE;
        };
        let invalidation = lower.invalidate_tags(tags, soft);
        drop(state);
        invalidation()
    }
}

impl<K: Key, V: Value, E: Failure> Load<K, V, E> {
    /// Notes the tags that follow from its key, if any do, and gives them.
    pub(super) fn note_key_tags(&self) -> Option<Vec<Tag>> {
        let known = self.bound.rules.key_tags(&self.key);
        let tags = known.map(|names| self.shared.tags_named(names));
        self.flight.course().tags.clone_from(&tags);
        tags
    }

    /// Learns what has to be known of its tags before its loader is called; false when nobody waits
    /// any more.
    pub(super) async fn begin_tags(&self) -> bool {
        let rules = &self.bound.rules;
        let tags = self.note_key_tags();
        // It keeps what another load brought, whose state it has.
        if self.flight.course().beginning.is_some() {
            return true;
        }
        let Some(lower) = &self.shared.lower else {
            return true;
        };
        let life = rules.policy.windows().total();
        let asking = lower.begin(tags.as_deref(), life);
        let stopped = pin!(Arc::clone(&self.flight.stop).cancelled());
        let begun = match select(asking, stopped).await {
            Either::Left((begun, _)) => begun,
            Either::Right(_) if !rules.keeps_loading => return false,
            Either::Right(((), asking)) => asking.await,
        };
        self.flight.course().begun = begun;
        self.renew()
    }
}
