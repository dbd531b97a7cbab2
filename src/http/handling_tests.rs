//! Requests against what is stored, by one thing after another.

use super::*;
use alloc::format;

const FRESH: Stored = Stored {
    state: State::Fresh,
    ttl: Span::from_secs(60),
    age: Span::from_secs(10),
    initial_age: Span::ZERO,
    overdue: Span::ZERO,
    validate: false,
    never_stale: false,
    immutable: false,
    authorized: true,
    redirects_others: false,
    failed: false,
};
const STALE: Stored = Stored {
    state: State::Revalidate,
    age: Span::from_secs(70),
    ..FRESH
};
const ORIGIN: Origin = Origin {
    fills: false,
    keeps_parts: true,
};
const HANDLER: Origin = Origin {
    fills: true,
    keeps_parts: true,
};

fn in_state(state: State) -> Stored {
    Stored { state, ..STALE }
}

fn request(method: &str, mode: Mode, head: &str) -> Request {
    Request::read(method, mode, Head::new(head), true)
}

fn get(head: &str) -> Request {
    request("GET", Mode::Default, head)
}

fn asking(directives: &str) -> Request {
    get(&format!("cache-control: {directives}\n"))
}

#[test]
fn where_requests_go_first() {
    for (method, mode, head, expected) in [
        ("GET", Mode::Default, "", Handling::Lookup),
        ("HEAD", Mode::Reload, "if-none-match: *\n", Handling::Lookup),
        ("POST", Mode::Default, "range: bytes=0-\n", Handling::Post),
        ("POST", Mode::NoStore, "", Handling::Change),
        ("PUT", Mode::Default, "", Handling::Change),
        ("OPTIONS", Mode::NoStore, "if-match: *\n", Handling::Change),
        ("GET", Mode::NoStore, "", Handling::Bypass),
        ("GET", Mode::Default, "if-match: *\n", Handling::Bypass),
        (
            "HEAD",
            Mode::Default,
            "if-unmodified-since: x\n",
            Handling::Bypass,
        ),
        (
            "GET",
            Mode::Default,
            "cache-control: no-store\n",
            Handling::BypassOrStored,
        ),
        (
            "GET",
            Mode::Default,
            "cache-control: no-store\nif-match: *\n",
            Handling::Bypass,
        ),
    ] {
        let handling = request(method, mode, head).handling();
        assert_eq!(handling, expected, "{method} {mode:?} {head}");
    }
}

#[test]
fn who_takes_the_whole() {
    assert!(get("").takes_whole());
    assert!(get("if-match: *\n").takes_whole());
    for head in [
        "if-none-match: *\n",
        "if-modified-since: x\n",
        "range: bytes=0-\n",
    ] {
        assert!(!get(head).takes_whole(), "{head}");
    }
    assert!(get("range: lines=0-\n").takes_whole(), "no bytes");
    assert!(!request("HEAD", Mode::Default, "").takes_whole());
}

#[test]
fn modes_have_their_say() {
    for (mode, stored, expected) in [
        (Mode::Reload, Some(&FRESH), Way::Reload),
        (Mode::Reload, None, Way::Reload),
        (Mode::ForceCache, Some(&STALE), Way::Serve),
        (Mode::ForceCache, None, Way::Call),
        (Mode::OnlyIfCached, Some(&STALE), Way::Serve),
        (Mode::OnlyIfCached, None, Way::FailHard),
        (Mode::NoCache, Some(&FRESH), Way::Validate),
        (Mode::NoCache, None, Way::Validate),
        (Mode::Default, Some(&FRESH), Way::Call),
        (Mode::Default, None, Way::Call),
    ] {
        let way = request("GET", mode, "").way(stored, ORIGIN);
        assert_eq!(way, expected, "{mode:?} {stored:?}");
    }
}

#[test]
fn what_does_not_change_is_not_asked_about() {
    let fixed = Stored {
        immutable: true,
        ..FRESH
    };
    let no_cache = request("GET", Mode::NoCache, "");
    assert_eq!(no_cache.way(Some(&fixed), ORIGIN), Way::Call);
    let stale = Stored {
        immutable: true,
        ..STALE
    };
    assert_eq!(no_cache.way(Some(&stale), ORIGIN), Way::Validate);
    assert_eq!(
        asking("no-cache").way(Some(&fixed), ORIGIN),
        Way::Validate,
        "who says it in a field means it"
    );
    let both = request("GET", Mode::NoCache, "cache-control: no-cache\n");
    assert_eq!(both.way(Some(&fixed), ORIGIN), Way::Validate);
    let reload = request("GET", Mode::Reload, "");
    assert_eq!(reload.way(Some(&fixed), ORIGIN), Way::Reload);
}

