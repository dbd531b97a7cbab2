//! The scripted origin: what the nth load does, and when loads began and were aborted.

use super::format::{LoadFields, Origin as Script};
use futures::FutureExt;
use holdover::driver::testing::Virtual;
use holdover::driver::{Host, LoadContext};
use holdover::time::Span;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// One load that began.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) key: String,
    pub(crate) began: u64,
    pub(crate) aborted: Option<u64>,
    /// A script that had nothing for this load.
    pub(crate) unexpected: bool,
}

/// The origin of one vector.
#[derive(Debug)]
pub(crate) struct Origin {
    script: Script,
    begun: BTreeMap<String, usize>,
    pub(crate) loads: Vec<Load>,
}

impl Origin {
    pub(crate) fn new(script: Script) -> Self {
        Self {
            script,
            begun: BTreeMap::new(),
            loads: Vec::new(),
        }
    }

    /// Begins a load; gives its number and what it does.
    pub(crate) fn begin(&mut self, key: &str, now: u64) -> (usize, LoadFields) {
        let nth = self.begun.entry(key.to_owned()).or_default();
        let scripted = match &self.script {
            Script::All(list) => list.get(self.loads.len()),
            Script::ByKey(keys) => keys.get(key).and_then(|list| list.get(*nth)),
        };
        *nth += 1;
        let fields = scripted.cloned();
        self.loads.push(Load {
            key: key.to_owned(),
            began: now,
            aborted: None,
            unexpected: fields.is_none(),
        });
        let hangs = LoadFields {
            hangs: true,
            ..LoadFields::default()
        };
        (self.loads.len() - 1, fields.unwrap_or(hangs))
    }
}

/// Performs a load of the origin: as it is written, and noting when it was told to stop.
pub(crate) async fn load(
    origin: Arc<Mutex<Origin>>,
    host: Virtual,
    key: String,
    context: LoadContext,
) -> Result<Value, Value> {
    let now = || host.elapsed().as_millis();
    let (number, fields) = origin.lock().unwrap().begin(&key, now());
    let stops = fields.stops_on_abort;
    let mut ending = pin!(perform(fields, host.clone()));
    let mut cancelled = pin!(context.cancelled().fuse());
    poll_fn(|context| {
        if let Poll::Ready(result) = ending.as_mut().poll(context) {
            return Poll::Ready(result);
        }
        if cancelled.as_mut().poll(context).is_ready() {
            origin.lock().unwrap().loads[number].aborted = Some(now());
            if stops {
                return Poll::Ready(Err(json!("aborted")));
            }
        }
        Poll::Pending
    })
    .await
}

/// Does what is written: exactly one of value, error, returns, throws and hangs.
pub(crate) async fn perform(fields: LoadFields, host: Virtual) -> Result<Value, Value> {
    let LoadFields {
        after,
        value,
        error,
        returns,
        throws,
        hangs,
        ..
    } = fields;
    match (value, error, returns, throws, hangs) {
        (Some(value), None, None, None, false) => {
            host.sleep(Span::from_millis(after)).await;
            Ok(value)
        }
        (None, Some(error), None, None, false) => {
            host.sleep(Span::from_millis(after)).await;
            Err(error)
        }
        // What JavaScript's loaders return lands when the current turn is over.
        (None, None, Some(value), None, false) => {
            yield_now().await;
            Ok(value)
        }
        (None, None, None, Some(error), false) => Err(error),
        (None, None, None, None, true) => pending().await,
        _ => panic!("a load has exactly one of value, error, returns, throws and hangs"),
    }
}

async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
