//! A Worker that the tests ask: each route does one thing on the caches of its isolate.

#[path = "../../../core/playing/mod.rs"]
mod playing;

mod attribute;
mod caches;
mod lower;
mod routes;

use axum::body::Body;
use axum::http::Response;
use holdover_workers::SendWrapper;
use tower_service::Service;
use worker::{Context, Env, HttpRequest, Result, event};

#[event(fetch)]
async fn fetch(request: HttpRequest, env: Env, _context: Context) -> Result<Response<Body>> {
    let origin = env.var("ORIGIN")?.to_string();
    let bindings = lower::Bindings(SendWrapper::new(env));
    let mut router = routes::router(caches::of(&origin), bindings);
    Ok(router.call(request).await?)
}
