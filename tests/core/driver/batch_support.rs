//! Functions of many keys, over an origin that notes what it is asked for.

use crate::support::{Numbers, ms};
use holdover::driver::testing::Virtual;
use holdover::driver::{CachePolicy, Error, Function, Host, LoadContext, Source};
use holdover::time::Span;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

pub(crate) type Get = Function<u32, usize, &'static str>;
pub(crate) type Policy = CachePolicy<u32, usize, &'static str>;
pub(crate) type Result1 = Result<usize, &'static str>;
type Loading = Pin<Box<dyn Future<Output = Result<Vec<Result1>, &'static str>> + Send>>;

type AnswerOf = fn(u32) -> Result1;

/// An origin that takes 100 ms, and what it was asked for.
#[derive(Clone)]
pub(crate) struct Origin {
    host: Virtual,
    pub(crate) calls: Arc<Mutex<Vec<Vec<u32>>>>,
    answer: Arc<Mutex<AnswerOf>>,
    is_down: Arc<Mutex<bool>>,
    takes: Arc<Mutex<Span>>,
}

impl Origin {
    pub(crate) fn new(host: &Virtual) -> Self {
        Self {
            host: host.clone(),
            calls: Arc::default(),
            answer: Arc::new(Mutex::new(|key| Ok(key as usize * 10))),
            is_down: Arc::default(),
            takes: Arc::new(Mutex::new(ms(100))),
        }
    }

    pub(crate) fn answers(&self, answer: fn(u32) -> Result1) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(crate) fn goes_down(&self) {
        *self.is_down.lock().unwrap() = true;
    }

    pub(crate) fn takes(&self, span: Span) {
        *self.takes.lock().unwrap() = span;
    }

    pub(crate) fn loader(&self) -> impl Fn(Vec<u32>, LoadContext) -> Loading + Send + Sync + use<> {
        let origin = self.clone();
        move |keys, _| {
            origin.calls.lock().unwrap().push(keys.clone());
            let sleep = origin.host.sleep(*origin.takes.lock().unwrap());
            let (answer, is_down) = (Arc::clone(&origin.answer), Arc::clone(&origin.is_down));
            Box::pin(async move {
                sleep.await;
                if *is_down.lock().unwrap() {
                    return Err("down");
                }
                let answer = *answer.lock().unwrap();
                Ok(keys.into_iter().map(answer).collect())
            })
        }
    }

    /// The calls since this was last asked.
    pub(crate) fn asked(&self) -> Vec<Vec<u32>> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

pub(crate) fn over(host: &Virtual, policy: Policy) -> (Numbers, Get, Origin) {
    let cache = Numbers::builder(host.clone()).build();
    let origin = Origin::new(host);
    let get = cache.wrap_many(policy, origin.loader()).unwrap();
    (cache, get, origin)
}

/// An answer in short: its value and source, or its error.
pub(crate) type Short = Result<(usize, Source), String>;

pub(crate) fn short<E: std::fmt::Display>(
    answers: Vec<Result<holdover::driver::Answer<usize, &'static str>, Error<E>>>,
) -> Vec<Short> {
    let answers = answers.into_iter();
    let answers = answers.map(|answer| match answer {
        Ok(answer) => Ok((answer.value, answer.source)),
        Err(error) => Err(error.to_string()),
    });
    answers.collect()
}

pub(crate) fn ask(host: &Virtual, get: &Get, keys: &[u32]) -> Vec<Short> {
    let (get, keys) = (get.clone(), keys.to_vec());
    host.run(async move { short(get.call_many(&keys).explain().await) })
}

/// Begins a batch; its answers are there once it has them.
pub(crate) fn begin(
    host: &Virtual,
    get: &Get,
    keys: &[u32],
) -> (holdover::driver::testing::Request, Arc<Mutex<Vec<Short>>>) {
    let (get, keys) = (get.clone(), keys.to_vec());
    let told = Arc::new(Mutex::new(Vec::new()));
    let place = Arc::clone(&told);
    let request = host.start(async move {
        let answers = short(get.call_many(&keys).explain().await);
        *place.lock().unwrap() = answers;
    });
    (request, told)
}

pub(crate) fn loaded(values: &[usize]) -> Vec<Short> {
    values
        .iter()
        .map(|&value| Ok((value, Source::Load)))
        .collect()
}
