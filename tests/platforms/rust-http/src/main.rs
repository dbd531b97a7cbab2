//! A proxy with a cache: `rust-http ORIGIN shared|private`. It prints its port as JSON, and its time
//! stands still until `/clock/MILLISECONDS` is asked for.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use holdover::driver::{BoxFuture, Host, Tokio};
use holdover::tower::{CacheLayer, HttpCache, ResponsePolicy};
use holdover::{Span, Timestamp};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;
use tower_layer::Layer;

/// Tokio with the clock of the suite.
#[derive(Clone, Default)]
struct Manual(Arc<AtomicU64>);

impl Host for Manual {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn roll(&self) -> f64 {
        Tokio.roll()
    }

    fn sleep(&self, span: Span) -> BoxFuture<'static, ()> {
        Tokio.sleep(span)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        Tokio.spawn(task);
    }
}

/// The origin behind the proxy.
#[derive(Clone)]
struct Origin {
    url: String,
    client: Client<HttpConnector, Body>,
}

impl Origin {
    /// Asks for what the proxy was asked for; an origin that fails is a 502, as of any proxy.
    async fn ask(self, mut request: Request<Body>) -> Result<Response<Body>, Infallible> {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let uri = format!("{}{path}", self.url).parse().expect("a URL");
        *request.uri_mut() = uri;
        request.headers_mut().remove("host");
        Ok(match self.client.request(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => status(StatusCode::BAD_GATEWAY, &error.to_string()),
        })
    }
}

fn status(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    response
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut given = std::env::args().skip(1);
    let (url, scope) = given
        .next()
        .zip(given.next())
        .expect("ORIGIN shared|private");
    let host = Manual::default();
    let cache = HttpCache::builder(host.clone()).build();
    // Without it nothing would be held over, and what forbids that would show nothing.
    let policy = ResponsePolicy::new().stale_if_error(Span::from_secs(60));
    let layer = if scope == "shared" {
        CacheLayer::shared(&cache, policy)
    } else {
        CacheLayer::private(&cache, policy)
    };
    let layer = layer.expect("a good policy");
    let client = Client::builder(TokioExecutor::new()).build_http();
    let origin = Origin { url, client };
    let inner = tower::service_fn(move |request| origin.clone().ask(request));
    let asking = TowerToHyperService::new(layer.layer(inner));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    println!("{{\"port\":{port}}}");
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let (host, asking) = (host.clone(), asking.clone());
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let (host, asking) = (host.clone(), asking.clone());
            async move {
                if let Some(now) = request.uri().path().strip_prefix("/clock/") {
                    host.0
                        .store(now.parse().expect("milliseconds"), Ordering::Relaxed);
                    return Ok::<_, Infallible>(status(StatusCode::OK, ""));
                }
                let request = request.map(Body::new);
                let response = match hyper::service::Service::call(&asking, request).await {
                    Ok(response) => response,
                    Err(error) => match error.get().to_owned() {},
                };
                Ok(response.map(Body::new))
            }
        });
        let mut connection = http1::Builder::new();
        // Responses are dated by the suite's clock.
        connection.auto_date_header(false);
        tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
    }
}
