//! Responses that depend on fields of the request.

use crate::stage::{SECOND, Stage, answer, fresh, got};
use holdover::tower::ResponsePolicy;

fn in_languages() -> Stage {
    Stage::shared(ResponsePolicy::new(), |parts, nth| async move {
        let language = parts
            .headers
            .get("accept-language")
            .map_or("none", |value| value.to_str().unwrap());
        answer(
            fresh().header("vary", "Accept-Language"),
            &format!("{language} #{nth}"),
        )
    })
}

#[test]
fn each_language_has_its_own() {
    let stage = in_languages();
    let de = [("accept-language", "de")];
    let en = [("accept-language", "en")];
    assert_eq!(stage.get("/", &de).text, "de #1");
    assert_eq!(
        stage.get("/", &en).cache_status(),
        "holdover; fwd=vary-miss; fwd-status=200; stored"
    );
    assert_eq!(stage.get("/", &[]).text, "none #3");
    for (fields, text) in [(&de[..], "de #1"), (&en, "en #2"), (&[], "none #3")] {
        let hit = stage.get("/", fields);
        assert_eq!(
            (hit.text.as_str(), hit.cache_status()),
            (text, "holdover; hit; ttl=60")
        );
    }
    assert_eq!(stage.asked(), 3);
}

#[test]
fn an_invalidation_ends_all_of_them() {
    let stage = in_languages();
    let de = [("accept-language", "de")];
    stage.get("/", &de);
    stage.get("/", &[]);
    stage.after(holdover::Span::from_millis(1));
    stage
        .layer
        .invalidate(&"http://origin.test/".parse().unwrap());
    assert_eq!(stage.get("/", &de).text, "de #3");
    assert_eq!(stage.get("/", &[]).text, "none #4");
}

#[test]
fn requests_at_once_share_a_variant_and_no_other() {
    let stage = Stage::late(ResponsePolicy::new(), SECOND, |parts, nth| async move {
        let language = parts.headers["accept-language"].to_str().unwrap();
        answer(
            fresh().header("vary", "accept-language"),
            &format!("{language} #{nth}"),
        )
    });
    let all: Vec<_> = ["de", "en", "de", "en", "de"]
        .map(|language| stage.begin("/", &[("accept-language", language)]))
        .into();
    stage.after(SECOND.times(2));
    let texts: Vec<String> = all.iter().map(|begun| got(begun).text).collect();
    assert_eq!(texts, ["de #1", "en #2", "de #1", "en #2", "de #1"]);
    assert_eq!(stage.asked(), 2);
}

#[test]
fn vary_may_change() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, nth| async move {
        let vary = if nth == 1 { "x-a" } else { "x-b" };
        answer(fresh().header("vary", vary), &format!("#{nth}"))
    });
    let one = [("x-a", "1"), ("x-b", "1")];
    let other = [("x-a", "2"), ("x-b", "2")];
    assert_eq!(stage.get("/", &one).text, "#1");
    assert_eq!(stage.get("/", &other).text, "#2");
    assert_eq!(stage.get("/", &other).text, "#2");
    assert_eq!(stage.get("/", &one).text, "#1");
}

#[test]
fn vary_any_is_not_stored() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, nth| async move {
        answer(fresh().header("vary", "*"), &format!("#{nth}"))
    });
    assert_eq!(
        [stage.get("/", &[]).text, stage.get("/", &[]).text],
        ["#1", "#2"]
    );
}