#[test]
fn directives_have_their_say() {
    let unusable = in_state(State::Retained);
    for (directives, stored, expected) in [
        ("no-cache", Some(&FRESH), Way::Validate),
        ("no-cache", None, Way::Validate),
        ("max-age=10", Some(&FRESH), Way::Call),
        ("max-age=9", Some(&FRESH), Way::Validate),
        ("min-fresh=50", Some(&FRESH), Way::Call),
        ("min-fresh=51", Some(&FRESH), Way::Validate),
        ("max-age=9", None, Way::Call),
        ("max-stale=10", Some(&STALE), Way::Call),
        ("max-stale=9", Some(&STALE), Way::Validate),
        ("max-stale=10", Some(&unusable), Way::Serve),
        ("only-if-cached", None, Way::Fail),
        ("only-if-cached", Some(&FRESH), Way::Call),
        ("only-if-cached", Some(&STALE), Way::Call),
        ("only-if-cached", Some(&unusable), Way::Fail),
        ("only-if-cached, no-cache", Some(&FRESH), Way::Fail),
        ("only-if-cached, max-stale", Some(&unusable), Way::Serve),
    ] {
        let way = asking(directives).way(stored, ORIGIN);
        assert_eq!(way, expected, "{directives} {stored:?}");
    }
}

#[test]
fn age_counts_from_when_the_response_was_made() {
    let older = Stored {
        initial_age: Span::from_secs(100),
        ..FRESH
    };
    assert_eq!(asking("max-age=110").way(Some(&older), ORIGIN), Way::Call);
    assert_eq!(
        asking("max-age=109").way(Some(&older), ORIGIN),
        Way::Validate
    );
    let arrived_stale = Stored {
        state: State::IfError,
        ttl: Span::ZERO,
        initial_age: Span::from_secs(100),
        overdue: Span::from_secs(40),
        ..FRESH
    };
    let way = |directives| asking(directives).way(Some(&arrived_stale), ORIGIN);
    assert_eq!(way("max-stale=50"), Way::Serve);
    assert_eq!(way("max-stale=49"), Way::Validate);
}

#[test]
fn states_decide_without_a_word() {
    for (state, expected) in [
        (State::Fresh, Way::Call),
        (State::Revalidate, Way::Call),
        (State::IfError, Way::Call),
        (State::Retained, Way::Call),
    ] {
        assert_eq!(get("").way(Some(&in_state(state)), ORIGIN), expected);
    }
    let head = request("HEAD", Mode::Default, "");
    assert_eq!(head.way(Some(&FRESH), ORIGIN), Way::Call);
    assert_eq!(head.way(Some(&STALE), ORIGIN), Way::Call);
    let over = in_state(State::IfError);
    assert_eq!(head.way(Some(&over), ORIGIN), Way::ForwardHead);
    assert_eq!(head.way(Some(&over), HANDLER), Way::Call);
}

#[test]
fn some_requests_are_calls_whatever_is_stored() {
    let calls = "if-none-match: *\ncookie: a\nauthorization: b\n";
    let states = [
        State::Fresh,
        State::Revalidate,
        State::IfError,
        State::Retained,
    ];
    for request in [get(calls), get(""), asking("stale-if-error=9, no-store")] {
        for origin in [ORIGIN, HANDLER] {
            assert_eq!(request.way(None, origin), Way::Call);
            for state in states {
                assert_eq!(request.way(Some(&in_state(state)), origin), Way::Call);
            }
        }
    }
}

