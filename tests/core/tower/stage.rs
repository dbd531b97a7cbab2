//! A cached service before an origin that is a function.

use bytes::Bytes;
use futures::channel::mpsc;
use futures::{FutureExt, StreamExt};
use holdover::Span;
use holdover::driver::Host;
use holdover::driver::testing::Virtual;
use holdover::tower::{Body, CacheLayer, CacheService, HttpCache, OriginError, ResponsePolicy};
use http::{HeaderMap, Request, Response, request};
use http_body::Frame;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tower::util::BoxCloneSyncService;
use tower_layer::Layer;
use tower_service::Service;

/// A second of the virtual clock.
pub(crate) const SECOND: Span = Span::from_secs(1);

/// The error of the origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Down(pub(crate) &'static str);

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What a test sends as a body, piece by piece.
pub(crate) type Pieces = mpsc::UnboundedSender<Result<Frame<Bytes>, std::io::Error>>;

/// The body of the origin.
pub(crate) struct Sent(mpsc::UnboundedReceiver<Result<Frame<Bytes>, std::io::Error>>);

impl http_body::Body for Sent {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.0.poll_next_unpin(context)
    }
}

/// A body that comes as `pieces` are sent, and ends when those are dropped.
pub(crate) fn streamed() -> (Pieces, Sent) {
    let (pieces, sent) = mpsc::unbounded();
    (pieces, Sent(sent))
}

#[expect(clippy::unnecessary_wraps, reason = "as bodies give it")]
pub(crate) fn piece(text: &str) -> Result<Frame<Bytes>, std::io::Error> {
    Ok(Frame::data(Bytes::copy_from_slice(text.as_bytes())))
}

/// The origin's answer with a body that is there.
#[expect(clippy::unnecessary_wraps, reason = "as origins give it")]
pub(crate) fn answer(head: http::response::Builder, text: &str) -> Answer {
    let (pieces, sent) = streamed();
    pieces.unbounded_send(piece(text)).unwrap();
    Ok(head.body(sent).unwrap())
}

pub(crate) fn fresh() -> http::response::Builder {
    Response::builder().header("cache-control", "max-age=60")
}

pub(crate) type Answer = Result<Response<Sent>, Down>;
type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;
type Origin = BoxCloneSyncService<Request<Body>, Response<Sent>, Down>;

/// A cache, and what was asked of its origin.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) host: Virtual,
    pub(crate) cache: HttpCache,
    pub(crate) layer: CacheLayer,
    pub(crate) service: CacheService<Origin>,
    pub(crate) requests: Requests,
}

/// What an origin was asked.
pub(crate) type Requests = Arc<Mutex<Vec<request::Parts>>>;

/// A response that has been read.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) headers: HeaderMap,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn cache_status(&self) -> &str {
        self.header("cache-status")
    }
}

pub(crate) type Fields<'a> = &'a [(&'a str, &'a str)];

pub(crate) fn request(method: &str, path: &str, fields: Fields<'_>) -> Request<Body> {
    let uri = format!("http://origin.test{path}");
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Body::default()).unwrap()
}

impl Stage {
    /// A shared cache before `origin`, which is given a request and the number it has.
    pub(crate) fn shared<F, R>(policy: ResponsePolicy, origin: F) -> Self
    where
        F: Fn(request::Parts, usize) -> R + Send + Sync + 'static,
        R: Future<Output = Answer> + Send + 'static,
    {
        Self::late(policy, Span::ZERO, origin)
    }

    /// A shared cache before an origin that takes `delay` to answer.
    pub(crate) fn late<F, R>(policy: ResponsePolicy, delay: Span, origin: F) -> Self
    where
        F: Fn(request::Parts, usize) -> R + Send + Sync + 'static,
        R: Future<Output = Answer> + Send + 'static,
    {
        let layer = |cache: &HttpCache| CacheLayer::shared(cache, policy).unwrap();
        Self::of(layer, delay, origin)
    }

