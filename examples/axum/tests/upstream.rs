//! The server against an upstream that is lost and comes back.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use holdover::Timestamp;
use holdover::driver::{BoxFuture, Host, Tokio};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use tokio::net::TcpListener;

/// Tokio with a clock that only the test moves.
#[derive(Clone, Default)]
struct Manual(Arc<AtomicU64>);

impl Host for Manual {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + self.0.load(Ordering::Relaxed))
    }

    fn roll(&self) -> f64 {
        Tokio.roll()
    }

    fn sleep(&self, span: holdover::Span) -> BoxFuture<'static, ()> {
        Tokio.sleep(span)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        Tokio.spawn(task);
    }
}

#[derive(Clone, Default)]
struct Upstream {
    is_down: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

async fn answer(State(upstream): State<Upstream>) -> (StatusCode, String) {
    let nth = upstream.asked.fetch_add(1, Ordering::SeqCst) + 1;
    if upstream.is_down.load(Ordering::SeqCst) {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("down #{nth}"));
    }
    (StatusCode::OK, format!("answer #{nth}"))
}

/// Serves on a free port; gives the address.
async fn serve(app: Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

#[tokio::test]
async fn clients_do_not_notice_that_the_upstream_is_down() {
    let upstream = Upstream::default();
    let routes = Router::new().fallback(get(answer));
    let origin = serve(routes.with_state(upstream.clone())).await;
    let host = Manual::default();
    let server = serve(holdover_example_axum::app(host.clone(), &origin).unwrap()).await;
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let ask = async |path: &str| {
        let request = Request::get(format!("{server}{path}")).body(Body::empty());
        let (head, body) = client.request(request.unwrap()).await.unwrap().into_parts();
        let body = axum::body::to_bytes(Body::new(body), 1 << 20)
            .await
            .unwrap();
        let status = head.headers.get("cache-status");
        let status = status.map_or(String::new(), |status| status.to_str().unwrap().to_owned());
        let text = String::from_utf8(body.to_vec()).unwrap();
        (head.status.as_u16(), text, status)
    };

    let (status, text, cache) = ask("/with/a").await;
    assert_eq!((status, text.as_str()), (200, "answer #1"));
    assert_eq!(cache, "holdover; fwd=uri-miss; fwd-status=200; stored");
    assert_eq!(ask("/with/a").await.2, "holdover; hit; ttl=1");

    upstream.is_down.store(true, Ordering::SeqCst);
    host.0.store(60_000, Ordering::Relaxed);
    let (status, text, cache) = ask("/with/a").await;
    assert_eq!((status, text.as_str()), (200, "answer #1"));
    assert_eq!(cache, "holdover; hit; ttl=-59; detail=error-fallback");
    assert_eq!(upstream.asked.load(Ordering::SeqCst), 2);
    assert_eq!(ask("/with/b").await.0, 503, "of which nothing was known");
    assert_eq!(ask("/without/a").await.0, 503);

    upstream.is_down.store(false, Ordering::SeqCst);
    host.0.store(120_000, Ordering::Relaxed);
    assert_eq!(ask("/with/a").await.1, "answer #5");
    assert_eq!(
        ask("/without/a").await.2,
        "",
        "the cache is in front of one route"
    );
}
