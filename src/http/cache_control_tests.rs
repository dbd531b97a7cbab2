//! Tests of reading `Cache-Control`.

use super::super::directive::DELTA_SECONDS_MAX;
use super::*;
use crate::time::Span;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use proptest::prelude::*;

const SHARED: Scope<'static> = Scope {
    shared: true,
    targets: "cdn-cache-control",
    keeps_set_cookie: false,
    hides_fields: false,
};
const PRIVATE: Scope<'static> = Scope {
    shared: false,
    targets: "",
    keeps_set_cookie: false,
    hides_fields: false,
};

fn directives(value: &str) -> ResponseDirectives {
    let head = format!("cache-control: {value}\n");
    ResponseDirectives::of(Head::new(&head), SHARED)
}

fn max_age(value: &str) -> Option<u64> {
    directives(value)
        .directives
        .seconds(Seconds::MaxAge)
        .map(|age| age.as_millis() / 1000)
}

#[test]
fn lifetimes_in_every_spelling() {
    for (value, seconds) in [
        ("max-age=3600", 3600),
        ("MaX-aGe=3600", 3600),
        ("max-age=\"3600\"", 3600),
        ("foobar, max-age=3600", 3600),
        ("max-age=003600", 3600),
        ("max-age=2147483647", 2_147_483_647),
        ("max-age=2147483648", 2_147_483_648),
        ("max-age=99999999999", DELTA_SECONDS_MAX.as_millis() / 1000),
        ("max-age=99999999999999999999999999", 2_147_483_648),
        ("extension=\"max-age=3600\", max-age=1", 1),
        ("max-age=1, extension=\"max-age=3600\"", 1),
    ] {
        assert_eq!(max_age(value), Some(seconds), "{value}");
    }
    assert_eq!(max_age("public"), None);
}

#[test]
fn a_lifetime_that_cannot_be_read_is_over() {
    for value in [
        "max-age",
        "max-age=",
        "max-age=-3600",
        "max-age='3600'",
        "max-age=a3600",
        "max-age=3600a",
        "max-age=3600.0",
        "max-age =3600",
        "max-age= 3600",
        "max-age=\"36",
        "max-age=\"3 6\"",
    ] {
        assert_eq!(max_age(value), Some(0), "{value}");
    }
}

#[test]
fn of_two_lifetimes_the_shorter_holds() {
    for value in [
        "max-age=1, max-age=1800",
        "max-age=1800, max-age=1",
        "max-age=9\ncache-control: max-age=1",
    ] {
        assert_eq!(max_age(value), Some(1), "{value}");
    }
    assert_eq!(max_age("max-age=9, max-age=x"), Some(0));
}

#[test]
fn flags() {
    let all = directives(
        "No-StOrE, no-cache, private, public, must-revalidate, proxy-revalidate, must-understand, immutable",
    );
    for flag in [
        Flag::NoStore,
        Flag::NoCache,
        Flag::Private,
        Flag::Public,
        Flag::MustRevalidate,
        Flag::ProxyRevalidate,
        Flag::MustUnderstand,
        Flag::Immutable,
    ] {
        assert!(all.has(flag), "{flag:?}");
    }
    assert_eq!(
        directives("x-no-store, nostore"),
        ResponseDirectives::default()
    );
    assert!(directives("ext=\"open, no-store").has(Flag::NoStore));
}

#[test]
fn field_names_qualify_and_what_is_malformed_does_not() {
    let qualified = directives("no-cache=\"a\", private=\"b, c\"");
    assert!(!qualified.has(Flag::NoCache) && !qualified.has(Flag::Private));
    for value in [
        "no-cache=a",
        "no-cache=\"\"",
        "no-cache=\",\"",
        "no-cache=\"a b\"",
        "no-cache=\"a\", no-cache",
        "no-cache=\"a",
        "no-cache=",
        "no-cache=\"\\a\"",
    ] {
        assert!(directives(value).has(Flag::NoCache), "{value}");
    }
}

fn withheld(value: &str, scope: Scope<'_>) -> Vec<String> {
    let head = format!("cache-control: {value}\n");
    let mut names = FieldNames::default();
    withheld_fields(Head::new(&head), scope, &mut names);
    let names = names.sorted();
    names.iter().map(String::from).collect()
}

#[test]
fn withheld_are_the_listed_fields() {
    let value = "no-cache=\"a, b\", private=\"c\", max-age=1";
    assert_eq!(withheld(value, SHARED), ["a", "b", "c"]);
    assert_eq!(withheld(value, PRIVATE), ["a", "b"]);
    assert!(withheld("no-cache, ext=\"a\"", SHARED).is_empty());
}

