//! The routes.

use crate::attribute;
use crate::caches::{Caches, ask};
use crate::lower::{self, Bindings};
use crate::playing::file::{Outcome, play_file};
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use holdover_workers::{IntoSend, SendWrapper, from_js, shares_loads, to_js};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;

type Shared = SendWrapper<Rc<Caches>>;

pub(crate) fn router(caches: Shared, bindings: Bindings) -> Router {
    let lower = Router::new()
        .route("/lower/{tier}/{instance}/{id}", get(lower::call))
        .route(
            "/lower/{tier}/{instance}/{id}/invalidate",
            get(lower::drop_key),
        )
        .route("/lower/{tier}/{instance}/{id}/clear", get(lower::clear))
        .route("/conformance/durable-object", get(lower::conformance))
        .with_state(bindings);
    Router::new()
        .route("/fn/{cache}/{*path}", get(call))
        .route("/early/{cache}/{*path}", get(leave))
        .route("/facts/{cache}", get(facts))
        .route("/objects", get(objects))
        .route("/cached/{path}", get(cached))
        .route("/vectors/{topic}", post(vectors))
        .with_state(caches)
        .merge(lower)
}

/// Calls the cached function, and then asks the origin for something of the request's own.
async fn call(State(caches): State<Shared>, Path((cache, path)): Path<(String, String)>) -> String {
    // No wrapper around the handler: futures of calls are made `Send` one by one.
    let answer = {
        let function = SendWrapper::new(caches.by_name(&cache).clone());
        let path = path.clone();
        async move { function.explain(&path).await }
            .into_send()
            .await
    };
    let mut told = match answer {
        Ok(answer) => json!({ "value": answer.value, "source": answer.source.name() }),
        Err(error) => json!({ "error": error.to_string() }),
    };
    let own = format!("{}/own/{path}", caches.origin);
    let own = async move { ask(&own).await }.into_send().await;
    told["own"] = json!(own.unwrap_or_else(|error| error));
    told.to_string()
}

/// Begins a call, and answers before it has an answer.
async fn leave(
    State(caches): State<Shared>,
    Path((cache, path)): Path<(String, String)>,
) -> String {
    let function = caches.by_name(&cache).clone();
    spawn_local(async move { drop(function.get(&path).await) });
    json!({}).to_string()
}

async fn facts(State(caches): State<Shared>, Path(cache): Path<String>) -> String {
    let counters = caches.by_name(&cache).counters();
    json!({
        "sharesLoads": shares_loads(),
        "loads": counters.loads,
        "coalesced": counters.coalesced,
        "takeovers": counters.takeovers,
    })
    .to_string()
}

async fn cached(State(caches): State<Shared>, Path(path): Path<String>) -> String {
    let origin = caches.origin.clone();
    let page = async move { attribute::page(origin, path).await };
    let page = page.into_send().await;
    json!(page.unwrap_or_else(|error| error.to_string())).to_string()
}

/// An object of JavaScript's, there and back.
async fn objects() -> String {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct User {
        name: String,
        tags: BTreeMap<String, Option<u32>>,
    }
    let user = User {
        name: "Ada".to_owned(),
        tags: BTreeMap::from([("a".to_owned(), Some(1)), ("b".to_owned(), None)]),
    };
    let object = to_js(&user).expect("an object");
    let is_same = from_js::<User>(object).is_ok_and(|back| back == user);
    is_same.to_string()
}

/// Plays a file of vectors.
async fn vectors(Path(topic): Path<String>, text: String) -> String {
    let played = play_file(&topic, &text, false).into_iter();
    let told = played.map(|(name, outcome)| match outcome {
        Outcome::Passed => json!({ "name": name }),
        Outcome::Failed(error) => json!({ "name": name, "error": error }),
        Outcome::Unplayable => json!({ "name": name, "unplayable": true }),
    });
    told.collect::<Value>().to_string()
}
