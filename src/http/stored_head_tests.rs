//! Cleaning and updating heads.

use super::*;
use alloc::vec::Vec;
use proptest::prelude::*;

const SHARED: Scope<'static> = Scope {
    shared: true,
    targets: "cdn-cache-control",
    keeps_set_cookie: false,
    hides_fields: false,
};

fn stored(lines: &str) -> String {
    to_store(Head::new(lines), SHARED, Stamp::default())
}

fn update(stored: &str, newer: &str) -> String {
    updated(Head::new(stored), Head::new(newer))
}

#[test]
fn fields_of_the_connection_are_not_stored() {
    let head = "connection: a, B\na: 1\nb: 2\nc: 3\nkeep-alive: 5\nTE: x\nproxy-connection: y\n\
                proxy-authenticate: z\ntransfer-encoding: chunked\nupgrade: q\nset-cookie: a=b\n";
    assert_eq!(stored(head), "c: 3\n");
    let private = to_store(Head::new(head), Scope::default(), Stamp::default());
    assert_eq!(private, "c: 3\nset-cookie: a=b\n");
    let keeping = Scope {
        keeps_set_cookie: true,
        ..SHARED
    };
    assert_eq!(
        to_store(Head::new(head), keeping, Stamp::default()),
        "c: 3\nset-cookie: a=b\n"
    );
}

#[test]
fn withheld_fields_are_not_stored() {
    let head = "cache-control: no-cache=\"a, b\", private=\"c\"\na: 1\nb: 2\nc: 3\nd: 4\n";
    assert_eq!(
        stored(head),
        "cache-control: no-cache=\"a, b\", private=\"c\"\nd: 4\n"
    );
    let private = to_store(Head::new(head), Scope::default(), Stamp::default());
    assert!(private.contains("c: 3\n") && !private.contains("b: 2\n"));
}

#[test]
fn newer_fields_take_the_place_of_stored_ones() {
    let head = update(
        "cache-control: max-age=2\ntest-header: A\nset-cookie: a=1\nset-cookie: b=1\ncontent-type: text/plain\n",
        "cache-control: max-age=9\nset-cookie: a=2\ncontent-type: text/html\n",
    );
    assert_eq!(
        head,
        "test-header: A\ncache-control: max-age=9\nset-cookie: a=2\ncontent-type: text/html\n"
    );
}

#[test]
fn what_describes_the_bytes_stays() {
    let bytes = "content-encoding: gzip\ncontent-length: 5\ncontent-md5: x\ncontent-range: y\netag: \"a\"\n";
    let newer =
        "content-encoding: br\ncontent-length: 9\ncontent-md5: z\ncontent-range: z\netag: \"b\"\n";
    assert_eq!(update(bytes, newer), bytes);
    assert_eq!(update("a: 1\n", "etag: \"b\"\n"), "a: 1\netag: \"b\"\n");
}

#[test]
fn ages_and_dates_are_of_their_own_head() {
    assert_eq!(
        update("age: 1800\ndate: x\na: 1\n", "b: 2\n"),
        "a: 1\nb: 2\n"
    );
    assert_eq!(update("age: 1800\na: 1\n", "age: 3\n"), "a: 1\nage: 3\n");
}

#[test]
fn a_newer_connection_changes_nothing() {
    assert_eq!(
        update("a: 1\n", "connection: a\na: 2\nkeep-alive: 5\n"),
        "a: 1\n"
    );
}

#[test]
fn a_304_names_the_bytes_without_describing_them() {
    let head =
        "etag: \"a\"\ncontent-type: text/plain\ncontent-length: 5\ncontent-location: /a\nvary: b\n";
    let head = of_not_modified(Head::new(head));
    assert_eq!(head, "etag: \"a\"\ncontent-location: /a\nvary: b\n");
}

fn lines() -> impl Strategy<Value = String> {
    let line = "(a|b|etag|connection|age|content-length|cache-control): [a-c=\", ]{0,8}\n";
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn cleaning_twice_changes_nothing(head in lines()) {
        let once = stored(&head);
        prop_assert_eq!(stored(&once), once);
    }

    #[test]
    fn updating_twice_changes_nothing(head in lines(), newer in lines()) {
        let once = update(&head, &newer);
        let sorted = |head: &str| {
            let mut lines: Vec<String> = head.lines().map(String::from).collect();
            lines.sort();
            lines
        };
        prop_assert_eq!(sorted(&update(&once, &newer)), sorted(&once));
    }

    #[test]
    fn no_text_panics(one: String, other: String) {
        let _ = stored(&one);
        let _ = update(&one, &other);
        let _ = of_not_modified(Head::new(&one));
    }
}

#[test]
fn what_was_decoded_has_no_length_and_no_coding() {
    let head = Head::new("Content-Length: 9\ncontent-encoding: gzip\nx: 1\n");
    let stored = |decoded, encodes_again| {
        let stamp = Stamp {
            decoded,
            encodes_again,
            date: "",
        };
        to_store(head, SHARED, stamp)
    };
    let kept = "Content-Length: 9\ncontent-encoding: gzip\nx: 1\n";
    assert_eq!(stored(false, false), kept);
    assert_eq!(stored(false, true), kept);
    assert_eq!(stored(true, false), "x: 1\n");
    assert_eq!(stored(true, true), "content-encoding: gzip\nx: 1\n");
}

#[test]
fn only_what_has_no_date_is_dated() {
    let stored = |lines, date| {
        let stamp = Stamp {
            date,
            ..Stamp::default()
        };
        to_store(Head::new(lines), SHARED, stamp)
    };
    assert_eq!(stored("x: 1\n", "now"), "x: 1\ndate: now\n");
    assert_eq!(stored("Date: then\n", "now"), "Date: then\n");
    assert_eq!(
        stored("connection: date\ndate: then\n", "now"),
        "date: now\n"
    );
    assert_eq!(stored("x: 1\n", ""), "x: 1\n");
}
