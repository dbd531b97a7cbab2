//! Ranges out of whole bodies and out of parts.

use super::*;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use proptest::prelude::*;

fn parts(range: &str, extent: &Extent) -> Parts {
    select(
        Head::new(&format!("range: {range}\n")),
        Head::default(),
        extent,
    )
}

fn ranges(range: &str, length: u64) -> Vec<(u64, u64)> {
    match parts(range, &Extent::complete(length)) {
        Parts::Ranges(ranges) => ranges
            .iter()
            .map(|range| (range.first, range.last))
            .collect(),
        other => panic!("{range}: {other:?}"),
    }
}

#[test]
fn one_range() {
    assert_eq!(ranges("bytes=0-1", 11), [(0, 1)]);
    assert_eq!(ranges("bytes=1-", 11), [(1, 10)]);
    assert_eq!(ranges("BYTES=-1", 11), [(10, 10)]);
    assert_eq!(ranges("bytes=-99", 11), [(0, 10)]);
    assert_eq!(ranges("bytes=5-99999999999999999999", 11), [(5, 10)]);
}

#[test]
fn several_ranges_are_joined_where_they_overlap() {
    assert_eq!(ranges("bytes=0-1, 4-5", 11), [(0, 1), (4, 5)]);
    assert_eq!(ranges("bytes=4-5,0-1", 11), [(4, 5), (0, 1)]);
    assert_eq!(ranges("bytes=0-4, 2-6, 99-", 11), [(0, 6)]);
    assert_eq!(ranges("bytes=0-1, 5-6, 1-5", 11), [(0, 6)]);
}

#[test]
fn what_cannot_be_read_is_no_range() {
    for whole in [
        "bytes=",
        "bytes=a-b",
        "bytes=5-4",
        "bytes=1",
        "bytes=-",
        "bytes=1-2-3",
        "bytes=0-1;2-3",
        "items=0-1",
        "bytes 0-1",
        "bytes=0-1, x",
        "bytes=+1-2",
        "",
    ] {
        assert_eq!(parts(whole, &Extent::complete(11)), Parts::Whole, "{whole}");
    }
    let many = format!("bytes={}", "0-0,".repeat(17));
    assert_eq!(parts(&many, &Extent::complete(11)), Parts::Whole);
    let two = Head::new("range: bytes=0-1\nrange: bytes=0-1\n");
    assert_eq!(
        select(two, Head::default(), &Extent::complete(11)),
        Parts::Whole
    );
}

#[test]
fn what_is_past_the_end_is_unsatisfiable() {
    for range in ["bytes=11-", "bytes=99-100", "bytes=-0", "bytes=11-,12-"] {
        assert_eq!(
            parts(range, &Extent::complete(11)),
            Parts::Unsatisfiable,
            "{range}"
        );
    }
    assert_eq!(
        parts("bytes=0-", &Extent::complete(0)),
        Parts::Unsatisfiable
    );
    assert_eq!(
        parts("bytes=-5", &Extent::complete(0)),
        Parts::Unsatisfiable
    );
}

fn part(content_range: &str, length: u64) -> Option<Extent> {
    let head = format!("content-range: {content_range}\n");
    Extent::of(Status::PARTIAL_CONTENT, Head::new(&head), length)
}

#[test]
fn a_stored_part_answers_what_it_holds() {
    let middle = part("bytes 4-8/20", 5).unwrap();
    let range = |first, last| Parts::Ranges(vec![ByteRange { first, last }]);
    assert_eq!(parts("bytes=4-8", &middle), range(4, 8));
    assert_eq!(parts("bytes=6-7", &middle), range(6, 7));
    for outside in [
        "bytes=3-8",
        "bytes=4-9",
        "bytes=6-",
        "bytes=-5",
        "bytes=9-10",
    ] {
        assert_eq!(parts(outside, &middle), Parts::Whole, "{outside}");
    }
    assert_eq!(parts("bytes=20-", &middle), Parts::Unsatisfiable);
}

#[test]
fn a_part_up_to_the_end_answers_what_is_counted_from_there() {
    let end = part("bytes 5-9/10", 5).unwrap();
    let range = |first, last| Parts::Ranges(vec![ByteRange { first, last }]);
    assert_eq!(parts("bytes=-5", &end), range(5, 9));
    assert_eq!(parts("bytes=-1", &end), range(9, 9));
    assert_eq!(parts("bytes=6-", &end), range(6, 9));
    assert_eq!(parts("bytes=-6", &end), Parts::Whole);
    let short = part("bytes 4-9/10", 5).unwrap();
    assert_eq!(parts("bytes=6-8", &short), range(6, 8));
    assert_eq!(parts("bytes=-1", &short), range(8, 8));
}

#[test]
fn a_content_range_that_is_wrong_is_no_extent() {
    for wrong in [
        "bytes */10",
        "bytes 5-4/10",
        "bytes 0-10/10",
        "bytes 0-4",
        "items 0-4/10",
        "",
        "bytes 0-x/10",
    ] {
        assert_eq!(part(wrong, 5), None, "{wrong}");
    }
    assert_eq!(part("bytes 0-4/*", 5).unwrap().total, None);
    assert_eq!(Extent::of(Status(404), Head::default(), 5), None);
    let far = part("bytes 0-18446744073709551615/*", 5).unwrap();
    assert_eq!(
        parts("bytes=0-4", &far),
        Parts::Ranges(vec![ByteRange { first: 0, last: 4 }])
    );
}

#[test]
fn if_range_compares_strongly() {
    let holds = |condition: &str, stored: &str| {
        let request = format!("range: bytes=0-1\nif-range: {condition}\n");
        select(Head::new(&request), Head::new(stored), &Extent::complete(9)) != Parts::Whole
    };
    assert!(holds("\"a\"", "etag: \"a\"\n"));
    for (condition, stored) in [
        ("\"b\"", "etag: \"a\"\n"),
        ("W/\"a\"", "etag: W/\"a\"\n"),
        ("\"a\"", ""),
    ] {
        assert!(!holds(condition, stored), "{condition}");
    }
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let sent = |at| format!("last-modified: {date}\ndate: Sun, 06 Nov 1994 08:49:{at} GMT\n");
    assert!(holds(date, &sent("38")));
    assert!(!holds(date, &sent("37")));
    assert!(!holds("Sun, 06 Nov 1994 08:49:36 GMT", &sent("38")));
    assert!(!holds(date, &format!("last-modified: {date}\n")));
}

proptest! {
    #[test]
    fn ranges_are_in_the_body_and_apart(text in "[0-9]{0,2}-[0-9]{0,2}(, ?[0-9]{0,2}-[0-9]{0,2}){0,5}", length in 0_u64..40) {
        if let Parts::Ranges(ranges) = parts(&format!("bytes={text}"), &Extent::complete(length)) {
            for (at, range) in ranges.iter().enumerate() {
                prop_assert!(range.first <= range.last && range.last < length);
                for other in &ranges[..at] {
                    prop_assert!(other.last < range.first || range.last < other.first);
                }
            }
        }
    }

    #[test]
    fn no_text_panics(range: String, content_range: String, length: u64) {
        let extent = part(&content_range, length).unwrap_or(Extent::complete(length));
        let _ = parts(&range, &extent);
        let _ = parts(&format!("bytes={range}"), &extent);
    }
}
