//! A server of axum in front of an upstream, which it may lose without its clients noticing.

mod tries;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use holdover::ConfigError;
use holdover::driver::Host;
use holdover::tower::{CacheLayer, HttpCache, ResponsePolicy};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::time::Duration;
use tries::Tries;

/// The upstream: where it is, and how it is asked.
#[derive(Clone)]
struct Upstream {
    origin: String,
    client: Client<HttpConnector, Body>,
    tries: Tries,
}

/// The way in which the server treats its upstream.
pub fn policy() -> ResponsePolicy {
    ResponsePolicy::new()
        // An answer is fresh this long: the upstream is not asked again.
        .ttl(Duration::from_secs(1))
        // After that it is still given at once, while one request refreshes it in the background.
        .stale_while_revalidate(Duration::from_secs(2))
        // When the upstream fails, the last good answer counts for a day.
        .stale_if_error(Duration::from_secs(86_400))
        // When it is slow, nobody waits longer than this if there is a last good answer.
        .failover_after(Duration::from_millis(300))
        // A request to it is given up after this long.
        .timeout(Duration::from_secs(3))
        // After a failure it is left alone for this long, per URL; doubled while it goes on.
        .retry_after(Duration::from_secs(1))
}

/// The server: `/with/{key}` asks the upstream through a cache, `/without/{key}` asks it directly.
///
/// # Errors
/// If the policy has a wrong option.
pub fn app(host: impl Host, origin: &str) -> Result<Router, ConfigError> {
    let cache = HttpCache::builder(host).max_bytes(32 << 20).build();
    let upstream = Upstream {
        origin: origin.to_owned(),
        client: Client::builder(TokioExecutor::new()).build_http(),
        tries: Tries::default(),
    };
    Ok(Router::new()
        .route("/with/{key}", get(ask))
        .layer(CacheLayer::shared(&cache, policy())?)
        .route("/without/{key}", get(ask))
        .with_state(upstream))
}

/// Asks the upstream for what was asked for here.
async fn ask(State(upstream): State<Upstream>, mut request: Request) -> Response {
    let address = format!("{}{}", upstream.origin, request.uri());
    let Ok(uri) = address.parse() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = uri;
    let this = upstream.tries.begin(&address, request.headers_mut());
    // It is another host's request now.
    request.headers_mut().remove("host");
    let answer = upstream.client.request(request).await;
    if !answer
        .as_ref()
        .is_ok_and(|answer| answer.status().is_success())
    {
        this.fail();
    }
    match answer {
        Ok(response) => response.into_response(),
        // An error is a failure of the upstream as a 502 is: the last good answer stands in.
        Err(error) => (StatusCode::BAD_GATEWAY, format!("upstream: {error}\n")).into_response(),
    }
}
