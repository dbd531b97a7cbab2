//! The numbers of the rules of HTTP, in groups.

use super::{Constant, Group};
use crate::http::body;
use crate::http::cache_status::Forward;
use crate::http::handling::{Handling, Mode, Way};
use crate::http::status::Status;
use crate::http::stored_flags;
use crate::http::storing::Storing;

groups! {
    /// The flags of a response: see `http_response`.
    pub mod response: u32 {
        /// Not to be used before it is validated (`no-cache`).
        VALIDATE = stored_flags::VALIDATE,
        /// Not to be used when it is stale (`must-revalidate` and the like).
        NEVER_STALE = stored_flags::NEVER_STALE,
        /// Does not change while it is fresh (RFC 8246).
        IMMUTABLE = stored_flags::IMMUTABLE,
        /// Has an `ETag` or a `Last-Modified` that can be asked about.
        VALIDATOR = stored_flags::VALIDATOR,
        /// Sets a cookie.
        SET_COOKIE = stored_flags::SET_COOKIE,
        /// May answer requests with `Authorization`.
        AUTHORIZED = stored_flags::AUTHORIZED,
        /// Is a redirection.
        REDIRECTS = stored_flags::REDIRECTS,
    }

    /// The flags of a request: see `http_request`.
    pub mod request: u32 {
        /// Is a GET.
        GET = 1,
        /// Is a HEAD.
        HEAD = 2,
        /// Takes the whole response, whatever it is.
        WHOLE = 4,
        /// Has `If-None-Match` or `If-Modified-Since`.
        CONDITIONAL = 8,
        /// Asks for a range.
        RANGE = 16,
        /// Asks for validation.
        NO_CACHE = 32,
        /// Is not to reach the origin.
        ONLY_IF_CACHED = 64,
        /// Takes only responses that permit its `Authorization`.
        AUTHORIZATION = 128,
        /// Shows who asks: what it fails with may concern its user alone.
        PERSONAL = 256,
    }

    /// The cache modes of requests.
    pub mod mode: u32 as names {
        /// See [`Mode::Default`].
        DEFAULT = Mode::Default as u32,
        /// See [`Mode::NoStore`].
        NO_STORE = Mode::NoStore as u32,
        /// See [`Mode::Reload`].
        RELOAD = Mode::Reload as u32,
        /// See [`Mode::NoCache`].
        NO_CACHE = Mode::NoCache as u32,
        /// See [`Mode::ForceCache`].
        FORCE_CACHE = Mode::ForceCache as u32,
        /// See [`Mode::OnlyIfCached`].
        ONLY_IF_CACHED = Mode::OnlyIfCached as u32,
    }

    /// The way of a request, before anything is looked up.
    pub mod handling: u32 {
        /// See [`Handling::Lookup`].
        LOOKUP = Handling::Lookup as u32,
        /// See [`Handling::Change`].
        CHANGE = Handling::Change as u32,
        /// See [`Handling::Bypass`].
        BYPASS = Handling::Bypass as u32,
        /// See [`Handling::BypassOrStored`].
        BYPASS_OR_STORED = Handling::BypassOrStored as u32,
        /// See [`Handling::Post`].
        POST = Handling::Post as u32,
    }

    /// The ways to answer a request: the results of `http_way`.
    pub mod way: u32 {
        /// See [`Way::Call`].
        CALL = Way::Call as u32,
        /// See [`Way::Serve`].
        SERVE = Way::Serve as u32,
        /// See [`Way::Validate`].
        VALIDATE = Way::Validate as u32,
        /// See [`Way::Reload`].
        RELOAD = Way::Reload as u32,
        /// See [`Way::Fail`].
        FAIL = Way::Fail as u32,
        /// See [`Way::FailHard`].
        FAIL_HARD = Way::FailHard as u32,
        /// See [`Way::Forward`].
        FORWARD = Way::Forward as u32,
        /// See [`Way::ForwardHead`].
        FORWARD_HEAD = Way::ForwardHead as u32,
        /// See [`Way::Part`].
        PART = Way::Part as u32,
        /// See [`Way::Bypass`].
        BYPASS = Way::Bypass as u32,
    }

    /// The reasons not to store a response: the names are those that users see.
    pub mod storing: u32 as names {
        /// See [`Storing::Allowed`].
        ALLOWED = Storing::Allowed as u32,
        /// See [`Storing::Method`].
        METHOD = Storing::Method as u32,
        /// See [`Storing::Status`].
        STATUS = Storing::Status as u32,
        /// See [`Storing::NoStore`].
        NO_STORE = Storing::NoStore as u32,
        /// See [`Storing::RequestNoStore`].
        REQUEST_NO_STORE = Storing::RequestNoStore as u32,
        /// See [`Storing::Private`].
        PRIVATE = Storing::Private as u32,
        /// See [`Storing::Authorization`].
        AUTHORIZATION = Storing::Authorization as u32,
        /// See [`Storing::VaryAny`].
        VARY = Storing::VaryAny as u32,
        /// See [`Storing::Silent`].
        SILENT = Storing::Silent as u32,
        /// See [`Storing::SetCookie`].
        SET_COOKIE = Storing::SetCookie as u32,
        /// See [`Storing::Cookie`].
        COOKIE = Storing::Cookie as u32,
        /// See [`Storing::Partial`].
        PARTIAL = Storing::Partial as u32,
        /// See [`Storing::EventStream`].
        EVENT_STREAM = Storing::EventStream as u32,
        /// See [`Storing::Redirected`].
        REDIRECTED = Storing::Redirected as u32,
        /// See [`Storing::NoLifetime`].
        NO_LIFETIME("no lifetime") = Storing::NoLifetime as u32,
        /// See [`Storing::TooLong`].
        TOO_LONG("too long") = Storing::TooLong as u32,
        /// See [`Storing::Encoded`].
        ENCODED = Storing::Encoded as u32,
    }

    /// The part of a stored response that answers a request: the first result of `http_answer`.
    pub mod part: u32 {
        /// All of it.
        WHOLE = 0,
        /// 304.
        NOT_MODIFIED = 1,
        /// All but the body.
        HEAD = 2,
        /// 206.
        RANGES = 3,
        /// 416.
        UNSATISFIABLE = 4,
    }

    /// The circumstances in which a response has come, for `http_plan`.
    pub mod arrival: u32 {
        /// None: it is to answer all requests for its URL.
        WHOLE = 0,
        /// The origin fails by it.
        FAILURE = 1,
        /// It is a part, to be kept as such.
        PART = 2,
        /// Something stored may answer instead.
        STANDS_IN = 4,
        /// It belongs elsewhere than its request looked for it.
        APART = 8,
        /// Its request takes the whole of it.
        TAKES_WHOLE = 16,
    }

    /// The steps that follow for a response: see `http_plan`.
    pub mod plan: u32 {
        /// Requests that wait for it may have it.
        SHAREABLE = 1,
        /// They go on to the origin.
        DISMISSES = 2,
        /// It is kept in a place of its own.
        MOVES = 4,
        /// Its own request gets it as it comes.
        STREAMS = 8,
    }

    /// The relation of a body to its head: the results of `http_body`.
    pub mod body_state: u32 {
        /// See [`body::State::Whole`].
        WHOLE = body::State::Whole as u32,
        /// See [`body::State::Decoded`].
        DECODED = body::State::Decoded as u32,
        /// See [`body::State::Cut`].
        CUT = body::State::Cut as u32,
    }

    /// Status codes that a driver has to know.
    pub mod status: u16 {
        /// See [`Status::PARTIAL_CONTENT`].
        PARTIAL_CONTENT = Status::PARTIAL_CONTENT.0,
        /// See [`Status::NOT_MODIFIED`].
        NOT_MODIFIED = Status::NOT_MODIFIED.0,
        /// See [`Status::FAILS`].
        FAILS = Status::FAILS.0,
    }

    /// The reasons to ask an origin: the names are those of RFC 9211.
    pub mod forward: u32 as names {
        /// See [`Forward::Bypass`].
        BYPASS = Forward::Bypass as u32,
        /// See [`Forward::Method`].
        METHOD = Forward::Method as u32,
        /// See [`Forward::UriMiss`].
        URI_MISS = Forward::UriMiss as u32,
        /// See [`Forward::VaryMiss`].
        VARY_MISS = Forward::VaryMiss as u32,
        /// See [`Forward::Request`].
        REQUEST = Forward::Request as u32,
        /// See [`Forward::Stale`].
        STALE = Forward::Stale as u32,
        /// See [`Forward::Partial`].
        PARTIAL = Forward::Partial as u32,
    }
}
