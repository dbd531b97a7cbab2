//! One request on its way to a load.

use super::asked::Asked;
use super::body::Body;
use super::context::Context;
use super::lead::Lead;
use super::origin::Origin;
use super::stored::Variants;
use http::Response;
use std::sync::Arc;

/// The way on for a request that another's load did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It asks the origin for itself.
    Alone,
    /// The same, whatever is stored: an error that is remembered was another's, too.
    Anew,
}

/// An answer, or where and how to go on.
pub(super) enum Next {
    Told(Told),
    Variants(Arc<Variants>),
    Again(Again),
}

/// A response that is told its `Cache-Status`.
pub(super) struct Told {
    pub(super) response: Response<Body>,
    /// True for one that this request's own load, or the origin, did not bring.
    pub(super) is_stored: bool,
}

/// The place at which a request looks for its response.
#[derive(Clone)]
pub(super) struct Place {
    /// The key of the URL.
    pub(super) primary: Arc<str>,
    /// The record of the URL's variants, if its responses depend on the request.
    pub(super) record: Option<Arc<Variants>>,
    /// Key of this request's response.
    pub(super) key: Arc<str>,
}

/// One load.
pub(super) struct Visit {
    pub(super) context: Arc<Context>,
    pub(super) asked: Arc<Asked>,
    pub(super) origin: Origin,
    pub(super) place: Place,
    pub(super) lead: Lead,
    /// True if the whole response is wanted anew, whatever is stored.
    pub(super) is_reload: bool,
    /// True if nothing that is stored may answer before it.
    pub(super) is_forced: bool,
    /// Set when another's load was joined before, and did not answer this request.
    pub(super) again: Option<Again>,
}
