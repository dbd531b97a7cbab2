//! The requirements of a store.

mod cases;

use crate::driver::bounds::{BoxFuture, MaybeSend, MaybeSync, opaque};
use crate::driver::store::Store;
use crate::time::Span;
use core::fmt;
use std::boxed::Box;
use std::format;
use std::future::ready;
use std::string::String;
use std::vec;
use std::vec::Vec;

/// A requirement that a store does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The requirement, as a sentence.
    pub requirement: &'static str,
    /// The difference.
    pub reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.requirement, self.reason)
    }
}

/// Options of [`store_conformance`].
pub struct Conformance {
    prefix: String,
    max_bytes: usize,
    advance: Box<dyn Advance>,
    lag: Span,
}

/// Lets time pass.
trait Advance: Fn(Span) -> BoxFuture<'static, ()> + MaybeSend + MaybeSync {}
impl<F: Fn(Span) -> BoxFuture<'static, ()> + MaybeSend + MaybeSync> Advance for F {}

impl Conformance {
    /// Lets time pass for the store with `advance`, mostly [`Host::sleep`](crate::driver::Host).
    #[must_use]
    pub fn new<F>(advance: impl Fn(Span) -> F + MaybeSend + MaybeSync + 'static) -> Self
    where
        F: Future<Output = ()> + MaybeSend + 'static,
    {
        let advance = move |span| -> BoxFuture<'static, ()> { Box::pin(advance(span)) };
        Self {
            prefix: String::from("conformance:"),
            max_bytes: 1 << 20,
            advance: Box::new(advance),
            lag: Span::ZERO,
        }
    }

    /// Sets the beginning of the keys that are used, for stores that are not empty.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        Self { prefix, ..self }
    }

    /// The size of the largest record that the store takes. Default 1 MiB.
    #[must_use]
    pub fn max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// The time for which a record may stay after its expiry, for stores with a coarse clock.
    /// [`Span::FOREVER`] if they need not drop it. Default 0.
    #[must_use]
    pub fn lag(self, lag: impl Into<Span>) -> Self {
        let lag = lag.into();
        Self { lag, ..self }
    }
}

type Checked = Result<(), String>;

/// A store under test, and the beginning of the keys of one case.
struct Bench<'a> {
    store: &'a dyn Store,
    options: &'a Conformance,
    prefix: String,
}

/// One requirement, and what checks it.
type Case = (
    &'static str,
    for<'a> fn(&'a Bench<'a>) -> BoxFuture<'a, Checked>,
);

/// Checks everything that a store must do: [`Store::get`], [`Store::set`] and [`Store::delete`], and
/// what else it can. Gives how many requirements it meets.
///
/// ```
/// use holdover::driver::testing::{Conformance, MapStore, Virtual, store_conformance};
/// use holdover::driver::Host;
///
/// let host = Virtual::new();
/// let store = MapStore::new(host.clone());
/// let clock = host.clone();
/// let met = host.run(async move {
///     store_conformance(&store, Conformance::new(move |span| clock.sleep(span))).await
/// });
/// assert!(met.unwrap() > 10);
/// ```
///
/// # Errors
/// All requirements that it does not meet.
pub async fn store_conformance(
    store: &dyn Store,
    options: Conformance,
) -> Result<usize, Vec<Violation>> {
    let mut cases: Vec<Case> = vec![
        ("a record comes back as it was", |bench| {
            Box::pin(bench.records())
        }),
        (
            "a key that is not there is a miss, and can be deleted",
            |bench| Box::pin(bench.misses()),
        ),
        ("set replaces the whole record", |bench| {
            Box::pin(bench.replaces())
        }),
        ("delete drops one key and leaves the others", |bench| {
            Box::pin(bench.deletes())
        }),
        ("keys that look alike are different keys", |bench| {
            Box::pin(bench.tells_keys_apart())
        }),
        ("operations that overlap do not mix", |bench| {
            Box::pin(bench.overlaps())
        }),
        ("a record for any time is there", |bench| {
            Box::pin(bench.lives())
        }),
        ("a record does not end early", |bench| {
            Box::pin(bench.stays())
        }),
        ("its name stays the same", |bench| {
            Box::pin(ready(bench.is_named()))
        }),
    ];
    if !options.lag.is_forever() {
        cases.push(("a record ends when it should", |bench| {
            Box::pin(bench.ends())
        }));
    }
    if store.keys("").is_some() {
        cases.push((
            "keys gives all that begin so, as they were given, and no others",
            |bench| Box::pin(bench.lists()),
        ));
    }
    if store.clear(&options.prefix).is_some() {
        cases.push((
            "clear drops all that begin so, and leaves the others",
            |bench| Box::pin(bench.clears()),
        ));
        cases.push(("clear takes what patterns are made of as text", |bench| {
            Box::pin(bench.clears_no_patterns())
        }));
    }
    cases.extend(capabilities(store));
    let mut violations = Vec::new();
    for (nth, (requirement, check)) in cases.iter().enumerate() {
        let bench = Bench {
            store,
            options: &options,
            prefix: format!("{}{nth}:", options.prefix),
        };
        if let Err(reason) = check(&bench).await {
            violations.push(Violation {
                requirement,
                reason,
            });
        }
    }
    if violations.is_empty() {
        Ok(cases.len())
    } else {
        Err(violations)
    }
}

/// The requirements of what a store need not be able to do.
fn capabilities(store: &dyn Store) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    if store.get_many(&[]).is_some() {
        cases.push(
            ("get_many gives records in the order of the keys", |bench| {
                Box::pin(bench.gets_many())
            }),
        );
    }
    if store.add("", &[], cases::LONG).is_some() {
        cases.push(("add stores only where nothing is", |bench| {
            Box::pin(bench.adds())
        }));
        cases.push(("of those who add at once, one does", |bench| {
            Box::pin(bench.adds_once())
        }));
    }
    if store.compare_and_delete("", &[]).is_some() {
        cases.push((
            "compare_and_delete drops a key only if it has this record",
            |bench| Box::pin(bench.compares()),
        ));
    }
    cases
}

opaque! { Conformance<> }