#[test]
fn an_origin_that_does_not_fill_is_asked_for_parts() {
    let range = "range: bytes=0-1\n";
    for (method, mode, head, stored, origin, expected) in [
        ("GET", Mode::Default, range, None, ORIGIN, Way::Part),
        ("GET", Mode::Default, range, None, HANDLER, Way::Call),
        ("GET", Mode::NoCache, range, None, ORIGIN, Way::Forward),
        ("GET", Mode::ForceCache, range, None, ORIGIN, Way::Forward),
        (
            "GET",
            Mode::NoCache,
            range,
            Some(&FRESH),
            ORIGIN,
            Way::Forward,
        ),
        (
            "GET",
            Mode::NoCache,
            range,
            Some(&FRESH),
            HANDLER,
            Way::Validate,
        ),
        ("GET", Mode::Default, range, Some(&FRESH), ORIGIN, Way::Call),
        ("HEAD", Mode::Default, "", None, ORIGIN, Way::ForwardHead),
        ("HEAD", Mode::Default, "", None, HANDLER, Way::Call),
        (
            "HEAD",
            Mode::NoCache,
            "",
            Some(&FRESH),
            ORIGIN,
            Way::ForwardHead,
        ),
    ] {
        let way = request(method, mode, head).way(stored, origin);
        assert_eq!(way, expected, "{method} {mode:?} {head} {origin:?}");
    }
    let conditional = get("range: bytes=0-1\nif-none-match: *\n");
    assert_eq!(conditional.way(None, ORIGIN), Way::Forward);
    let own_keys = Origin {
        keeps_parts: false,
        ..ORIGIN
    };
    assert_eq!(get(range).way(None, own_keys), Way::Forward);
    let over = in_state(State::IfError);
    assert_eq!(get(range).way(Some(&over), ORIGIN), Way::Forward);
}

#[test]
fn some_responses_are_not_for_all_requests() {
    let for_nobody = Stored {
        authorized: false,
        ..FRESH
    };
    let signed = "authorization: x\n";
    assert_eq!(get(signed).way(Some(&for_nobody), ORIGIN), Way::Bypass);
    assert_eq!(get("").way(Some(&for_nobody), ORIGIN), Way::Call);
    assert_eq!(get(signed).way(Some(&FRESH), ORIGIN), Way::Call);
    let of_one_user = Request::read("GET", Mode::Default, Head::new(signed), false);
    assert_eq!(of_one_user.way(Some(&for_nobody), ORIGIN), Way::Call);
    let elsewhere = Stored {
        redirects_others: true,
        ..FRESH
    };
    for request in [get(""), request("GET", Mode::ForceCache, "")] {
        assert_eq!(request.way(Some(&elsewhere), ORIGIN), Way::Bypass);
        assert!(!request.takes_instead(&elsewhere));
        assert!(!request.takes_stored_part(&elsewhere));
    }
    assert!(!get(signed).takes_instead(&for_nobody));
    assert!(!get(signed).takes_stored_part(&for_nobody));
}

#[test]
fn errors_of_users_are_their_own() {
    let is_personal =
        |head, shared| Request::read("GET", Mode::Default, Head::new(head), shared).is_personal;
    assert!(is_personal("cookie: a\n", true));
    assert!(is_personal("authorization: a\n", true));
    assert!(!is_personal("cookie: a\n", false));
    assert!(!is_personal("accept: a\n", true));
}

#[test]
fn parts_answer_while_they_are_fresh() {
    assert!(get("").takes_stored_part(&FRESH));
    assert!(!get("").takes_stored_part(&STALE));
    assert!(!asking("max-stale").takes_stored_part(&STALE));
    assert!(!asking("max-age=9").takes_stored_part(&FRESH));
    assert!(!asking("min-fresh=51").takes_stored_part(&FRESH));
    assert!(!asking("no-cache").takes_stored_part(&FRESH));
    let unvalidated = Stored {
        validate: true,
        ..FRESH
    };
    assert!(!get("").takes_stored_part(&unvalidated));
}

#[test]
fn what_stands_in_for_a_failure() {
    for state in [State::Fresh, State::Revalidate, State::IfError] {
        assert!(asking("no-cache").takes_instead(&in_state(state)));
    }
    let over = in_state(State::Retained);
    assert!(!get("").takes_instead(&over));
    assert!(asking("stale-if-error=10").takes_instead(&over));
    assert!(!asking("stale-if-error=9").takes_instead(&over));
    let strict = Stored {
        never_stale: true,
        ..over
    };
    assert!(!asking("stale-if-error=99").takes_instead(&strict));
    let arrived_stale = Stored {
        overdue: Span::from_secs(5),
        ..over
    };
    assert!(asking("stale-if-error=15").takes_instead(&arrived_stale));
    assert!(!asking("stale-if-error=14").takes_instead(&arrived_stale));
    let failure = Stored {
        failed: true,
        ..FRESH
    };
    assert!(!get("").takes_instead(&failure));
}

#[test]
fn modes_are_numbered_in_order() {
    for (number, mode) in Mode::ALL.into_iter().enumerate() {
        assert_eq!(mode as usize, number);
    }
}
