//! Changes of what stores have: they reach all instances, in their order.

use crate::instances::World;
use crate::stage::{SECOND, answer, fresh, request};
use holdover::Span;
use http::Response;
use http::request::Parts;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn a_change_is_in_the_stores_before_it_is_answered() {
    let world = World::new(|_, nth| async move { answer(fresh(), &format!("#{nth}")) });
    let (one, other) = (world.instance(), world.instance());
    one.get("/a", &[]);
    one.get("/b", &[]);
    *other.way.latency.lock().unwrap() = 100;
    let stage = other.stage.clone();
    world.host.start(async move {
        let response = stage.response(request("POST", "/a", &[])).await.unwrap();
        assert_eq!(response.status(), 200);
        let gone = stage.cache.stats();
        assert_eq!(gone.entries, 0);
    });
    world.after(Span::from_millis(50));
    assert_eq!(world.names().len(), 2, "on its way");
    world.after(SECOND);
    assert_eq!(world.names(), ["GET http://origin.test/b\nhandler"]);
    let third = world.instance();
    assert_eq!(third.get("/a", &[]).text, "#4");
    assert_eq!(third.get("/b", &[]).text, "#2");
}

#[test]
fn an_instance_hears_of_changes_by_others() {
    for vary in [None, Some("x")] {
        let world = World::new(move |parts: Parts, nth| async move {
            let head = match parts.uri.path() {
                "/group" => {
                    let head = Response::builder();
                    return answer(head.header("cache-group-invalidation", "\"g\""), "");
                }
                _ => fresh().header("cache-groups", "\"g\""),
            };
            let head = match vary {
                Some(vary) => head.header("vary", vary),
                None => head,
            };
            answer(head, &format!("#{nth}"))
        })
        .with_messages();
        let (one, other) = (world.instance(), world.instance());
        one.get("/", &[]);
        assert_eq!(other.get("/", &[]).text, "#1");
        // Records of variants are told apart by when they were made.
        world.after(Span::from_millis(1));
        one.send("PUT", "/", &[]);
        assert_eq!(other.get("/", &[]).text, "#3", "{vary:?}");
        assert_eq!(one.get("/", &[]).text, "#3");
        one.send("POST", "/group", &[]);
        assert_eq!(other.get("/", &[]).text, "#5", "{vary:?}");
        let uri = "http://origin.test/".parse().unwrap();
        world.after(Span::from_millis(1));
        world.host.run(other.layer.invalidate(&uri));
        assert_eq!(one.get("/", &[]).text, "#6", "{vary:?}");
    }
}

#[test]
fn the_parts_of_the_npm_package_end_with_the_whole() {
    let world = World::new(|_, nth| async move { answer(fresh(), &format!("#{nth}")) });
    for key in [
        "GET http://origin.test/\nhandler\npart",
        "GET http://origin.test/\nhandler implied\npart",
    ] {
        world.store.put(&format!("site:{key}"), b"a part");
    }
    world.instance().send("PUT", "/", &[]);
    assert_eq!(world.names(), [""; 0]);
}

/// Changes at any time of a load, with a store that is as slow as can be: what was made before the
/// change is read by nobody after it.
#[test]
fn no_write_on_its_way_overtakes_a_change() {
    for vary in [None, Some("x")] {
        for latency in [0, 70, 130] {
            for at in (0..1000).step_by(15) {
                let changes = Arc::new(AtomicUsize::new(0));
                let version = Arc::clone(&changes);
                let mut world = World::new(move |parts: Parts, _| {
                    // The state as it is when the request arrives, which takes as long to come back.
                    if parts.method == "PUT" {
                        version.fetch_add(1, Ordering::Relaxed);
                    }
                    let head = match vary {
                        Some(vary) => fresh().header("vary", vary),
                        None => fresh(),
                    };
                    let text = version.load(Ordering::Relaxed).to_string();
                    std::future::ready(answer(head, &text))
                });
                world.delay = Span::from_millis(40);
                let one = world.instance();
                *one.way.latency.lock().unwrap() = latency;
                let before = one.begin("/", &[]);
                world.after(Span::from_millis(at));
                let stage = one.stage.clone();
                let own = Arc::clone(&changes);
                world.host.start(async move {
                    stage.fetch(request("PUT", "/", &[])).await.unwrap();
                    own.fetch_add(100, Ordering::Relaxed);
                });
                while changes.load(Ordering::Relaxed) < 100 {
                    world.after(Span::from_millis(5));
                }
                changes.store(1, Ordering::Relaxed);
                let after = [world.instance(), world.instance()].map(|other| {
                    let begun = other.begin("/", &[]);
                    world.after(SECOND);
                    crate::stage::got(&begun).text
                });
                let own = one.begin("/", &[]);
                world.after(SECOND);
                drop(before);
                let case = format!("{vary:?}, latency {latency}, changed at {at}");
                assert_eq!(after, ["1", "1"], "{case}");
                assert_eq!(crate::stage::got(&own).text, "1", "{case}");
                assert_eq!(world.instance().get("/x", &[]).status, 200);
            }
        }
    }
}

#[test]
fn a_head_renews_nothing_that_another_instance_has_dropped() {
    let world = World::new(|parts: Parts, nth| async move {
        let head = fresh()
            .header("etag", "\"1\"")
            .header("x-nth", nth.to_string());
        let text = if parts.method == "HEAD" { "" } else { "page" };
        answer(head, text)
    });
    let (one, other) = (world.instance(), world.instance());
    one.get("/", &[]);
    world.after(SECOND.times(61));
    one.send("HEAD", "/", &[]);
    let hit = other.get("/", &[]);
    assert_eq!((hit.header("x-nth"), hit.text.as_str()), ("2", "page"));
    let uri = "http://origin.test/".parse().unwrap();
    assert!(world.host.run(other.layer.invalidate(&uri)));
    world.after(SECOND.times(61));
    one.send("HEAD", "/", &[]);
    assert_eq!(world.names(), [""; 0], "it is not brought back");
    assert_eq!(world.asked(), 3);
    one.get("/", &[]);
    assert_eq!(world.asked(), 4, "nor in memory");
}

#[test]
fn a_head_about_another_response_ends_the_stored_one() {
    let world = World::new(|parts: Parts, _| async move {
        let tag = if parts.method == "HEAD" {
            "\"2\""
        } else {
            "\"1\""
        };
        answer(fresh().header("etag", tag), "page")
    });
    let one = world.instance();
    one.get("/", &[]);
    world.after(SECOND.times(61));
    one.send("HEAD", "/", &[]);
    assert_eq!(world.names(), [""; 0]);
}