    /// A private one.
    pub(crate) fn private<F, R>(policy: ResponsePolicy, origin: F) -> Self
    where
        F: Fn(request::Parts, usize) -> R + Send + Sync + 'static,
        R: Future<Output = Answer> + Send + 'static,
    {
        let layer = |cache: &HttpCache| CacheLayer::private(cache, policy).unwrap();
        Self::of(layer, Span::ZERO, origin)
    }

    fn of<F, R>(layer: impl FnOnce(&HttpCache) -> CacheLayer, delay: Span, origin: F) -> Self
    where
        F: Fn(request::Parts, usize) -> R + Send + Sync + 'static,
        R: Future<Output = Answer> + Send + 'static,
    {
        let host = Virtual::new();
        let cache = HttpCache::builder(host.clone()).build();
        let layer = layer(&cache);
        let requests = Requests::default();
        Self::with((host, cache, layer), delay, requests, Arc::new(origin))
    }

    /// A cache before an origin that others ask, too.
    pub(crate) fn with<F, R>(
        (host, cache, layer): (Virtual, HttpCache, CacheLayer),
        delay: Span,
        requests: Requests,
        origin: Arc<F>,
    ) -> Self
    where
        F: Fn(request::Parts, usize) -> R + Send + Sync + 'static,
        R: Future<Output = Answer> + Send + 'static,
    {
        let asked = Arc::clone(&requests);
        let world = host.clone();
        let inner = tower::service_fn(move |request: Request<Body>| -> Answering {
            let parts = request.into_parts().0;
            let number = {
                let mut asked = asked.lock().unwrap();
                asked.push(parts.clone());
                asked.len()
            };
            let answering = origin(parts, number);
            let waiting = (!delay.is_zero()).then(|| world.sleep(delay));
            Box::pin(async move {
                if let Some(waiting) = waiting {
                    waiting.await;
                }
                answering.await
            })
        });
        Self {
            service: layer.layer(BoxCloneSyncService::new(inner)),
            layer,
            host,
            cache,
            requests,
        }
    }

    /// How often the origin was asked.
    pub(crate) fn asked(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// A field of the last request to the origin.
    pub(crate) fn asked_with(&self, name: &str) -> Option<String> {
        let requests = self.requests.lock().unwrap();
        let value = requests.last()?.headers.get(name)?;
        Some(value.to_str().unwrap().to_owned())
    }

    pub(crate) async fn response(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Body>, OriginError<Down>> {
        self.service.clone().call(request).await
    }

    pub(crate) async fn fetch(&self, request: Request<Body>) -> Result<Got, OriginError<Down>> {
        let (parts, body) = self.response(request).await?.into_parts();
        let bytes = body.bytes().await.expect("a whole body");
        Ok(Got {
            status: parts.status.as_u16(),
            text: String::from_utf8(bytes.to_vec()).unwrap(),
            headers: parts.headers,
        })
    }

    pub(crate) fn send(&self, method: &str, path: &str, fields: Fields<'_>) -> Got {
        let (stage, request) = (self.clone(), request(method, path, fields));
        let got = self
            .host
            .run(async move { stage.fetch(request).await.expect("no error of the origin") });
        // What has been read is stored, and what runs in the background is done.
        self.host.advance(Span::ZERO);
        got
    }

    pub(crate) fn get(&self, path: &str, fields: Fields<'_>) -> Got {
        self.send("GET", path, fields)
    }

    pub(crate) fn after(&self, span: Span) {
        self.host.advance(span);
    }

    /// Begins a request; gives the place of its outcome.
    pub(crate) fn begin(&self, path: &str, fields: Fields<'_>) -> Begun {
        let (stage, request) = (self.clone(), request("GET", path, fields));
        let place: Begun = Arc::default();
        let outcome = Arc::clone(&place);
        self.host.start(async move {
            let got = stage.fetch(request).await;
            *outcome.lock().unwrap() = Some(got);
        });
        place
    }
}

pub(crate) type Begun = Arc<Mutex<Option<Result<Got, OriginError<Down>>>>>;

pub(crate) fn got(begun: &Begun) -> Got {
    let outcome = begun.lock().unwrap().take();
    outcome.expect("it is over").expect("a response")
}

/// The outcome of a future that is done at once.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("done at once")
}
