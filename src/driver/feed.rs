//! Messages between instances: an entry that one drops, the others drop from their memory, and from
//! the stores above the one that carries messages. They are those of the npm package.

use super::bounds::{MaybeSend, MaybeSync};
use super::host::{Bell, Ring, word};
use super::store::{Listener, Operation, Store, StoreError, StoreFailure, Subscription};
use super::tiers::Tiers;
use crate::tags::Tag;
use crate::time::{Span, Timestamp};
use futures::future::{join_all, select};
use serde_json::{Value, json};
use std::boxed::Box;
use std::format;
use std::mem;
use std::string::{String, ToString};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::vec;
use std::vec::Vec;

/// The longest message that an instance sends.
const LONGEST_MESSAGE: usize = 262_144;
/// The most tags in a message.
const MOST_TAGS: usize = 1000;
/// Deadlines of a store after which an unanswered subscription is requested again.
const DEADLINES: u64 = 2;
/// The time for which a store that refused a subscription is not asked for another.
const PAUSE: Span = Span::from_secs(5);

/// A change that another instance made, or may have made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It dropped a key; softly if stores have a newer value.
    Key { key: String, soft: bool },
    /// It invalidated tags.
    Tags { tags: Vec<Tag>, soft: bool },
    /// It dropped everything in the namespace.
    All,
    /// Messages are heard from now on; loads have waited for that. Never sent.
    Begun,
    /// Messages may have been missed. Never sent.
    Missed,
}

/// Applies what another instance did.
pub(super) trait Apply: MaybeSend + MaybeSync {
    /// `at`: the tier that carried the message.
    fn apply(&self, at: usize, change: &Change);
}

/// The feed of a cache's namespace.
pub(super) struct Feed {
    tiers: Arc<Tiers>,
    channel: String,
    /// Tells its own messages from others'.
    from: String,
    wires: Mutex<Vec<Wire>>,
}

/// A tier that carries messages.
struct Wire {
    at: usize,
    state: WireState,
    /// True if an attempt failed or was late: others may have been unheard.
    has_failed: bool,
    waiters: Vec<Box<dyn Ring>>,
}

enum WireState {
    Idle { not_before: Timestamp },
    Asked { since: Timestamp },
    Open { _subscription: Subscription },
    Closed,
}

impl Wire {
    /// True if a subscription is to be requested.
    fn is_due(&self, deadline: Span, now: Timestamp) -> bool {
        match self.state {
            WireState::Open { .. } | WireState::Closed => false,
            WireState::Idle { not_before } => now >= not_before,
            WireState::Asked { since } => now >= since + deadline.times(DEADLINES),
        }
    }
}

impl Feed {
    /// The feed over the tiers that can carry one; `None` if none can.
    pub(super) fn new(tiers: &Arc<Tiers>, namespace: &str) -> Option<Arc<Self>> {
        static INSTANCES: AtomicU64 = AtomicU64::new(0);
        let able = (0..tiers.len()).filter(|&at| tiers.store(at).publish("", "").is_some());
        let wires: Vec<Wire> = able
            .map(|at| Wire {
                at,
                state: WireState::Idle {
                    not_before: Timestamp::ZERO,
                },
                has_failed: false,
                waiters: Vec::new(),
            })
            .collect();
        if wires.is_empty() {
            return None;
        }
        let host = tiers.host();
        let nth = INSTANCES.fetch_add(1, Ordering::Relaxed);
        // As whole numbers: text of a fraction takes 7 KB (gzip) of a module.
        let (first, second) = (word(&**host), word(&**host));
        let now = host.now().as_millis();
        let from = format!("{first}-{second}-{now}-{nth}");
        Some(Arc::new(Self {
            tiers: Arc::clone(tiers),
            channel: format!("%feed:{namespace}"),
            from,
            wires: Mutex::new(wires),
        }))
    }

