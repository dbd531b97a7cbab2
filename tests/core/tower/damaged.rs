//! Records that are damaged, of another writer, or a lie: a miss, and never somebody else's answer.

use crate::instances::World;
use crate::stage::{Answer, answer, fresh};
use futures::future::Ready;
use holdover::record::{self, Header};
use holdover::strategy::ttl::Lifetime;
use holdover::{Span, Timestamp};
use http::request::Parts;
use serde_json::{Value, json};

const KEY: &str = "site:GET http://origin.test/\nhandler";

fn world() -> World<impl Fn(Parts, usize) -> Ready<Answer> + Send + Sync + 'static> {
    World::new(|_: Parts, nth| futures::future::ready(answer(fresh(), &format!("#{nth}"))))
}

/// A response as the npm package writes it.
fn written() -> Value {
    json!({
        "head": {
            "status": 200,
            "statusText": "OK",
            "url": "",
            "headers": [["cache-control", "max-age=60"], ["date", "Thu, 01 Jan 1970 00:00:00 GMT"], ["x-odd", "\u{e9}"]],
        },
        "terms": {
            "flags": 0,
            "initialAge": 0.5,
            "requestedAt": 0,
            "vary": "",
            "selection": "",
            "authorized": false,
        },
        "hasBody": true,
    })
}

fn bytes_of(head: &Value, body: &[u8]) -> Vec<u8> {
    let head = head.to_string();
    let length = u32::try_from(head.len()).unwrap().to_le_bytes();
    [&length, head.as_bytes(), body].concat()
}

fn record_of(value: &[u8], now: Timestamp) -> Vec<u8> {
    let header = Header {
        codec: 2,
        stored_at: now,
        lifetime: Lifetime {
            ttl: Span::from_secs(60),
            ..Lifetime::NONE
        },
        load_cost: 0,
        tags: Box::default(),
    };
    record::encode(&header, value)
}

/// What a GET is answered with where the store has these bytes as a value.
fn answered_with(value: &[u8]) -> (String, usize) {
    let world = world();
    let now = holdover::driver::Host::now(&world.host);
    world.store.put(KEY, &record_of(value, now));
    let one = world.instance();
    let got = one.get("/", &[]);
    let told = one.way.failures.lock().unwrap().len();
    (got.text, told)
}

#[test]
fn a_record_of_the_npm_package_is_a_hit() {
    let value = bytes_of(&written(), b"from afar");
    assert_eq!(answered_with(&value), ("from afar".to_owned(), 0));
}

#[test]
fn a_field_that_cannot_be_is_a_miss() {
    let wrong = [
        ("/head/status", json!(199)),
        ("/head/status", json!(600)),
        ("/head/status", json!("200")),
        ("/head/status", json!(204)),
        ("/head/headers", json!([["a b", "c"]])),
        ("/head/headers", json!([["a", "b\r\nset-cookie: x"]])),
        ("/head/headers", json!([["a", "\u{100}"]])),
        ("/head/headers", json!([["a"]])),
        ("/head/headers", json!([["transfer-encoding", "chunked"]])),
        (
            "/head/headers",
            json!([["connection", "x-a"], ["x-a", "b"]]),
        ),
        ("/head/headers", json!([["content-length", "8"]])),
        ("/head/headers", json!([["content-length", "-9"]])),
        ("/head/headers", json!(vec![["a", "b"]; 5000])),
        ("/head/headers", json!(null)),
        ("/head", json!(null)),
        ("/terms", json!([])),
        ("/terms/flags", json!(-1)),
        ("/terms/flags", json!(0.5)),
        ("/terms/initialAge", json!(-1)),
        ("/terms/initialAge", json!(null)),
        ("/terms/requestedAt", json!("0")),
        ("/terms/vary", json!("a\nb")),
        ("/terms/selection", json!(1)),
        ("/terms/authorized", json!(1)),
        ("/terms/overdue", json!(-0.5)),
        ("/terms/redirect", json!("follow")),
        ("/terms/decoded", json!("yes")),
        ("/terms/groups", json!("g")),
        ("/terms/groups", json!(vec!["g"; 2000])),
        ("/hasBody", json!(false)),
        ("/hasBody", json!(null)),
        ("/variants", json!("a")),
        ("/variants", json!("")),
        ("/variants", json!("a\nb")),
        ("/lists", json!(["a"])),
    ];
    for (at, value) in wrong {
        let mut head = written();
        if let Some(place) = head.pointer_mut(at) {
            *place = value.clone();
        } else {
            let (parent, name) = at.rsplit_once('/').unwrap();
            head.pointer_mut(parent).unwrap()[name] = value.clone();
        }
        let (text, told) = answered_with(&bytes_of(&head, b"from afar"));
        if at == "/lists" {
            assert_eq!(text, "from afar", "nobody reads it");
            continue;
        }
        assert_eq!((text.as_str(), told), ("#1", 1), "{at} {value}");
    }
}

