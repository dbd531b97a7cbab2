//! What is done with an input: each reader is given one as its field's value, or as a head.

use holdover::http::age::{self, Exchange};
use holdover::http::cache_control::{ResponseDirectives, Scope};
use holdover::http::handling::{Mode, Origin, Request};
use holdover::http::head::Head;
use holdover::http::range::{self, Extent, Parts};
use holdover::http::request::{self, StoredAge};
use holdover::http::response::{self, Kind, Rules, Transfer};
use holdover::http::status::Status;
use holdover::http::stored_head::Stamp;
use holdover::http::storing::{Answer, judge};
use holdover::http::{
    date, freshness, groups, invalidation, precondition, stored_head, validators, vary,
};
use holdover::time::{Span, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);

const SHARED: Scope<'static> = Scope {
    shared: true,
    targets: "cdn-cache-control",
    keeps_set_cookie: false,
    hides_fields: false,
};

/// A head with one field.
fn field(name: &str, value: &str) -> String {
    [name, ": ", value, "\n"].concat()
}

pub(crate) fn cache_control(value: &str) {
    let head = field("cache-control", value);
    let _ = ResponseDirectives::of(Head::new(&head), SHARED);
}

pub(crate) fn targeted(value: &str) {
    let head = field("cdn-cache-control", value);
    let _ = ResponseDirectives::of(Head::new(&head), SHARED);
}

pub(crate) fn request(value: &str) {
    let head = field("cache-control", value);
    let asked = request::directives(Head::new(&head));
    let stored = StoredAge {
        lifetime: Span::from_secs(60),
        age: Span::from_secs(30),
        validate: false,
        never_stale: false,
    };
    let _ = request::reuse(&stored, &asked);
}

pub(crate) fn dates(value: &str) {
    let _ = date::parse(value, NOW);
}

pub(crate) fn ages(value: &str) {
    let head = field("age", value);
    let exchange = Exchange {
        requested_at: NOW,
        received_at: NOW,
    };
    let _ = age::initial(Head::new(&head), exchange);
}

pub(crate) fn expiry(value: &str) {
    let head = [field("expires", value), field("last-modified", value)].concat();
    let head = Head::new(&head);
    let directives = ResponseDirectives::default();
    let _ = freshness::explicit(head, &directives, true, NOW);
    let guess = freshness::heuristic(head, &directives, Status(200), NOW);
    assert!(guess <= Some(freshness::HEURISTIC_MAX));
}

pub(crate) fn vary_names(value: &str) {
    let head = field("vary", value);
    let names = vary::names(Head::new(&head), false);
    let again = field("vary", &names);
    assert_eq!(
        vary::names(Head::new(&again), false),
        names,
        "names are in one form"
    );
    let _ = vary::key(&names, Head::new("accept: a/b\ncookie: c\n"));
    let _ = vary::key(value, Head::new(&head));
}

pub(crate) fn vary_values(value: &str) {
    let head = [
        field("accept-language", value),
        field("accept", value),
        field("foo", value),
    ]
    .concat();
    let names = "accept,accept-language,foo";
    let key = vary::key(names, Head::new(&head));
    assert_eq!(key, vary::key(names, Head::new(&head)));
}

pub(crate) fn entity_tags(value: &str) {
    let (request, stored) = (field("if-none-match", value), field("etag", value));
    let (request, stored) = (Head::new(&request), Head::new(&stored));
    let _ = precondition::is_not_modified(request, Status(200), stored, NOW);
    let request = field("if-modified-since", value);
    let _ = precondition::is_not_modified(Head::new(&request), Status(200), stored, NOW);
}

pub(crate) fn ranges(value: &str) {
    let request = [field("range", value), field("if-range", "\"a\"")].concat();
    let selected = range::select(
        Head::new(&request),
        Head::new("etag: \"a\"\n"),
        &Extent::complete(99),
    );
    if let Parts::Ranges(ranges) = selected {
        assert!(ranges.len() <= range::MAX_RANGES);
        assert!(
            ranges
                .iter()
                .all(|range| range.first <= range.last && range.last < 99)
        );
    }
}

pub(crate) fn content_ranges(value: &str) {
    let stored = field("content-range", value);
    let extent = Extent::of(Status::PARTIAL_CONTENT, Head::new(&stored), 5);
    for asked in [
        "range: bytes=-5\n",
        "range: bytes=6-\n",
        "range: bytes=4-8,0-\n",
    ] {
        if let Some(extent) = &extent {
            let _ = range::select(Head::new(asked), Head::default(), extent);
        }
    }
}

pub(crate) fn cache_groups(value: &str) {
    let head = field("cache-groups", value);
    for group in groups::of(Head::new(&head)).lines() {
        assert!(group.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
    let head = field("cache-group-invalidation", value);
    let _ = groups::invalidated("POST", Head::new(&head));
}

pub(crate) fn heads(lines: &str) {
    let head = Head::new(lines);
    let stored = stored_head::to_store(head, SHARED, Stamp::default());
    let again = stored_head::to_store(Head::new(&stored), SHARED, Stamp::default());
    assert_eq!(again, stored, "cleaning twice changes nothing");
    let _ = stored_head::updated(Head::new(&stored), head);
    let _ = stored_head::of_not_modified(head);
    let _ = validators::is_same(head, head);
    let _ = invalidation::references(head).count();
    let _ = validators::conditions(head);
    let _ = validators::is_about(head, head);
}

pub(crate) fn answers(lines: &str) {
    let answer = Answer {
        method: "GET",
        request: Head::new(lines),
        status: Status(200),
        response: Head::new(lines),
        exchange: Exchange {
            requested_at: NOW,
            received_at: NOW,
        },
    };
    let _ = judge(&answer, SHARED);
    let rules = Rules {
        scope: SHARED,
        ..Rules::default()
    };
    let transfer = Transfer {
        redirected: false,
        hides_coding: true,
        max_body: 1000,
    };
    let reading = response::read(&answer, transfer, &rules);
    for kind in [Kind::Whole, Kind::Failure, Kind::Part] {
        let _ = response::plan(&reading, &rules, kind.into(), Span::from_secs(9));
    }
    for mode in Mode::ALL {
        let request = Request::read("GET", mode, answer.request, true);
        let _ = (request.handling(), request.way(None, Origin::default()));
    }
}