    fn wires(&self) -> MutexGuard<'_, Vec<Wire>> {
        self.wires.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscribes where it is not subscribed yet, and waits for the first subscriptions, until a
    /// deadline: an entry read before could have been changed unheard.
    pub(super) async fn opened(self: &Arc<Self>, apply: Arc<dyn Apply>) {
        let now = self.tiers.now();
        let mut waiting = Vec::new();
        let mut asked = Vec::new();
        for (nth, wire) in self.wires().iter_mut().enumerate() {
            let deadline = self.tiers.deadline(wire.at);
            if wire.is_due(deadline, now) {
                wire.has_failed |= matches!(wire.state, WireState::Asked { .. });
                wire.state = WireState::Asked { since: now };
                asked.push((nth, wire.at));
            }
            let WireState::Asked { since } = wire.state else {
                continue;
            };
            let left = (since + deadline).since(now);
            if !left.is_zero() && !wire.has_failed {
                let Bell { rung, ring } = self.tiers.bell();
                wire.waiters.push(ring);
                waiting.push((rung, left));
            }
        }
        for (nth, at) in asked {
            self.subscribe(nth, at, Arc::clone(&apply));
        }
        let host = self.tiers.host();
        let waits = waiting.into_iter();
        join_all(waits.map(|(rung, left)| select(rung, host.sleep(left)))).await;
    }

    fn subscribe(self: &Arc<Self>, nth: usize, at: usize, apply: Arc<dyn Apply>) {
        let hearing: Arc<dyn Listener> = Arc::new(Hearing {
            feed: Arc::downgrade(self),
            at,
            apply: Arc::clone(&apply),
        });
        let (feed, channel) = (Arc::downgrade(self), self.channel.clone());
        let store = Arc::clone(self.tiers.store(at));
        let (tiers, since) = (Arc::clone(&self.tiers), self.tiers.now());
        self.tiers.host().spawn(Box::pin(async move {
            let asked = match store.subscribe(&channel, hearing) {
                Some(asked) => asked.await,
                None => Err(StoreError::new("it cannot subscribe")),
            };
            let is_late = tiers.now().since(since) > tiers.deadline(at);
            if let Some(feed) = feed.upgrade() {
                feed.answered(nth, asked, is_late, &*apply);
            }
        }));
    }

    /// A subscription was acknowledged, perhaps late, or refused.
    fn answered(
        &self,
        nth: usize,
        asked: Result<Subscription, StoreError>,
        is_late: bool,
        apply: &dyn Apply,
    ) {
        let now = self.tiers.now();
        let (at, heard, waiters, refused) = {
            let mut wires = self.wires();
            let wire = &mut wires[nth];
            let mut refused = None;
            match asked {
                _ if matches!(wire.state, WireState::Closed | WireState::Open { .. }) => return,
                Ok(subscription) => {
                    wire.state = WireState::Open {
                        _subscription: subscription,
                    };
                }
                Err(error) => {
                    wire.state = WireState::Idle {
                        not_before: now + PAUSE,
                    };
                    wire.has_failed = true;
                    refused = Some(error);
                }
            }
            let heard = refused.is_none().then_some(if wire.has_failed || is_late {
                Change::Missed
            } else {
                Change::Begun
            });
            (wire.at, heard, mem::take(&mut wire.waiters), refused)
        };
        if let Some(change) = heard {
            apply.apply(at, &change);
        }
        for waiter in waiters {
            waiter.ring();
        }
        if let Some(error) = refused {
            self.tell_of(at, false, &error);
        }
    }

    fn tell_of(&self, at: usize, is_corrupt: bool, error: &StoreError) {
        self.tiers.tell(&StoreFailure {
            store: self.tiers.name(at),
            operation: Operation::Subscribe,
            key: "",
            is_corrupt,
            error,
        });
    }

    /// Tells the other instances; completes when it is sent, or has failed.
    pub(super) async fn tell(self: Arc<Self>, change: Change) {
        let from = &self.from;
        let messages: Vec<Value> = match change {
            Change::Key { key, soft: false } => vec![json!({ "from": from, "keys": [key] })],
            Change::Key { key, soft: true } => {
                vec![json!({ "from": from, "keys": [key], "soft": true })]
            }
            Change::Tags { tags, soft } => {
                let parts = tags.chunks(MOST_TAGS);
                let message = |part| json!({ "from": from, "tags": part, "soft": soft });
                parts.map(message).collect()
            }
            Change::All => vec![json!({ "from": from, "all": true })],
            Change::Begun | Change::Missed => return,
        };
        for message in messages {
            self.send(&Arc::from(message.to_string())).await;
        }
    }

