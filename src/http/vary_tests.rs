//! Variant keys.

use super::*;
use alloc::format;
use proptest::prelude::*;

fn vary(value: &str) -> String {
    names(Head::new(&format!("vary: {value}\n")), false)
}

fn matches(vary_value: &str, one: &str, other: &str) -> bool {
    let vary = vary(vary_value);
    let one = key(&vary, Head::new(one));
    one.is_some() && one == key(&vary, Head::new(other))
}

#[test]
fn names_are_in_one_form() {
    assert_eq!(vary("Foo, bar,, FOO , Baz"), "bar,baz,foo");
    assert_eq!(names(Head::new("vary: b\nVary: a\n"), false), "a,b");
    assert_eq!(vary(""), "");
    for any in [
        "*", "*, *", ", *", "Foo, *", "*, Foo", "a b", "a:b", "a\u{a0}", "a(b", "a\"b", "a@b",
    ] {
        assert_eq!(vary(any), ANY, "{any}");
    }
    assert_eq!(key(ANY, Head::default()), None);
}

#[test]
fn what_varies_by_a_hidden_field_matches_nothing_where_it_is_hidden() {
    for name in [
        "Cookie",
        "cookie2",
        "Referer",
        "Sec-Fetch-Mode",
        "Accept, cookie",
    ] {
        let head = format!("vary: {name}\n");
        assert_eq!(names(Head::new(&head), true), ANY, "{name}");
        assert_ne!(names(Head::new(&head), false), ANY, "{name}");
    }
    for name in [
        "Accept-Encoding",
        "Origin",
        "Authorization",
        "Accept",
        "x-cookie",
    ] {
        let head = format!("vary: {name}\n");
        assert_ne!(names(Head::new(&head), true), ANY, "{name}");
    }
}

#[test]
fn requests_match_in_what_is_named_only() {
    assert!(matches("Foo", "foo: 1\n", "FOO: 1\nother: 2\n"));
    assert!(!matches("Foo", "foo: 1\n", "foo: 2\n"));
    assert!(!matches("Foo", "", "foo: 1\n"));
    assert!(!matches("Foo", "", "foo:\n"));
    assert!(matches(
        "Foo, Bar, Baz",
        "foo: 1\nbaz: 9\n",
        "baz: 9\nfoo: 1\n"
    ));
    assert!(!matches(
        "Foo, Bar",
        "foo: 1\nbar: abc\n",
        "foo: 2\nbar: abc\n"
    ));
    assert!(!matches("*", "foo: 1\n", "foo: 1\n"));
}

#[test]
fn lines_of_one_field_are_combined() {
    assert!(matches("Foo", "foo: 1, 2\n", "foo: 1\nfoo: 2\n"));
    assert!(matches("Foo", "foo: 1,2\n", "foo:  1, 2 \n"));
    assert!(!matches("Foo", "foo: 2\nfoo: 1\n", "foo: 1\nfoo: 2\n"));
}

#[test]
fn a_value_cannot_pose_as_another_field() {
    assert!(!matches("a, b", "a: 1\nb: 2\n", "a: 1 b:2\n"));
    assert!(!matches("a, b", "a: b\n", "b: b\n"));
}

proptest! {
    /// Without commas nothing may be normalized, so keys are equal only if the values are.
    #[test]
    fn keys_are_injective(one in prop::option::of("[a-zA-Z :;\"=]{0,12}"), other in prop::option::of("[a-zA-Z :;\"=]{0,12}")) {
        let head = |value: &Option<String>| value.as_ref().map_or(String::new(), |value| format!("foo: {value}\n"));
        let same = one.as_deref().map(str::trim_ascii) == other.as_deref().map(str::trim_ascii);
        prop_assert_eq!(matches("foo", &head(&one), &head(&other)), same);
    }

    #[test]
    fn fields_that_are_not_named_do_not_count(value in "[ -~]{0,20}") {
        let other = format!("foo: 1\nbar: {value}\n");
        prop_assert!(matches("foo", "foo: 1\n", &other));
    }

    #[test]
    fn no_text_panics(vary_value: String, request: String) {
        let vary = vary(&vary_value);
        let _ = key(&vary, Head::new(&request));
        let _ = key(&vary_value, Head::new(&request));
    }
}
