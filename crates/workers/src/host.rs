//! The host: time, chance, timers and tasks of a Worker.

use crate::send::SendWrapper;
use holdover::driver::{Bell, BoxFuture, Host};
use holdover::time::{Span, Timestamp};
use js_sys::{Date, Function, Math, Promise, Reflect};
use std::cell::OnceCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout, catch)]
    fn set_timeout(handler: &Function, millis: f64) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = clearTimeout, catch)]
    fn clear_timeout(timer: &JsValue) -> Result<(), JsValue>;
}

#[wasm_bindgen(module = "cloudflare:workers")]
extern "C" {
    #[wasm_bindgen(js_name = waitUntil, catch)]
    fn wait_until(work: &Promise) -> Result<(), JsValue>;
}

/// The longest time that a timer of JavaScript can be set to.
const LONGEST: u64 = i32::MAX as u64;

/// The isolate of a Worker: caches on it are shared by its requests, as the
/// [crate](crate) describes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Workers;

impl Host for Workers {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole milliseconds since 1970"
        )]
        let millis = now_millis() as u64;
        Timestamp::from_millis(millis)
    }

    fn roll(&self) -> f64 {
        // Chance decides who refreshes early, no more: a generator of its own would be 6 KB.
        Math::random()
    }

    fn sleep(&self, span: Span) -> BoxFuture<'static, ()> {
        Box::pin(SendWrapper::new(Sleep::new(span)))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let work = future_to_promise(async move {
            task.await;
            Ok(JsValue::UNDEFINED)
        });
        // Outside of a request there is nothing to keep alive; the task runs all the same.
        let _ = wait_until(&work);
    }

    fn anchors(&self) -> bool {
        true
    }

    fn bell(&self) -> Option<Bell> {
        let (promise, resolve) = unsettled();
        let (rung, resolve) = (SendWrapper::new(promise), SendWrapper::new(resolve));
        Some(Bell {
            rung: Box::pin(SendWrapper::new(async move {
                let _ = JsFuture::from(rung.take()).await;
            })),
            ring: Box::new(move || {
                let _ = resolve.call0(&JsValue::UNDEFINED);
            }),
        })
    }

    fn joins_requests(&self) -> bool {
        shares_loads()
    }
}

/// The wall clock, as JavaScript has it.
pub(crate) fn now_millis() -> f64 {
    Date::now()
}

/// A promise, and the function that resolves it.
fn unsettled() -> (Promise, Function) {
    let mut resolve = None;
    let promise = Promise::new(&mut |resolver, _| resolve = Some(resolver));
    let resolve: Option<JsValue> = resolve.map(Into::into);
    let resolve = resolve.expect("a promise gives it at once");
    (promise, resolve.unchecked_into())
}

/// True if requests share loads; false on Workers with a compatibility date before 2024-10-14, where
/// a promise that another request settles never continues.
#[must_use]
pub fn shares_loads() -> bool {
    thread_local! {
        static SHARES: OnceCell<bool> = const { OnceCell::new() };
    }
    SHARES.with(|shares| *shares.get_or_init(|| !keeps_requests_apart()))
}

fn keeps_requests_apart() -> bool {
    let names = [
        "Cloudflare",
        "compatibilityFlags",
        "handle_cross_request_promise_resolution",
    ];
    let mut found: JsValue = js_sys::global().into();
    for name in names {
        // Of what is no object there is no property: not a Worker, or an old one.
        found = Reflect::get(&found, &name.into()).unwrap_or_default();
    }
    found.as_bool() == Some(false)
}

/// A timer of the request that it is made in. Dropped, it does not go off.
struct Sleep {
    timer: Option<JsValue>,
    /// Absent without a timer: then it never ends.
    over: Option<JsFuture>,
}

impl Sleep {
    fn new(span: Span) -> Self {
        let (promise, resolve) = unsettled();
        #[expect(clippy::cast_precision_loss, reason = "below 2^31")]
        let millis = span.as_millis().min(LONGEST) as f64;
        let timer = set_timeout(&resolve, millis).ok();
        let over = timer.as_ref().map(|_| JsFuture::from(promise));
        Self { timer, over }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(over) = &mut self.over else {
            return Poll::Pending;
        };
        let polled = Pin::new(over).poll(context).map(drop);
        if polled.is_ready() {
            self.timer = None;
        }
        polled
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            let _ = clear_timeout(&timer);
        }
    }
}
