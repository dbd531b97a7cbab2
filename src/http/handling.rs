//! The way in which a request is answered: past the cache, from what is stored, or by its origin
//! (RFC 9111 §4, §5.2.1, and the cache modes of the Fetch standard).

use super::directive::{Directives, Flag, Seconds};
use super::head::Head;
use super::range;
use super::request::{Reuse, StoredAge, directives, reuse};
use super::sharing;
use crate::time::Span;

/// The wish of the calling code (Fetch, "cache mode").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The rules of HTTP.
    #[default]
    Default,
    /// Nothing stored, and nothing is stored.
    NoStore,
    /// A new response, whatever is stored.
    Reload,
    /// The stored response, once it has been validated.
    NoCache,
    /// The stored response, however stale; else the origin's.
    ForceCache,
    /// The stored response, however stale; else none.
    OnlyIfCached,
}

impl Mode {
    /// All modes, in order.
    pub const ALL: [Self; 6] = [
        Self::Default,
        Self::NoStore,
        Self::Reload,
        Self::NoCache,
        Self::ForceCache,
        Self::OnlyIfCached,
    ];
}

/// A request as far as its cache must know it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of the request, and any of them go together"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// True for GET.
    pub is_get: bool,
    /// True for HEAD.
    pub is_head: bool,
    /// True for POST.
    pub is_post: bool,
    /// Its cache mode.
    pub mode: Mode,
    /// Its directives.
    pub directives: Directives,
    /// True with `If-None-Match` or `If-Modified-Since`.
    pub is_conditional: bool,
    /// True with `If-Match` or `If-Unmodified-Since`, which are the origin's.
    pub has_precondition: bool,
    /// True if it asks for ranges of bytes.
    pub wants_range: bool,
    /// True if only responses that permit it may answer it: a shared cache and `Authorization`
    /// (§3.5).
    pub is_authorized: bool,
    /// True if an error it fails with may concern its user alone.
    pub is_personal: bool,
}

/// The way of a request, before anything is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// It asks for something that may be stored.
    Lookup,
    /// It may change what is stored.
    Change,
    /// It is a POST: it may change what is stored, and later GETs may have its answer (RFC 9110
    /// §9.3.3).
    Post,
    /// It goes past the cache.
    Bypass,
    /// It goes past the cache, which answers if the origin fails.
    BypassOrStored,
}

/// A stored response, and its entry as it is now.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of the response, and any of them go together"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its freshness.
    pub state: State,
    /// The time for which its entry is fresh from when it was stored.
    pub ttl: Span,
    /// The time since then.
    pub age: Span,
    /// Its age when it was stored.
    pub initial_age: Span,
    /// The time that it was past its lifetime then.
    pub overdue: Span,
    /// True if it is to be validated before each use.
    pub validate: bool,
    /// True if it may never be used stale.
    pub never_stale: bool,
    /// True if it does not change while it is fresh.
    pub immutable: bool,
    /// True if it may answer requests with `Authorization`.
    pub authorized: bool,
    /// True if it is the end of a redirection for other requests than this one.
    pub redirects_others: bool,
    /// True if it is a failure of its origin.
    pub failed: bool,
}

/// The state of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It answers.
    Fresh,
    /// It answers while it is revalidated.
    Revalidate,
    /// It answers if the origin fails.
    IfError,
    /// It is kept to be validated.
    Retained,
}

/// The origin behind a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// True if it is asked for the whole response when a part or a head is wanted.
    pub fills: bool,
    /// True if its parts may be stored.
    pub keeps_parts: bool,
}

/// The way in which a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By a call, in which the policy has its say.
    Call,
    /// By the stored response as it is.
    Serve,
    /// By a load that may validate what is stored; nothing stored answers before.
    Validate,
    /// By a load without a look at what is stored.
    Reload,
    /// Not at all (§5.2.1.7): 504.
    Fail,
    /// Not at all, as the calling code wants it: an error.
    FailHard,
    /// By the origin, as it is.
    Forward,
    /// By the origin, whose answer to HEAD renews or ends what is stored (§4.3.5).
    ForwardHead,
    /// By a stored part, or one that the origin gives.
    Part,
    /// By the origin, as what is stored is not for this request.
    Bypass,
}

impl Request {
    /// Reads a request to a cache, which several users may share.
    #[must_use]
    pub fn read(method: &str, mode: Mode, head: Head<'_>, shared: bool) -> Self {
        Self {
            is_get: method == "GET",
            is_head: method == "HEAD",
            is_post: method == "POST",
            mode,
            directives: directives(head),
            is_conditional: head.has_any(&["if-none-match", "if-modified-since"]),
            has_precondition: head.has_any(&["if-match", "if-unmodified-since"]),
            wants_range: range::is_asked(head),
            is_authorized: shared && head.has("authorization"),
            is_personal: shared && sharing::is_personal(head),
        }
    }

    /// Decides on the way of a request.
    #[must_use]
    pub fn handling(&self) -> Handling {
        if self.is_post && self.mode == Mode::Default {
            Handling::Post
        } else if !self.is_get && !self.is_head {
            Handling::Change
        } else if self.mode == Mode::NoStore || self.has_precondition {
            Handling::Bypass
        } else if self.directives.has(Flag::NoStore) {
            Handling::BypassOrStored
        } else {
            Handling::Lookup
        }
    }

