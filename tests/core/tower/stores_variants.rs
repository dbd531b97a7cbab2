//! Responses that depend on fields of the request, in stores that instances share.

use crate::instances::World;
use crate::stage::{Answer, Pieces, SECOND, answer, fresh, piece, request, streamed};
use futures::future::Ready;
use holdover::Span;
use holdover::tower::ResponsePolicy;
use http::request::Parts;
use std::sync::{Arc, Mutex};

fn value(parts: &Parts, name: &str) -> String {
    let value = parts.headers.get(name);
    value
        .map_or("none", |value| value.to_str().unwrap())
        .to_owned()
}

fn in_languages() -> World<impl Fn(Parts, usize) -> Ready<Answer> + Send + Sync + 'static> {
    World::new(|parts: Parts, nth| {
        let text = format!("{} #{nth}", value(&parts, "accept-language"));
        let head = fresh().header("vary", "Accept-Language");
        futures::future::ready(answer(head, &text))
    })
}

const DE: [(&str, &str); 1] = [("accept-language", "de")];
const EN: [(&str, &str); 1] = [("accept-language", "en")];
const FR: [(&str, &str); 1] = [("accept-language", "fr")];

#[test]
fn each_language_is_a_hit_in_another_instance() {
    let world = in_languages();
    let one = world.instance();
    assert_eq!(
        one.get("/", &DE).cache_status(),
        "holdover; fwd=uri-miss; fwd-status=200; stored"
    );
    one.get("/", &EN);
    let other = world.instance();
    assert_eq!(other.get("/", &EN).text, "en #2");
    assert_eq!(other.get("/", &DE).text, "de #1");
    assert_eq!(
        other.get("/", &FR).cache_status(),
        "holdover; fwd=vary-miss; fwd-status=200; stored"
    );
    assert_eq!(one.get("/", &FR).text, "fr #3");
    // Without memory, too.
    let bare = world.instance_with(ResponsePolicy::new(), |builder| builder.max_entries(0));
    for (fields, text) in [(&DE, "de #1"), (&EN, "en #2"), (&FR, "fr #3")] {
        assert_eq!(bare.get("/", fields).text, text);
        let conditional = [fields[0], ("cache-control", "max-age=50")];
        assert_eq!(bare.get("/", &conditional).text, text);
    }
    assert_eq!(world.asked(), 3);
}

#[test]
fn an_invalidation_by_one_instance_ends_all_of_them() {
    let world = in_languages();
    let one = world.instance();
    one.get("/", &DE);
    one.get("/", &EN);
    world.after(Span::from_millis(1));
    world.instance().send("PUT", "/", &[]);
    let other = world.instance();
    assert_eq!(other.get("/", &EN).text, "en #4");
    assert_eq!(other.get("/", &DE).text, "de #5");
    assert_eq!(one.get("/", &FR).text, "fr #6", "by the record that it has");
}

#[test]
fn a_variant_that_is_read_while_its_url_is_dropped_is_not_served() {
    let world = in_languages();
    let one = world.instance();
    one.get("/", &DE);
    one.get("/", &EN);
    let other = world.instance();
    other.get("/", &DE);
    *other.way.latency.lock().unwrap() = 100;
    world.after(Span::from_millis(1));
    let reading = other.begin("/", &EN);
    world.after(Span::from_millis(50));
    let uri = "http://origin.test/".parse().unwrap();
    drop(other.layer.invalidate(&uri));
    world.after(SECOND.times(2));
    assert_eq!(crate::stage::got(&reading).text, "en #3");
}

#[test]
fn what_was_dropped_does_not_come_back_with_a_new_list() {
    // The one who has the record has not heard that it was dropped, and has a list to add.
    let world = World::new(|parts: Parts, nth| async move {
        let vary = if parts.uri.query().is_some() {
            "x-a"
        } else {
            "x-b"
        };
        answer(fresh().header("vary", vary), &format!("#{nth}"))
    });
    let by_path = || ResponsePolicy::new().key(|parts| parts.uri.path().to_owned());
    let one = world.instance_by(by_path());
    one.get("/", &[("x-a", "1"), ("x-b", "1")]);
    let other = world.instance_by(by_path());
    let uri = "http://origin.test/".parse().unwrap();
    let dropped = other.layer.invalidate(&uri);
    assert!(world.host.run(dropped));
    assert_eq!(one.get("/?y", &[("x-a", "2"), ("x-b", "2")]).text, "#2");
    world.after(SECOND);
    assert!(
        world
            .names()
            .iter()
            .all(|name| name.contains('\n') && !name.ends_with("handler")),
        "{:?}",
        world.names()
    );
    let third = world.instance_by(by_path());
    assert_eq!(third.get("/", &[("x-a", "1"), ("x-b", "1")]).text, "#3");
}

