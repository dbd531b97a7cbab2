//! Stores below the memory: responses that instances share, and stores that fail.

use crate::instances::World;
use crate::stage::{Down, Pieces, SECOND, Stage, answer, fresh, piece, request, streamed};
use holdover::Span;
use holdover::driver::testing::Virtual;
use holdover::driver::{LruStore, Store};
use holdover::tower::{CacheLayer, HttpCache, ResponsePolicy};
use http::Response;
use std::sync::{Arc, Mutex};

const HIT: &str = "holdover; hit; ttl=60";

#[test]
fn what_one_instance_has_asked_for_is_a_hit_in_another() {
    let world = World::new(|_, nth| async move {
        let head = fresh().header("age", "7").header("x-odd", "a b");
        answer(head.status(203), &format!("#{nth}"))
    });
    let one = world.instance();
    assert_eq!(one.get("/a?b=c", &[]).text, "#1");
    world.after(SECOND.times(3));
    let other = world.instance();
    let hit = other.get("/a?b=c", &[]);
    assert_eq!((hit.text.as_str(), hit.status), ("#1", 203));
    assert_eq!((hit.header("age"), hit.header("x-odd")), ("10", "a b"));
    assert_eq!(hit.cache_status(), "holdover; hit; ttl=50");
    assert_eq!(
        world.names(),
        ["GET http://origin.test/a?b=c\nhandler"],
        "the npm package's"
    );
    // Its memory has it now.
    let reads = other.way.count("get site:GET");
    other.get("/a?b=c", &[]);
    assert_eq!((other.way.count("get site:GET"), world.asked()), (reads, 1));
    world.after(SECOND.times(50));
    assert_eq!(world.instance().get("/a?b=c", &[]).text, "#2");
}

#[test]
fn memory_asks_again_past_its_own_lifetime() {
    let world = World::new(|_, nth| async move { answer(fresh(), &format!("#{nth}")) });
    let brief = world.instance_with(ResponsePolicy::new(), |builder| {
        builder.memory_ttl(SECOND.times(5))
    });
    let other = world.instance();
    brief.get("/", &[]);
    other.get("/", &[]);
    other.send("POST", "/", &[]);
    assert_eq!(other.get("/", &[]).text, "#3");
    assert_eq!(brief.get("/", &[]).text, "#1", "nobody told it");
    world.after(SECOND.times(5));
    assert_eq!(brief.get("/", &[]).text, "#3");
}

#[test]
fn a_response_for_one_user_is_in_no_store_of_a_shared_layer() {
    for (control, fields) in [
        ("private, max-age=60", &[][..]),
        ("no-store, max-age=60", &[]),
        ("max-age=60", &[("authorization", "Bearer me")]),
        (
            "max-age=60, no-cache=\"set-cookie\"",
            &[("authorization", "Bearer me")],
        ),
    ] {
        let world = World::new(move |_, _| async move {
            answer(Response::builder().header("cache-control", control), "mine")
        });
        world.instance().get("/", fields);
        assert_eq!(world.names(), [""; 0], "{control}");
    }
    let world = World::new(|_, _| async { answer(fresh().header("set-cookie", "sid=1"), "page") });
    world.instance().get("/", &[]);
    let other = world.instance().get("/", &[]);
    assert_eq!(
        (other.header("set-cookie"), other.cache_status()),
        ("", HIT)
    );
}

#[test]
fn what_a_store_has_is_not_given_to_those_who_may_not_have_it() {
    let world = World::new(|_, nth| async move { answer(fresh(), &format!("#{nth}")) });
    world.instance().get("/", &[]);
    let authorized = [("authorization", "Bearer me")];
    let own = world.instance().get("/", &authorized);
    assert_eq!(
        (own.text.as_str(), own.cache_status()),
        ("#2", "holdover; fwd=bypass")
    );
    let public = World::new(|_, nth| async move {
        let head = Response::builder().header("cache-control", "max-age=60, public");
        answer(head, &format!("#{nth}"))
    });
    public.instance().get("/", &authorized);
    assert_eq!(public.instance().get("/", &authorized).text, "#1");
}

#[test]
fn layers_are_told_apart_in_stores_by_their_names() {
    let store = LruStore::new(Virtual::new(), 1 << 20);
    let cache = HttpCache::builder(Virtual::new()).store(store).build();
    let named = |name: &str| ResponsePolicy::new().name(name);
    assert!(CacheLayer::shared(&cache, named("a")).is_ok());
    assert!(CacheLayer::shared(&cache, ResponsePolicy::new()).is_ok());
    assert!(CacheLayer::shared(&cache, named("a")).is_ok());
    let second = CacheLayer::shared(&cache, ResponsePolicy::new()).unwrap_err();
    let private = CacheLayer::private(&cache, ResponsePolicy::new()).unwrap_err();
    assert!(second.to_string().contains("second layer"), "{second}");
    assert!(private.to_string().contains("of the user"), "{private}");
    assert!(CacheLayer::private(&cache, named("a")).is_ok());
}

