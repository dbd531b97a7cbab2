//! Stale windows, and requests that the cache makes by itself.

use crate::stage::{SECOND, Stage, answer, fresh, got};
use holdover::tower::ResponsePolicy;

#[test]
fn a_stale_response_answers_while_it_is_revalidated() {
    let policy = ResponsePolicy::new().stale_while_revalidate(SECOND.times(30));
    let stage = Stage::late(policy, SECOND, |_, nth| async move {
        answer(fresh(), &format!("#{nth}"))
    });
    stage.get("/", &[]);
    stage.after(SECOND.times(70));
    let begun = stage.begin("/", &[]);
    stage.after(SECOND);
    let old = got(&begun);
    assert_eq!(
        (old.text.as_str(), old.header("age")),
        ("#1", "71"),
        "a second of it on the way"
    );
    assert_eq!(old.cache_status(), "holdover; hit; ttl=-11; detail=stale");
    assert_eq!(stage.get("/", &[]).text, "#2");
    assert_eq!(stage.asked(), 2);
}

#[test]
fn the_windows_of_a_response_go_before_the_policys() {
    let policy = ResponsePolicy::new().stale_while_revalidate(SECOND.times(300));
    let stage = Stage::shared(policy, |_, nth| async move {
        let control = "max-age=60, stale-while-revalidate=5";
        let head = http::Response::builder().header("cache-control", control);
        answer(head, &format!("#{nth}"))
    });
    stage.get("/", &[]);
    stage.after(SECOND.times(66));
    assert_eq!(stage.get("/", &[]).text, "#2");
}

#[test]
fn a_slow_origin_is_not_waited_for_where_a_stale_response_may_answer() {
    let policy = ResponsePolicy::new()
        .stale_if_error(SECOND.times(600))
        .failover_after(SECOND);
    let stage = Stage::late(policy, SECOND.times(3), |_, nth| async move {
        answer(fresh(), &format!("#{nth}"))
    });
    stage.get("/", &[]);
    stage.after(SECOND.times(70));
    let waiting = stage.begin("/", &[]);
    stage.after(SECOND);
    let old = got(&waiting);
    assert_eq!(
        old.cache_status(),
        "holdover; hit; ttl=-14; detail=failover"
    );
    stage.after(SECOND.times(3));
    assert_eq!(stage.get("/", &[]).text, "#2", "the load went on");
    assert_eq!(stage.asked(), 2);
}

#[test]
fn what_a_request_forbids_to_store_goes_past_the_cache() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, nth| async move {
        answer(fresh(), &format!("#{nth}"))
    });
    let no_store = [("cache-control", "no-store")];
    assert_eq!(
        stage.get("/", &no_store).cache_status(),
        "holdover; fwd=bypass"
    );
    assert_eq!(stage.get("/", &[]).text, "#2");
    assert_eq!(stage.get("/", &no_store).text, "#3");
    assert_eq!(stage.get("/", &[("if-match", "\"a\"")]).text, "#4");
    assert_eq!(stage.get("/", &[("upgrade", "websocket")]).text, "#5");
    assert_eq!(stage.get("/", &[]).text, "#2");
}

#[test]
fn a_mode_may_come_with_the_request() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, nth| async move {
        answer(fresh(), &format!("#{nth}"))
    });
    stage.get("/", &[]);
    let with = |mode: holdover::http::handling::Mode| {
        let mut request = crate::stage::request("GET", "/", &[]);
        request.extensions_mut().insert(mode);
        let own = stage.clone();
        stage
            .host
            .run(async move { own.fetch(request).await.unwrap().text })
    };
    assert_eq!(with(holdover::http::handling::Mode::NoStore), "#2");
    assert_eq!(with(holdover::http::handling::Mode::Reload), "#3");
    assert_eq!(with(holdover::http::handling::Mode::OnlyIfCached), "#3");
}
