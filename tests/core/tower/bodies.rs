//! Bodies: streamed to the request that asked, recorded for the others.

use crate::stage::{Pieces, SECOND, Stage, fresh, got, now, piece, request, streamed};
use bytes::Bytes;
use holdover::Span;
use holdover::tower::{Body, ResponsePolicy};
use http_body::{Body as _, Frame};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// A stage whose origin answers at once, with bodies that the test sends.
fn live(policy: ResponsePolicy) -> (Stage, Arc<Mutex<Vec<Pieces>>>) {
    let all = Arc::new(Mutex::new(Vec::new()));
    let sent = Arc::clone(&all);
    let stage = Stage::shared(policy, move |_, _| {
        let (pieces, body) = streamed();
        sent.lock().unwrap().push(pieces);
        std::future::ready(Ok(fresh().body(body).unwrap()))
    });
    (stage, all)
}

/// The response of a request, whose head is there at once.
fn head_of(stage: &Stage) -> Body {
    head_at(stage, "/")
}

fn head_at(stage: &Stage, path: &str) -> Body {
    let (own, request) = (stage.clone(), request("GET", path, &[]));
    let response = stage
        .host
        .run(async move { own.response(request).await.unwrap() });
    assert!(
        response.headers()["cache-status"]
            .to_str()
            .unwrap()
            .ends_with("; stored")
    );
    response.into_body()
}

async fn frame(body: &mut Body) -> Option<Result<Frame<Bytes>, String>> {
    let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
    frame.map(|frame| frame.map_err(|error| error.to_string()))
}

fn text(frame: Option<Result<Frame<Bytes>, String>>) -> String {
    let data = frame.expect("more").expect("no error").into_data();
    String::from_utf8(data.expect("data").to_vec()).unwrap()
}

fn send(pieces: &Mutex<Vec<Pieces>>, nth: usize, what: &str) {
    pieces.lock().unwrap()[nth]
        .unbounded_send(piece(what))
        .unwrap();
}

fn end(pieces: &Mutex<Vec<Pieces>>, nth: usize) {
    pieces.lock().unwrap()[nth].close_channel();
}

#[test]
fn the_first_has_it_as_it_comes_and_the_others_have_the_whole() {
    let (stage, pieces) = live(ResponsePolicy::new());
    let mut body = head_of(&stage);
    let other = stage.begin("/", &[]);
    send(&pieces, 0, "one ");
    stage.after(Span::ZERO);
    assert_eq!(text(now(frame(&mut body))), "one ");
    assert!(other.lock().unwrap().is_none());
    send(&pieces, 0, "two");
    end(&pieces, 0);
    stage.after(Span::ZERO);
    assert_eq!(text(now(frame(&mut body))), "two");
    assert!(now(frame(&mut body)).is_none());
    assert_eq!(got(&other).text, "one two");
    assert_eq!(stage.get("/", &[]).text, "one two");
    assert_eq!(stage.asked(), 1);
}

#[test]
fn a_client_that_leaves_ends_nothing_that_is_kept() {
    let (stage, pieces) = live(ResponsePolicy::new());
    let body = head_of(&stage);
    send(&pieces, 0, "one ");
    stage.after(Span::ZERO);
    drop(body);
    send(&pieces, 0, "two");
    end(&pieces, 0);
    stage.after(Span::ZERO);
    assert_eq!(stage.get("/", &[]).text, "one two");
    assert_eq!(stage.asked(), 1);
}

#[test]
fn a_body_that_breaks_off_is_not_stored() {
    let (stage, pieces) = live(ResponsePolicy::new());
    let mut body = head_of(&stage);
    let other = stage.begin("/", &[]);
    send(&pieces, 0, "one ");
    let broken = Err(std::io::Error::other("reset"));
    pieces.lock().unwrap()[0].unbounded_send(broken).unwrap();
    stage.after(Span::ZERO);
    assert_eq!(text(now(frame(&mut body))), "one ");
    assert_eq!(now(frame(&mut body)).unwrap().unwrap_err(), "reset");
    assert_eq!(stage.asked(), 2, "who waited asks for itself");
    send(&pieces, 1, "whole");
    end(&pieces, 1);
    stage.after(Span::ZERO);
    assert_eq!(got(&other).text, "whole");
    assert_eq!(stage.get("/", &[]).text, "whole");
}