#[test]
fn a_private_layer_shares_with_those_of_its_users_name_alone() {
    let world = World::new(|_, nth| async move {
        let head = Response::builder().header("cache-control", "private, max-age=60");
        answer(head, &format!("#{nth}"))
    });
    let of = |user: &str| {
        let policy = ResponsePolicy::new().name(user);
        world.instance_of(
            |builder| builder,
            |cache| CacheLayer::private(cache, policy).unwrap(),
        )
    };
    assert_eq!(of("ann b").get("/", &[]).text, "#1");
    assert_eq!(of("bo").get("/", &[]).text, "#2");
    assert_eq!(of("ann b").get("/", &[]).text, "#1");
    let shared = world.instance_by(ResponsePolicy::new().name("bo"));
    assert_eq!(shared.get("/", &[]).text, "#3");
    assert_eq!(
        world.names(),
        [
            "GET http://origin.test/\nhandler private name=ann%20b",
            "GET http://origin.test/\nhandler private name=bo"
        ]
    );
}

#[test]
fn stale_windows_hold_for_what_a_store_has() {
    let world = World::new(|_, nth| async move {
        if nth == 3 {
            return Err(Down("down"));
        }
        let control = "max-age=60, stale-while-revalidate=30, stale-if-error=600";
        answer(
            Response::builder().header("cache-control", control),
            &format!("#{nth}"),
        )
    });
    world.instance().get("/", &[]);
    world.after(SECOND.times(70));
    let other = world.instance();
    let stale = other.get("/", &[]);
    assert_eq!(stale.text, "#1");
    assert_eq!(stale.cache_status(), "holdover; hit; ttl=-10; detail=stale");
    assert_eq!(
        world.instance().get("/", &[]).text,
        "#2",
        "it was refreshed"
    );
    world.after(SECOND.times(200));
    let held = world.instance().get("/", &[]);
    assert_eq!(held.text, "#2");
    assert!(held.cache_status().ends_with("detail=error-fallback"));
    world.after(SECOND.times(600));
    assert_eq!(world.instance().get("/", &[]).text, "#4");
}

#[test]
fn what_a_store_has_is_validated_and_renewed_there() {
    let world = World::new(|parts, nth| async move {
        let head = fresh()
            .header("etag", "\"1\"")
            .header("x-nth", nth.to_string());
        if parts.headers.contains_key("if-none-match") {
            return answer(head.status(304), "");
        }
        answer(head, &format!("#{nth}"))
    });
    world.instance().get("/", &[]);
    world.after(SECOND.times(100));
    let renewed = world.instance().get("/", &[]);
    assert_eq!(
        (renewed.text.as_str(), renewed.header("x-nth")),
        ("#1", "2")
    );
    let hit = world.instance().get("/", &[]);
    assert_eq!((hit.text.as_str(), hit.header("x-nth")), ("#1", "2"));
    assert_eq!((hit.cache_status(), world.asked()), (HIT, 2));
    // A client that has it, a part, and a HEAD are answered from there, too.
    let known = world.instance().get("/", &[("if-none-match", "\"1\"")]);
    assert_eq!(known.status, 304);
    let part = world.instance().get("/", &[("range", "bytes=1-")]);
    assert_eq!((part.status, part.text.as_str()), (206, "1"));
    let head = world.instance().send("HEAD", "/", &[]);
    assert_eq!((head.status, head.header("content-length")), (200, "2"));
    assert_eq!(world.asked(), 2);
}

#[test]
fn a_body_too_long_for_a_record_streams_and_is_in_memory_alone() {
    let world =
        World::new(
            |_, nth| async move { answer(fresh(), &format!("#{nth} {}", "x".repeat(2000))) },
        );
    let one = world.instance_with(ResponsePolicy::new(), |builder| builder.max_record(1000));
    let first = one.get("/", &[]);
    assert_eq!(first.text.len(), 2003);
    assert_eq!(world.names(), [""; 0]);
    assert_eq!(
        *one.way.failures.lock().unwrap(),
        ["a record is longer than max_record, 1000 bytes"]
    );
    assert!(one.get("/", &[]).text.starts_with("#1"));
    assert!(world.instance().get("/", &[]).text.starts_with("#2"));
    // Nor is one read that is longer.
    let reader = world.instance_with(ResponsePolicy::new(), |builder| builder.max_record(1000));
    assert!(reader.get("/", &[]).text.starts_with("#3"));
}

