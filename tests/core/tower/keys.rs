//! Which requests are for the same response, and which layers share what they keep.

use crate::stage::{SECOND, Stage, answer, fresh, request};
use holdover::tower::Body;
use holdover::tower::{CacheLayer, HttpCache, ResponsePolicy};
use http::Request;
use tower_layer::Layer;

fn numbered(policy: ResponsePolicy) -> Stage {
    Stage::shared(policy, |_, nth| async move {
        answer(fresh(), &format!("#{nth}"))
    })
}

#[test]
fn the_url_is_the_key_and_the_query_a_part_of_it() {
    let stage = numbered(ResponsePolicy::new());
    assert_eq!(stage.get("/a", &[]).text, "#1");
    assert_eq!(stage.get("/a?", &[]).text, "#2");
    assert_eq!(stage.get("/a?x=1&y=2", &[]).text, "#3");
    assert_eq!(stage.get("/a?y=2&x=1", &[]).text, "#4");
    let sorted = numbered(ResponsePolicy::new().sort_query());
    sorted.get("/a?x=1&y=2", &[]);
    assert_eq!(sorted.get("/a?y=2&x=1", &[]).text, "#1");
}

#[test]
fn a_server_is_told_its_host_apart() {
    let stage = numbered(ResponsePolicy::new());
    let ask = |hosts: &[&str]| {
        let mut request = Request::get("/a");
        for host in hosts {
            request = request.header("host", *host);
        }
        let (request, own) = (request.body(Body::default()).unwrap(), stage.clone());
        stage
            .host
            .run(async move { own.fetch(request).await.unwrap().text })
    };
    assert_eq!(ask(&["a.test"]), "#1");
    assert_eq!(ask(&["b.test"]), "#2");
    assert_eq!(ask(&["A.test:80"]), "#1");
    assert_eq!(
        [ask(&[]), ask(&[])],
        ["#3", "#4"],
        "nobody knows whose it is"
    );
    assert_eq!(ask(&["a.test", "b.test"]), "#5");
    assert_eq!(ask(&["a.test/x"]), "#6");
}

#[test]
fn a_key_of_the_policys() {
    let by_path = ResponsePolicy::new().key(|parts| parts.uri.path().to_owned());
    let stage = numbered(by_path);
    stage.get("/a?x=1", &[]);
    assert_eq!(stage.get("/a?x=2", &[]).text, "#1");
    stage
        .layer
        .invalidate(&"http://origin.test/a".parse().unwrap());
    assert_eq!(stage.get("/a?x=2", &[]).text, "#2");
}

#[test]
fn layers_share_nothing_without_a_name_but_invalidations() {
    let mut one = numbered(ResponsePolicy::new());
    one.get("/", &[]);
    let inner = tower::util::BoxCloneSyncService::new(one.service.clone());
    let named = |shared: bool, name: Option<&str>| {
        let mut policy = ResponsePolicy::new();
        if let Some(name) = name {
            policy = policy.name(name);
        }
        let make = if shared {
            CacheLayer::shared
        } else {
            CacheLayer::private
        };
        make(&one.cache, policy).unwrap()
    };
    let (apart, same, again, private) = (
        named(true, None),
        named(true, Some("x")),
        named(true, Some("x")),
        named(false, Some("x")),
    );
    let host = one.host.clone();
    let get = |layer: &CacheLayer| {
        let mut service = layer.layer(inner.clone());
        let call = tower_service::Service::call(&mut service, request("GET", "/", &[]));
        host.run(async move {
            let status = call
                .await
                .unwrap()
                .headers()
                .get_all("cache-status")
                .iter()
                .next_back()
                .unwrap()
                .clone();
            status.to_str().unwrap().starts_with("holdover; hit")
        })
    };
    assert!(!get(&apart) && get(&apart));
    assert!(!get(&same) && get(&again) && !get(&private));
    apart.invalidate(&"http://origin.test/".parse().unwrap());
    assert!(!get(&same) && !get(&private));
    one.requests.lock().unwrap().clear();
    one.service = one
        .layer
        .layer(tower::util::BoxCloneSyncService::new(tower::service_fn(
            |_| async { answer(fresh(), "new") },
        )));
    assert_eq!(
        one.get("/", &[]).text,
        "#2",
        "asked when one of the others was"
    );
}

#[test]
fn wrong_options_are_named() {
    let cache = HttpCache::builder(holdover::driver::testing::Virtual::new()).build();
    for (policy, option) in [
        (ResponsePolicy::new().name(""), "name"),
        (ResponsePolicy::new().name("a\nb"), "name"),
        (ResponsePolicy::new().scheme("ftp"), "scheme"),
        (ResponsePolicy::new().jitter(1.5), "jitter"),
        (
            ResponsePolicy::new().timeout(holdover::Span::ZERO),
            "timeout",
        ),
    ] {
        let error = CacheLayer::shared(&cache, policy).unwrap_err();
        assert!(error.to_string().contains(option), "{error}");
    }
}

#[test]
fn the_memory_is_bounded_by_what_responses_weigh() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, _| async {
        answer(fresh(), &"x".repeat(1000))
    });
    let before = stage.cache.stats();
    assert_eq!((before.entries, before.bytes), (0, 0));
    stage.get("/", &[]);
    let one = stage.cache.stats();
    assert_eq!(one.entries, 1);
    assert!((1000..3000).contains(&one.bytes), "{}", one.bytes);
    stage.after(SECOND);
}