    /// True if the whole response is the answer, whatever it is.
    #[must_use]
    pub const fn takes_whole(&self) -> bool {
        self.is_get && !self.is_conditional && !self.wants_range
    }

    /// Decides how the request is answered where `stored` is what there is.
    #[must_use]
    pub fn way(&self, stored: Option<&Stored>, origin: Origin) -> Way {
        if stored.is_some_and(|stored| self.is_barred_from(stored)) {
            return Way::Bypass;
        }
        match self.plain_way(stored, origin) {
            Way::Forward if self.is_head => Way::ForwardHead,
            Way::Forward if stored.is_none() && origin.keeps_parts && self.takes_part() => {
                Way::Part
            }
            way => way,
        }
    }

    fn plain_way(&self, stored: Option<&Stored>, origin: Origin) -> Way {
        let can_load = origin.fills || (self.is_get && !self.wants_range);
        let load = if can_load { Way::Call } else { Way::Forward };
        match (self.mode, stored) {
            (Mode::Reload, _) => return Way::Reload,
            (Mode::ForceCache | Mode::OnlyIfCached, Some(_)) => return Way::Serve,
            (Mode::ForceCache, None) => return load,
            (Mode::OnlyIfCached, None) => return Way::FailHard,
            _ => {}
        }
        let asks_anew = self.mode == Mode::NoCache || self.directives.has(Flag::NoCache);
        let validate = if self.directives.has(Flag::OnlyIfCached) {
            Way::Fail
        } else if can_load {
            Way::Validate
        } else {
            Way::Forward
        };
        let Some(stored) = stored else {
            return if asks_anew || validate == Way::Fail {
                validate
            } else {
                load
            };
        };
        if !self.is_settled(stored) && (asks_anew || self.says_how_old()) {
            return match reuse(&stored.aged(), &self.asking(asks_anew)) {
                Reuse::Fresh => Way::Call,
                Reuse::Stale if stored.state == State::Revalidate => Way::Call,
                Reuse::Stale => Way::Serve,
                Reuse::Validate => validate,
            };
        }
        match stored.state {
            State::Fresh | State::Revalidate => Way::Call,
            State::IfError | State::Retained if validate == Way::Fail => Way::Fail,
            State::IfError | State::Retained => load,
        }
    }

    /// RFC 8246: a response that does not change while it is fresh need not be validated.
    fn is_settled(&self, stored: &Stored) -> bool {
        let is_fixed = stored.immutable && stored.state == State::Fresh;
        is_fixed && self.mode == Mode::NoCache && !self.directives.has(Flag::NoCache)
    }

    fn says_how_old(&self) -> bool {
        let names = [Seconds::MaxAge, Seconds::MinFresh, Seconds::MaxStale];
        names
            .into_iter()
            .any(|name| self.directives.seconds(name).is_some())
    }

    const fn asking(&self, anew: bool) -> Directives {
        if anew {
            self.directives.with(Flag::NoCache)
        } else {
            self.directives
        }
    }

    /// True if a part may answer it where no whole is stored.
    fn takes_part(&self) -> bool {
        let wants_part = self.is_get && self.wants_range && !self.is_conditional;
        wants_part && self.mode == Mode::Default
    }

    /// True if a stored response may not answer it, however fresh it is.
    #[must_use]
    pub const fn is_barred_from(&self, stored: &Stored) -> bool {
        is_barred(
            self.is_authorized,
            stored.authorized,
            stored.redirects_others,
        )
    }

    /// True if a stored part may answer it: while it is fresh, and as fresh as the request wants
    /// it.
    #[must_use]
    pub fn takes_stored_part(&self, stored: &Stored) -> bool {
        !self.is_barred_from(stored) && reuse(&stored.aged(), &self.directives) == Reuse::Fresh
    }

    /// True if a stored response answers it when the origin has failed: within its windows, or
    /// beyond them if the request takes it and the response does not forbid it (RFC 5861 §4). A
    /// directive of the request does not lose the last good answer (§4.2.4, §5.2.1).
    #[must_use]
    pub fn takes_instead(&self, stored: &Stored) -> bool {
        let overdue = (stored.age + stored.overdue).minus(stored.ttl);
        let asked = self.directives.seconds(Seconds::StaleIfError);
        let is_taken = !stored.never_stale && asked.is_some_and(|most| overdue <= most);
        let is_servable = stored.state != State::Retained;
        !self.is_barred_from(stored) && !stored.failed && (is_servable || is_taken)
    }
}

/// True if a response may not answer a request: one with `Authorization` takes what permits it
/// (§3.5), and a redirection is an answer, an error, or the way to another answer.
#[must_use]
pub const fn is_barred(is_authorized: bool, authorized: bool, redirects_others: bool) -> bool {
    redirects_others || (is_authorized && !authorized)
}

impl Stored {
    fn aged(&self) -> StoredAge {
        StoredAge {
            lifetime: (self.ttl + self.initial_age).minus(self.overdue),
            age: self.age + self.initial_age,
            validate: self.validate,
            never_stale: self.never_stale,
        }
    }
}

#[cfg(test)]
#[path = "handling_tests.rs"]
mod tests;