#[test]
fn a_body_that_breaks_off_is_in_no_store() {
    let body = Arc::<Mutex<Option<Pieces>>>::default();
    let open = Arc::clone(&body);
    let world = World::new(move |_, _| {
        let (pieces, sent) = streamed();
        pieces.unbounded_send(piece("half")).unwrap();
        *open.lock().unwrap() = Some(pieces);
        std::future::ready(Ok(fresh().body(sent).unwrap()))
    });
    let one = world.instance();
    let stage = one.stage.clone();
    let read = world.host.run(async move {
        let response = stage.response(request("GET", "/", &[])).await.unwrap();
        let pieces = body.lock().unwrap().take().unwrap();
        let cut = Err(std::io::Error::other("cut"));
        pieces.unbounded_send(cut).unwrap();
        response.into_body().bytes().await
    });
    assert!(read.is_err());
    world.after(SECOND);
    assert_eq!(world.names(), [""; 0]);
    let short = World::new(|_, _| async { answer(fresh().header("content-length", "9"), "half") });
    short.instance().get("/", &[]);
    assert_eq!(short.names(), [""; 0]);
}

#[test]
fn a_store_that_fails_is_a_miss() {
    let world = World::new(|_, nth| async move { answer(fresh(), &format!("#{nth}")) });
    world.instance().get("/", &[]);
    let down = world.instance();
    down.way.set_down(true);
    let loaded = down.get("/", &[]);
    assert_eq!(loaded.text, "#2");
    assert_eq!(down.get("/", &[]).text, "#2", "memory has it");
    assert!(!down.way.failures.lock().unwrap().is_empty());
    // One that hangs costs its deadline, and no more.
    let hung = world.instance();
    hung.way.hangs.lock().unwrap().extend(["get", "set"]);
    let begun = hung.begin("/", &[]);
    world.after(Span::from_millis(999));
    assert!(begun.lock().unwrap().is_none());
    world.after(SECOND);
    assert_eq!(crate::stage::got(&begun).text, "#3");
}

#[test]
fn a_change_is_answered_though_the_store_hangs() {
    let world = World::new(|_, nth| async move { answer(fresh(), &format!("#{nth}")) });
    let one = world.instance();
    one.get("/", &[]);
    one.way.hangs.lock().unwrap().insert("delete");
    let stage = one.stage.clone();
    let changed = crate::stage::Begun::default();
    let place = Arc::clone(&changed);
    world.host.start(async move {
        let got = stage.fetch(request("PUT", "/", &[])).await;
        *place.lock().unwrap() = Some(got);
    });
    world.after(SECOND);
    assert_eq!(crate::stage::got(&changed).text, "#2");
    // What the store could not drop is not used here.
    assert_eq!(one.get("/", &[]).text, "#3");
}

#[test]
fn any_store_is_one_and_several_are_read_in_order() {
    let host = Virtual::new();
    let near = LruStore::new(host.clone(), 1 << 20);
    let world = World::new(|_, nth| async move { answer(fresh(), &format!("#{nth}")) });
    world.instance().get("/", &[]);
    let layered = HttpCache::builder(world.host.clone())
        .namespace("site")
        .store(near.clone())
        .store(world.store.clone())
        .build();
    let layer = CacheLayer::shared(&layered, ResponsePolicy::new()).unwrap();
    let stage = Stage::with(
        (world.host.clone(), layered, layer),
        Span::ZERO,
        Arc::clone(&world.requests),
        Arc::new(|_, _| async { answer(fresh(), "new") }),
    );
    assert_eq!(stage.get("/", &[]).text, "#1");
    let key = "site:GET http://origin.test/\nhandler";
    let kept = host.run(async move { near.get(key).await.unwrap() });
    assert!(kept.is_some(), "copied to the store above");
}

#[test]
fn a_cache_that_is_cleared_leaves_nothing_in_its_namespace() {
    let world = World::new(|_, nth| async move { answer(fresh(), &format!("#{nth}")) });
    let one = world.instance();
    one.get("/", &[]);
    let cache = one.cache.clone();
    assert!(world.host.run(async move { cache.clear().await }));
    assert_eq!(world.names(), [""; 0]);
    assert_eq!(one.get("/", &[]).text, "#2");
    let cache = one.cache.clone();
    world.host.run(async move { cache.settled().await });
    assert_eq!(world.names().len(), 1);
}
