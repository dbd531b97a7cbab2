//! A function with the attribute `#[cached]`.

use crate::caches::ask;
use holdover::cached;
use holdover::driver::Cache;
use holdover_workers::{IntoSend, Workers};

fn pages() -> Cache<String, String, String> {
    thread_local! {
        static PAGES: Cache<String, String, String> = Cache::builder(Workers).build();
    }
    PAGES.with(Clone::clone)
}

#[cached(cache = pages(), ttl = "1m", key = "page:{path}", skip(origin))]
pub(crate) async fn page(origin: String, path: String) -> Result<String, String> {
    let url = format!("{origin}/{path}");
    let asked = async move { ask(&url).await }.into_send();
    asked.await
}