#[test]
fn a_record_of_variants_that_cannot_be_is_a_miss() {
    for (id, lists, body) in [
        (json!("a/b"), json!(["x"]), ""),
        (json!("a".repeat(65)), json!(["x"]), ""),
        (json!(1), json!(["x"]), ""),
        (json!("a"), json!(["x", "y", "z", "u", "v"]), ""),
        (json!("a"), json!(["x\ny"]), ""),
        (json!("a"), json!(null), ""),
        (json!("a"), json!(["x"]), "a body"),
    ] {
        let head = json!({ "variants": id, "lists": lists });
        let (text, told) = answered_with(&bytes_of(&head, body.as_bytes()));
        assert_eq!((text.as_str(), told), ("#1", 1), "{head}");
    }
}

#[test]
fn records_cut_or_changed_anywhere_are_misses() {
    let value = bytes_of(&written(), b"from afar");
    for cut in 0..value.len() {
        let (text, _) = answered_with(&value[..cut]);
        // A body that is shorter, under a checksum that is good, is another record's.
        let is_head = cut < value.len() - b"from afar".len();
        assert_eq!(text == "#1", is_head, "{cut}");
    }
    let whole = |record: &[u8]| {
        let world = world();
        world.store.put(KEY, record);
        world.instance().get("/", &[]).text
    };
    let now = holdover::driver::Host::now(&world().host);
    let record = record_of(&value, now);
    assert_eq!(whole(&record), "from afar");
    for at in 0..record.len() {
        assert_eq!(whole(&record[..at]), "#1", "cut at {at}");
        let mut changed = record.clone();
        changed[at] ^= 0x20;
        assert_eq!(whole(&changed), "#1", "changed at {at}");
    }
}

#[test]
fn a_head_of_nonsense_length_is_a_miss() {
    for length in [u32::MAX, 1 << 30, 2 << 20, 5] {
        let mut value = bytes_of(&written(), b"from afar");
        value[..4].copy_from_slice(&length.to_le_bytes());
        assert_eq!(answered_with(&value), ("#1".to_owned(), 1));
    }
    let value = bytes_of(&written(), b"from afar");
    let world = world();
    let now = holdover::driver::Host::now(&world.host);
    let mut json = record_of(&value, now);
    json.truncate(json.len() - 1);
    world.store.put(KEY, &json);
    assert_eq!(world.instance().get("/", &[]).text, "#1");
}

#[test]
fn a_decoded_body_stays_without_its_coding_when_it_is_renewed() {
    let world = World::new(|parts: Parts, nth| async move {
        let head = fresh()
            .header("etag", "\"1\"")
            .header("content-encoding", "gzip");
        if parts.headers.contains_key("if-none-match") {
            return answer(head.status(304), "");
        }
        answer(head, &format!("#{nth}"))
    });
    let mut head = written();
    head["head"]["headers"] = json!([["cache-control", "max-age=60"], ["etag", "\"1\""]]);
    head["terms"]["decoded"] = json!(true);
    let header = Header {
        codec: 2,
        stored_at: holdover::driver::Host::now(&world.host),
        lifetime: Lifetime {
            ttl: Span::from_secs(60),
            retained: Span::from_secs(600),
            ..Lifetime::NONE
        },
        load_cost: 0,
        tags: Box::default(),
    };
    let record = record::encode(&header, &bytes_of(&head, b"decoded"));
    world.store.put(KEY, &record);
    world.after(Span::from_secs(70));
    for instance in [world.instance(), world.instance()] {
        let got = instance.get("/", &[]);
        assert_eq!(
            (got.text.as_str(), got.header("content-encoding")),
            ("decoded", "")
        );
    }
    assert_eq!(world.asked(), 1);
}
