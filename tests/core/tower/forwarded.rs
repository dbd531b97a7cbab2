//! Services that take their own URL from what proxies say: nobody gets a page that was made for
//! another site, or a redirection that somebody else's scheme asked for.

use crate::stage::{SECOND, Stage, answer, fresh};
use holdover::tower::ResponsePolicy;

fn trusting() -> Stage {
    Stage::shared(ResponsePolicy::new(), |parts, _| async move {
        let said = |name: &str, own: &str| {
            let value = parts.headers.get(name);
            value.map_or(own.to_owned(), |value| value.to_str().unwrap().to_owned())
        };
        let host = said("x-forwarded-host", "origin.test");
        let scheme = said("x-forwarded-proto", "http");
        let port = said("x-forwarded-port", "");
        answer(fresh(), &format!("{scheme}://{host}:{port}"))
    })
}

type Asked = (&'static [(&'static str, &'static str)], &'static str);

const ASKED: [Asked; 6] = [
    (&[], "http://origin.test:"),
    (&[("x-forwarded-host", "evil.test")], "http://evil.test:"),
    (&[("x-forwarded-host", "b.test")], "http://b.test:"),
    (&[("x-forwarded-proto", "https")], "https://origin.test:"),
    (&[("x-forwarded-port", "8443")], "http://origin.test:8443"),
    (&[("x-forwarded-host", "")], "http://:"),
];

#[test]
fn who_says_another_site_gets_its_own_answer_and_nobody_else_does() {
    for (first, text) in ASKED {
        let stage = trusting();
        assert_eq!(stage.get("/", first).text, text);
        for _ in 0..2 {
            for (fields, text) in ASKED {
                assert_eq!(stage.get("/", fields).text, text);
            }
        }
        assert_eq!(stage.asked(), ASKED.len(), "each is stored");
    }
}

#[test]
fn what_says_the_same_as_the_url_changes_nothing() {
    let stage = trusting();
    stage.get("/", &[]);
    let same = [
        ("x-forwarded-host", "origin.test"),
        ("x-forwarded-proto", "http"),
    ];
    stage.get("/", &same);
    assert_eq!(stage.asked(), 1);
}

#[test]
fn an_invalidation_ends_all_of_them() {
    let stage = trusting();
    for (fields, _) in ASKED {
        stage.get("/", fields);
    }
    stage
        .layer
        .invalidate(&"http://origin.test/".parse().unwrap());
    stage.after(SECOND); // The ids of records are made of time and chance, and chance stands still.
    for (fields, _) in ASKED {
        stage.get("/", fields);
    }
    assert_eq!(stage.asked(), 2 * ASKED.len());
}
