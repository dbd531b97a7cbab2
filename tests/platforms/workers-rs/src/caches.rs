//! The caches of the isolate.

use holdover::driver::{Bell, BoxFuture, Cache, CachePolicy, Function, Host};
use holdover::time::{Span, Timestamp};
use holdover_workers::{IntoSend, SendWrapper, Workers};
use std::cell::OnceCell;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use worker::{Fetch, Url};

pub(crate) type Loaded = Function<String, String, String>;

pub(crate) struct Caches {
    pub(crate) origin: String,
    /// Keeps what it loads.
    long: Loaded,
    /// Keeps it for no time, and has it stand in.
    short: Loaded,
    /// The same; an origin that takes longer than 100 ms is slow.
    failover: Loaded,
    /// Keeps what it loads, where nothing keeps a load going whose request is over.
    unanchored: Loaded,
}

impl Caches {
    pub(crate) fn by_name(&self, name: &str) -> &Loaded {
        match name {
            "long" => &self.long,
            "short" => &self.short,
            "failover" => &self.failover,
            "unanchored" => &self.unanchored,
            other => panic!("no cache {other}"),
        }
    }
}

/// The caches, made in the first request.
pub(crate) fn of(origin: &str) -> SendWrapper<Rc<Caches>> {
    thread_local! {
        static CACHES: OnceCell<Rc<Caches>> = const { OnceCell::new() };
    }
    let make = || Rc::new(caches(origin.to_owned()));
    SendWrapper::new(CACHES.with(|caches| Rc::clone(caches.get_or_init(make))))
}

fn caches(origin: String) -> Caches {
    let kept = || {
        let day = Span::from_secs(86_400);
        CachePolicy::ttl(Span::from_secs(60)).stale_if_error(day)
    };
    let brief = || {
        let day = Span::from_secs(86_400);
        CachePolicy::ttl(Span::from_millis(1)).stale_if_error(day)
    };
    let loaded = |host, policy| loaded(host, policy, origin.clone());
    Caches {
        long: loaded(Place::Anchored, kept()),
        short: loaded(Place::Anchored, brief()),
        failover: loaded(
            Place::Anchored,
            brief().failover_after(Span::from_millis(100)),
        ),
        unanchored: loaded(Place::Unanchored, kept().timeout(Span::from_secs(2))),
        origin,
    }
}

fn loaded(host: Place, policy: CachePolicy<String, String, String>, origin: String) -> Loaded {
    let cache = Cache::builder(host).build();
    let loader = move |path: String, _| {
        let url = format!("{origin}/{path}");
        async move { ask(&url).await }.into_send()
    };
    cache.wrap(policy, loader).expect("a good policy")
}

/// Asks the origin.
pub(crate) async fn ask(url: &str) -> Result<String, String> {
    let told = |error: worker::Error| error.to_string();
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let mut response = Fetch::Url(url).send().await.map_err(told)?;
    let text = response.text().await.map_err(told)?;
    match response.status_code() {
        200 => Ok(text),
        status => Err(format!("the origin said {status}")),
    }
}

/// A Worker, with `waitUntil` or without it.
#[derive(Clone, Copy)]
enum Place {
    Anchored,
    Unanchored,
}

impl Host for Place {
    fn now(&self) -> Timestamp {
        Workers.now()
    }

    fn roll(&self) -> f64 {
        Workers.roll()
    }

    fn sleep(&self, span: Span) -> BoxFuture<'static, ()> {
        Workers.sleep(span)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        match self {
            Self::Anchored => Workers.spawn(task),
            Self::Unanchored => spawn_local(task),
        }
    }

    fn anchors(&self) -> bool {
        // Nothing stops its loads by hand; their requests end.
        Workers.anchors()
    }

    fn bell(&self) -> Option<Bell> {
        Workers.bell()
    }

    fn joins_requests(&self) -> bool {
        Workers.joins_requests()
    }
}
