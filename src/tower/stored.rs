//! The values of a cache of HTTP: plain data, all that requests may share.

use super::fields::head_of;
use crate::strategy::ttl::Lifetime;
use crate::time::{Span, Timestamp};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

/// The result of a load.
#[derive(Clone, Debug)]
pub(super) enum HttpValue {
    /// A complete response.
    Response(Arc<StoredResponse>),
    /// The record of a URL whose responses depend on the request: where to look for them.
    Variants(Arc<Variants>),
    /// Something that only the request that led the load can have.
    Unshared(Unshared),
}

/// A load brought something that only the request that led it can have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unshared {
    pub(super) failed: bool,
}

/// A complete response with its body.
#[derive(Debug)]
pub(super) struct StoredResponse {
    pub(super) status: StatusCode,
    pub(super) fields: HeaderMap,
    pub(super) body: Bytes,
    pub(super) terms: Terms,
    pub(super) lifetime: Lifetime,
    /// True if it is to be stored.
    pub(super) is_storable: bool,
    /// True if requests that waited for it may have it.
    pub(super) shareable: bool,
    /// True if it counts as a failure of the origin.
    pub(super) failed: bool,
}

/// The part of a response's head that is read once.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of the response, and any of them go together"
)]
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) initial_age: Span,
    pub(super) overdue: Span,
    pub(super) requested_at: Timestamp,
    /// The fields that it varies by, and their values in its request.
    pub(super) vary: String,
    pub(super) selection: String,
    pub(super) validate: bool,
    pub(super) never_stale: bool,
    pub(super) immutable: bool,
    /// True if it may answer requests with `Authorization`.
    pub(super) authorized: bool,
    /// True if its body was decoded, as a writer in JavaScript may have: its head has no coding.
    pub(super) decoded: bool,
    /// The tags of its groups.
    pub(super) groups: Vec<String>,
}

impl StoredResponse {
    /// Its head as the rules read it.
    pub(super) fn head(&self) -> String {
        head_of(&self.fields)
    }

    /// Its weight in memory.
    fn weight(&self) -> usize {
        /// Bytes of a header map and this struct besides fields and body.
        const BESIDE: usize = 400;
        let fields = self.fields.iter();
        let fields: usize = fields
            .map(|(name, value)| name.as_str().len() + value.len() + 64)
            .sum();
        let Terms {
            vary, selection, ..
        } = &self.terms;
        self.body.len() + fields + vary.len() + selection.len() + BESIDE
    }
}

/// The places of a URL's responses.
#[derive(Debug)]
pub(super) struct Variants {
    /// A part of the keys of this URL's variants: dropping this record drops them all.
    pub(super) id: Arc<str>,
    /// The lists of fields that its responses so far vary by, the latest first, each once.
    pub(super) lists: Vec<String>,
    pub(super) lifetime: Lifetime,
}

/// The most lists of a URL, as in records of the npm package: each costs a look at every request.
pub(super) const MOST_LISTS: usize = 4;

impl Variants {
    /// The record with a list at its head.
    pub(super) fn with(&self, list: &str, ttl: Span) -> Self {
        let others = self.lists.iter().filter(|known| *known != list).cloned();
        let mut lists = std::vec![String::from(list)];
        lists.extend(others.take(MOST_LISTS - 1));
        Self {
            id: Arc::clone(&self.id),
            lists,
            lifetime: Lifetime {
                ttl,
                ..Lifetime::NONE
            },
        }
    }
}

impl HttpValue {
    pub(super) fn unshared(failed: bool) -> Self {
        Self::Unshared(Unshared { failed })
    }

    pub(super) fn has_failed(&self) -> bool {
        match self {
            Self::Response(response) => response.failed,
            Self::Variants(_) => false,
            Self::Unshared(unshared) => unshared.failed,
        }
    }

    pub(super) fn is_storable(&self) -> bool {
        match self {
            Self::Response(response) => response.is_storable,
            Self::Variants(_) => true,
            Self::Unshared(_) => false,
        }
    }

    /// The time for which it may be used; `None` where it is not to be stored.
    pub(super) fn lifetime(&self) -> Option<Lifetime> {
        match self {
            Self::Response(response) => response.is_storable.then_some(response.lifetime),
            Self::Variants(record) => Some(record.lifetime),
            Self::Unshared(_) => None,
        }
    }

    pub(super) fn groups(&self) -> Vec<String> {
        match self {
            Self::Response(response) => response.terms.groups.clone(),
            Self::Variants(_) | Self::Unshared(_) => Vec::new(),
        }
    }

    /// The size under `key`, in bytes.
    pub(super) fn weight(&self, key: &str) -> u32 {
        let own = match self {
            Self::Response(response) => response.weight(),
            Self::Variants(record) => record.lists.iter().map(String::len).sum::<usize>() + 200,
            Self::Unshared(_) => 0,
        };
        u32::try_from(own.saturating_add(2 * key.len())).unwrap_or(u32::MAX)
    }
}