#[test]
fn a_body_shorter_than_promised_is_not_stored() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, nth| async move {
        let length = if nth == 1 { "9" } else { "5" };
        crate::stage::answer(fresh().header("content-length", length), "short")
    });
    stage.get("/", &[]);
    stage.get("/", &[]);
    assert_eq!(
        (stage.get("/", &[]).text.as_str(), stage.asked()),
        ("short", 2)
    );
}

#[test]
fn a_long_body_is_passed_on_at_the_clients_pace() {
    let (stage, pieces) = live(ResponsePolicy::new().max_body(5));
    let mut body = head_of(&stage);
    let other = stage.begin("/", &[]);
    for what in ["123", "456", "789"] {
        send(&pieces, 0, what);
    }
    stage.after(Span::ZERO);
    assert_eq!(
        stage.asked(),
        2,
        "it is known now that nobody can have it but the first"
    );
    let texts = [(); 3].map(|()| text(now(frame(&mut body))));
    assert_eq!(texts.concat(), "123456789");
    end(&pieces, 0);
    assert!(now(frame(&mut body)).is_none());
    send(&pieces, 1, "short");
    end(&pieces, 1);
    stage.after(Span::ZERO);
    assert_eq!(got(&other).text, "short");
}

#[test]
fn what_slow_clients_have_not_taken_of_long_bodies_is_bounded_all_together() {
    let (stage, pieces) = live(ResponsePolicy::new().max_body(10 << 20));
    let megabyte = "x".repeat(1 << 20);
    let begin = |path: &str, megabytes: usize| {
        let body = head_at(&stage, path);
        for _ in 0..megabytes {
            send(&pieces, stage.asked() - 1, &megabyte);
        }
        stage.after(Span::ZERO);
        body
    };
    let is_kept = |path: &str| {
        let body = begin(path, 1);
        let asked = stage.asked();
        end(&pieces, asked - 1);
        stage.after(Span::ZERO);
        assert_eq!(now(body.bytes()).unwrap().len(), 1 << 20);
        stage.after(Span::ZERO);
        drop(stage.begin(path, &[]));
        stage.after(Span::ZERO);
        stage.asked() == asked
    };
    assert!(is_kept("/a"));
    let mut slow: Vec<Body> = (1..8).map(|nth| begin(&format!("/{nth}"), 11)).collect();
    assert!(
        !is_kept("/b"),
        "seven of eleven megabytes each have left no room"
    );
    for _ in 0..11 {
        assert!(now(frame(&mut slow[0])).is_some());
    }
    assert!(is_kept("/c"), "what was taken gives its room back");
    slow.push(begin("/d", 11));
    assert!(!is_kept("/e"));
    slow.pop();
    assert!(is_kept("/f"), "and what is left does");
}

#[test]
fn a_long_body_ends_with_its_client() {
    let (stage, pieces) = live(ResponsePolicy::new().max_body(5));
    let body = head_of(&stage);
    send(&pieces, 0, "123456");
    stage.after(Span::ZERO);
    assert!(!pieces.lock().unwrap()[0].is_closed());
    drop(body);
    assert!(pieces.lock().unwrap()[0].is_closed());
}

#[test]
fn a_body_that_stalls_holds_nobody_else_up() {
    let (stage, pieces) = live(ResponsePolicy::new());
    let mut body = head_of(&stage);
    let other = stage.begin("/", &[]);
    stage.after(SECOND);
    assert_eq!(stage.asked(), 2);
    send(&pieces, 1, "quick");
    end(&pieces, 1);
    stage.after(Span::ZERO);
    assert_eq!(got(&other).text, "quick");
    send(&pieces, 0, "slow");
    end(&pieces, 0);
    stage.after(Span::ZERO);
    assert_eq!(text(now(frame(&mut body))), "slow");
}