#[test]
fn lists_of_several_instances_are_one_record() {
    let world = World::new(|parts: Parts, nth| async move {
        let vary = match parts.uri.query() {
            Some("a") => "x-a",
            Some("b") => "x-b",
            _ => "x-c",
        };
        answer(fresh().header("vary", vary), &format!("#{nth}"))
    });
    let by_path = || ResponsePolicy::new().key(|parts| parts.uri.path().to_owned());
    let (one, two) = (world.instance_by(by_path()), world.instance_by(by_path()));
    one.get("/?c", &[("x-c", "1")]);
    two.get("/?c", &[("x-c", "1")]);
    one.get("/?a", &[("x-a", "1"), ("x-c", "2")]);
    two.get("/?b", &[("x-b", "1"), ("x-c", "3")]);
    world.after(SECOND);
    let record = world.store.record("site:/\nhandler").unwrap();
    let record = String::from_utf8_lossy(&record);
    assert!(record.contains(r#"["x-b","x-a","x-c"]"#), "{record}");
}

#[test]
fn a_response_that_belongs_elsewhere_streams_to_its_client_whatever_the_store_does() {
    let body = Arc::<Mutex<Option<Pieces>>>::default();
    let open = Arc::clone(&body);
    let world = World::new(move |_, _| {
        let (pieces, sent) = streamed();
        *open.lock().unwrap() = Some(pieces);
        std::future::ready(Ok(fresh().header("vary", "x").body(sent).unwrap()))
    });
    let one = world.instance();
    *one.way.latency.lock().unwrap() = 100;
    let begun = one.begin("/", &[]);
    world.after(SECOND);
    let pieces = body.lock().unwrap().take().unwrap();
    for text in ["a", "b", "c"] {
        pieces.unbounded_send(piece(text)).unwrap();
        world.after(Span::from_millis(300));
    }
    drop(pieces);
    world.after(SECOND);
    assert_eq!(crate::stage::got(&begun).text, "abc");
    assert_eq!(world.instance().get("/", &[]).text, "abc");
}

#[test]
fn a_group_that_ended_while_a_response_was_on_its_way_ends_it_wherever_it_belongs() {
    for vary in ["", "x"] {
        for over_stores in [false, true] {
            let mut world = World::new(move |parts: Parts, nth| async move {
                if parts.method == "POST" {
                    let head = http::Response::builder();
                    return answer(head.header("cache-group-invalidation", "\"g\""), "");
                }
                let head = fresh().header("cache-groups", "\"g\"");
                let head = if vary.is_empty() {
                    head
                } else {
                    head.header("vary", vary)
                };
                answer(head, &format!("#{nth}"))
            });
            world.delay = SECOND;
            let one = world.instance();
            let stage = if over_stores {
                one.stage.clone()
            } else {
                // The same world, in memory alone.
                let cache = holdover::tower::HttpCache::builder(world.host.clone()).build();
                let layer = holdover::tower::CacheLayer::shared(&cache, ResponsePolicy::new());
                let own = (world.host.clone(), cache, layer.unwrap());
                let origin = move |parts: Parts, nth: usize| async move {
                    if parts.method == "POST" {
                        let head = http::Response::builder();
                        return answer(head.header("cache-group-invalidation", "\"g\""), "");
                    }
                    let head = fresh().header("cache-groups", "\"g\"");
                    let head = if vary.is_empty() {
                        head
                    } else {
                        head.header("vary", vary)
                    };
                    answer(head, &format!("#{nth}"))
                };
                let requests = Arc::clone(&world.requests);
                crate::stage::Stage::with(own, SECOND, requests, Arc::new(origin))
            };
            // Its origin answers at 1.0 s by what it knew at 0.5 s; the change is answered at 0.9 s.
            world.after(Span::from_millis(1));
            let change = stage.clone();
            world.host.start(async move {
                change.fetch(request("POST", "/other", &[])).await.unwrap();
            });
            world.after(Span::from_millis(500));
            let begun = stage.begin("/", &[]);
            world.after(SECOND.times(3));
            let first = crate::stage::got(&begun).text;
            let begun = stage.begin("/", &[]);
            world.after(SECOND.times(3));
            let again = crate::stage::got(&begun);
            assert_ne!(again.text, first, "{vary:?} {over_stores}");
        }
    }
}
