//! A site behind a cache of responses.

use super::Failed;
use holdover::Span;
use holdover::driver::{Store, Tokio};
use holdover::tower::{Body, CacheLayer, CacheService, HttpCache, ResponsePolicy};
use http::{Request, Response};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_layer::Layer;

type Inner = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// Answers with what it was asked for, behind a cache over a store.
pub(crate) struct Site {
    cache: HttpCache,
    service: CacheService<Inner>,
    asked: Arc<AtomicUsize>,
}

impl Site {
    pub(crate) fn new(namespace: &str, store: Arc<dyn Store>) -> Result<Self, Failed> {
        let cache = HttpCache::builder(Tokio)
            .namespace(namespace)
            .store(store)
            .store_timeout(Span::from_secs(5))
            .on_store_failure(|failure| eprintln!("{failure:?}"))
            .build();
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let inner = tower::service_fn(move |request: Request<Body>| {
            let nth = counted.fetch_add(1, Ordering::Relaxed) + 1;
            async move { Ok(answer(&request, nth)) }
        });
        let policy = ResponsePolicy::new().name("the site");
        let service = CacheLayer::shared(&cache, policy)?.layer(Inner::new(inner));
        Ok(Self {
            cache,
            service,
            asked,
        })
    }

    /// The response: its status, its body, and its fields by name.
    pub(crate) async fn fetch(
        &self,
        method: &str,
        url: &str,
        fields: &Value,
    ) -> Result<Value, Failed> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in fields.as_object().into_iter().flatten() {
            request = request.header(name, value.as_str().unwrap_or_default());
        }
        let request = request.body(Body::default())?;
        let response = match self.service.clone().oneshot(request).await {
            Ok(response) => response,
            Err(error) => match *error.get() {},
        };
        let (parts, body) = response.into_parts();
        let fields = parts.headers.iter().map(|(name, value)| {
            let value = value.as_bytes().iter().map(|&byte| char::from(byte));
            (name.to_string(), json!(value.collect::<String>()))
        });
        Ok(json!({
            "status": parts.status.as_u16(),
            "fields": Value::Object(fields.collect()),
            "text": String::from_utf8_lossy(&body.bytes().await?),
        }))
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    pub(crate) async fn settled(&self) {
        self.cache.settled().await;
    }
}

/// The answer to a request, as `site` of the tests in JavaScript gives it.
fn answer(request: &Request<Body>, nth: usize) -> Response<Body> {
    let field = |name| {
        let value = request.headers().get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("-")
    };
    let path = request.uri().path();
    let head = Response::builder();
    if request.method() != "GET" && request.method() != "HEAD" {
        let head = match path {
            "/end" => head.header("cache-group-invalidation", "\"g\""),
            _ => head,
        };
        return head.body(Body::default()).expect("a response");
    }
    let control = match path {
        "/private" => "private, max-age=600",
        "/brief" => "max-age=1",
        _ => "max-age=600",
    };
    let mut head = head
        .header("cache-control", control)
        .header("etag", "\"1\"")
        .header(
            "x-odd",
            http::HeaderValue::from_bytes(b"caf\xe9").expect("a value"),
        );
    if path == "/language" {
        head = head.header("vary", "Accept-Language");
    }
    if path == "/group" {
        head = head.header("cache-groups", "\"g\"");
    }
    if field("if-none-match") == "\"1\"" {
        return head.status(304).body(Body::default()).expect("a response");
    }
    let text = format!("rust {nth} {path} {}", field("accept-language"));
    head.body(Body::from(text)).expect("a response")
}