#[test]
fn a_stalled_body_that_nobody_reads_ends() {
    let (stage, pieces) = live(ResponsePolicy::new());
    drop(head_of(&stage));
    stage.after(SECOND.times(11));
    assert!(pieces.lock().unwrap()[0].is_closed());
}

#[test]
fn the_timeout_is_for_silence_once_the_head_is_there() {
    let (stage, pieces) = live(ResponsePolicy::new().timeout(SECOND.times(3)));
    let mut body = head_of(&stage);
    for _ in 0..4 {
        stage.after(SECOND.times(2));
        send(&pieces, 0, "x");
        stage.after(Span::ZERO);
        assert_eq!(text(now(frame(&mut body))), "x");
    }
    stage.after(SECOND.times(3));
    let error = now(frame(&mut body)).unwrap().unwrap_err();
    assert_eq!(error, "nothing came of a body for too long");
}

#[test]
fn trailers_come_with_the_live_response() {
    let (stage, pieces) = live(ResponsePolicy::new());
    let mut body = head_of(&stage);
    send(&pieces, 0, "x");
    let mut trailers = http::HeaderMap::new();
    trailers.insert("x-sum", http::HeaderValue::from_static("1"));
    let frames = Ok(Frame::trailers(trailers.clone()));
    pieces.lock().unwrap()[0].unbounded_send(frames).unwrap();
    end(&pieces, 0);
    stage.after(Span::ZERO);
    assert_eq!(text(now(frame(&mut body))), "x");
    let last = now(frame(&mut body)).unwrap().unwrap();
    assert_eq!(last.into_trailers().unwrap(), trailers);
    assert!(now(frame(&mut body)).is_none());
    assert_eq!(stage.get("/", &[]).text, "x");
}

#[test]
fn events_are_passed_on() {
    let (pieces, sent) = streamed();
    let sent = Mutex::new(Some(sent));
    let stage = Stage::shared(ResponsePolicy::new(), move |_, nth| {
        let head = fresh().header("content-type", "text/event-stream");
        let body = if nth == 1 {
            sent.lock().unwrap().take().unwrap()
        } else {
            streamed().1
        };
        std::future::ready(Ok(head.body(body).unwrap()))
    });
    let own = stage.clone();
    let response = stage
        .host
        .run(async move { own.response(request("GET", "/", &[])).await.unwrap() });
    assert_eq!(
        response.headers()["cache-status"],
        "holdover; fwd=uri-miss; fwd-status=200"
    );
    let mut body = response.into_body();
    pieces.unbounded_send(piece("data: 1\n\n")).unwrap();
    assert_eq!(text(now(frame(&mut body))), "data: 1\n\n");
    stage.begin("/", &[]);
    assert_eq!(stage.asked(), 2, "a second reader has a stream of its own");
    drop(body);
    assert!(pieces.is_closed());
}

#[test]
fn those_who_may_not_have_it_do_not_wait_for_its_body() {
    let all: Arc<Mutex<Vec<Pieces>>> = Arc::default();
    let sent = Arc::clone(&all);
    let stage = Stage::late(ResponsePolicy::new(), SECOND, move |_, _| {
        let (pieces, body) = streamed();
        sent.lock().unwrap().push(pieces);
        let head = http::Response::builder().header("cache-control", "no-cache");
        std::future::ready(Ok(head.header("etag", "\"a\"").body(body).unwrap()))
    });
    let one = stage.begin("/", &[]);
    let other = stage.begin("/", &[]);
    stage.after(SECOND);
    assert_eq!(
        stage.asked(),
        2,
        "the other asks as soon as the head says so"
    );
    for nth in 0..2 {
        send(&all, nth, "body");
        end(&all, nth);
        stage.after(SECOND);
    }
    assert_eq!([got(&one).text, got(&other).text], ["body", "body"]);
}