#[test]
fn who_may_not_be_stale() {
    for value in ["must-revalidate", "no-cache", "must-revalidate, s-maxage=1"] {
        assert!(directives(value).forbids_stale(false), "{value}");
    }
    for value in ["proxy-revalidate", "s-maxage=1"] {
        assert!(directives(value).forbids_stale(true), "{value}");
        assert!(!directives(value).forbids_stale(false), "{value}");
    }
    assert!(!directives("max-age=1, no-cache=\"a\"").forbids_stale(true));
}

#[test]
fn a_targeted_field_rules_alone() {
    let head = "cache-control: no-store\ncdn-cache-control: max-age=60, immutable\n";
    let of = |scope| ResponseDirectives::of(Head::new(head), scope);
    assert!(of(PRIVATE).has(Flag::NoStore) && !of(PRIVATE).targeted);
    let shared = of(SHARED);
    assert!(shared.targeted && shared.has(Flag::Immutable) && !shared.has(Flag::NoStore));
    assert_eq!(
        shared.directives.seconds(Seconds::MaxAge),
        Some(Span::from_secs(60))
    );
}

#[test]
fn a_targeted_field_that_is_wrong_or_empty_is_not_there() {
    for wrong in [
        "",
        "max-age=",
        "max age=1",
        "MAX-AGE=1",
        "no-store,",
        "a=\"open",
        "max-age=1;;",
    ] {
        let head = format!("cache-control: max-age=7\ncdn-cache-control: {wrong}\n");
        let read = ResponseDirectives::of(Head::new(&head), SHARED);
        assert!(!read.targeted, "{wrong}");
        assert_eq!(
            read.directives.seconds(Seconds::MaxAge),
            Some(Span::from_secs(7)),
            "{wrong}"
        );
    }
}

#[test]
fn a_targeted_lifetime_of_another_type_is_not_consumed() {
    let of = |targeted: &str| {
        let head = format!("cache-control: no-store\ncdn-cache-control: {targeted}\n");
        let read = ResponseDirectives::of(Head::new(&head), SHARED);
        let max_age = read.directives.seconds(Seconds::MaxAge);
        (read.targeted, read.has(Flag::NoStore), max_age)
    };
    for wrong in [
        "max-age=\"10000\"",
        "max-age=10.5",
        "max-age=-1",
        "max-age=a",
        "max-age",
        "max-age=:MTA=:",
        "max-age=(1)",
        "max-age=\"1\", s-maxage=\"2\"",
    ] {
        assert_eq!(of(wrong), (false, true, None), "{wrong}");
    }
    // Beside something else it counts as one that cannot be read (RFC 9111 §4.2.1).
    assert_eq!(of("max-age=\"9\", public"), (true, false, Some(Span::ZERO)));
    assert_eq!(
        of("max-age=9, foo=?1"),
        (true, false, Some(Span::from_secs(9)))
    );
}

#[test]
fn a_targeted_prohibition_of_another_type_still_forbids() {
    let of = |targeted: &str| {
        let head = format!("cache-control: max-age=9\ncdn-cache-control: {targeted}\n");
        ResponseDirectives::of(Head::new(&head), SHARED)
    };
    assert!(of("no-store=1").has(Flag::NoStore) && of("no-store=\"a\"").targeted);
    assert!(of("private=set-cookie").has(Flag::Private));
    assert!(of("no-cache=1").has(Flag::NoCache));
    assert!(!of("no-cache=\"a\"").has(Flag::NoCache));
}

#[test]
fn the_first_target_that_speaks_counts() {
    let head = Head::new("b-cc: max-age=2\nc-cc: max-age=3\n");
    let scope = Scope {
        shared: true,
        targets: "a-cc, b-cc, c-cc",
        ..Scope::default()
    };
    let read = ResponseDirectives::of(head, scope);
    assert_eq!(
        read.directives.seconds(Seconds::MaxAge),
        Some(Span::from_secs(2))
    );
}

proptest! {
    #[test]
    fn no_value_panics_and_no_store_is_never_lost(before in "[ -~]{0,40}", after in "[ -~]{0,40}") {
        let _ = directives(&before);
        let unquoted = before.replace('"', "");
        let value = format!("{unquoted}, no-store, {after}");
        prop_assert!(directives(&value).has(Flag::NoStore));
    }

    #[test]
    fn more_directives_never_lengthen_a_lifetime(one in 0_u64..9999, rest in "[a-z=0-9, \"-]{0,40}") {
        let alone = max_age(&format!("max-age={one}"));
        let more = max_age(&format!("max-age={one}, {rest}"));
        prop_assert!(more <= alone);
    }
}
