//! The scripted origin: what the nth load does, and when loads began and were aborted.

use super::format::{LoadFields, Origin as Script};
use serde_json::Value;
use std::collections::BTreeMap;

/// How a load ends.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Value(Value),
    Error(Value),
}

/// One load that began.
#[derive(Debug)]
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

impl LoadFields {
    /// How it ends; `None` for one that hangs.
    pub(crate) fn ending(&self) -> Option<Ending> {
        let value = self.value.as_ref().or(self.returns.as_ref());
        let error = self.error.as_ref().or(self.throws.as_ref());
        match (value, error) {
            (Some(value), None) => Some(Ending::Value(value.clone())),
            (None, Some(error)) => Some(Ending::Error(error.clone())),
            (None, None) if self.hangs => None,
            _ => panic!("a load has exactly one of value, error, returns, throws and hangs"),
        }
    }
}