    async fn send(&self, message: &Arc<str>) {
        let all: Vec<usize> = self.wires().iter().map(|wire| wire.at).collect();
        let sent = all.into_iter().map(|at| {
            let (channel, message) = (self.channel.clone(), Arc::clone(message));
            let publish = move |store: Arc<dyn Store>| async move {
                match store.publish(&channel, &message) {
                    Some(publishing) => publishing.await,
                    None => Ok(()),
                }
            };
            self.tiers.attempt_once(at, Operation::Publish, publish)
        });
        join_all(sent).await;
    }

    /// True while all tiers that carry messages are heard.
    pub(super) fn is_open(&self) -> bool {
        let wires = self.wires();
        wires
            .iter()
            .all(|wire| matches!(wire.state, WireState::Open { .. } | WireState::Closed))
    }

    /// Ends all subscriptions.
    pub(super) fn close(&self) {
        let mut ended = Vec::new();
        for wire in &mut *self.wires() {
            ended.push(mem::replace(&mut wire.state, WireState::Closed));
        }
    }
}

/// Hears one tier.
struct Hearing {
    feed: Weak<Feed>,
    at: usize,
    apply: Arc<dyn Apply>,
}

impl Listener for Hearing {
    fn heard(&self, message: &str) {
        let Some(feed) = self.feed.upgrade() else {
            return;
        };
        match changes_of(message, &feed.from) {
            Ok(changes) => {
                for change in changes {
                    self.apply.apply(self.at, &change);
                }
            }
            Err(reason) => {
                if message.len() > LONGEST_MESSAGE {
                    // No instance sends so long a message. Whatever it says, this covers it.
                    self.apply.apply(self.at, &Change::All);
                }
                feed.tell_of(self.at, true, &StoreError::unreadable(reason));
            }
        }
    }

    fn missed(&self) {
        if self.feed.strong_count() > 0 {
            self.apply.apply(self.at, &Change::Missed);
        }
    }
}

/// The changes that a message tells; none if it is one's own.
fn changes_of(message: &str, own: &str) -> Result<Vec<Change>, &'static str> {
    const NO_CHANGE: &str = "a message on the feed is no invalidation";
    if message.len() > LONGEST_MESSAGE {
        return Err("a message on the feed is too long");
    }
    let heard: Value = serde_json::from_str(message).map_err(|_| NO_CHANGE)?;
    if heard["from"].as_str() == Some(own) {
        return Ok(Vec::new());
    }
    let soft = heard["soft"] == true;
    if let Some(keys) = heard["keys"].as_array() {
        let keys = keys.iter().map(|key| {
            let key = key.as_str().ok_or(NO_CHANGE)?.to_string();
            Ok(Change::Key { key, soft })
        });
        return keys.collect();
    }
    if heard["all"] == true {
        return Ok(Vec::from([Change::All]));
    }
    let tags = heard["tags"].as_array().ok_or(NO_CHANGE)?;
    let tags: Option<Vec<Tag>> = tags.iter().map(Value::as_u64).collect();
    let tags = tags.ok_or(NO_CHANGE)?;
    Ok(Vec::from([Change::Tags { tags, soft }]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_those_of_the_npm_package() {
        let key = |key: &str, soft| Change::Key {
            key: key.into(),
            soft,
        };
        let heard = |message| changes_of(message, "me");
        assert_eq!(
            heard(r#"{"from":"1-2","keys":["a","b"],"soft":true}"#),
            Ok(vec![key("a", true), key("b", true)])
        );
        assert_eq!(
            heard(r#"{"from":"1","keys":["a"]}"#),
            Ok(vec![key("a", false)])
        );
        assert_eq!(heard(r#"{"from":"1","all":true}"#), Ok(vec![Change::All]));
        let tags = Change::Tags {
            tags: vec![1, 9_007_199_254_740_991],
            soft: true,
        };
        assert_eq!(
            heard(r#"{"from":"1","tags":[1,9007199254740991],"soft":true}"#),
            Ok(vec![tags])
        );
        assert_eq!(heard(r#"{"from":"me","all":true}"#), Ok(vec![]));
        for wrong in [
            "",
            "{}",
            "[]",
            r#"{"keys":[1]}"#,
            r#"{"tags":["a"]}"#,
            r#"{"all":false}"#,
        ] {
            assert!(heard(wrong).is_err(), "{wrong}");
        }
    }
}
