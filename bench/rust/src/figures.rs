//! What hits and misses cost: the time of the processor that a thread took for them.

use crate::table::table;
use futures::executor::block_on;
use holdover::driver::{Cache, CachePolicy, Function, Tokio};
use rustix::time::{ClockId, clock_gettime};
use std::convert::Infallible;
use std::fmt::Write;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

const KEYS: usize = 1_000;
const CAPACITY: usize = 10_000;
const HOUR: Duration = Duration::from_secs(3_600);

type Value = Arc<[u8]>;
type Ours = Function<String, Value, Infallible>;
type Moka = moka::future::Cache<String, Value>;
type Quick = quick_cache::sync::Cache<String, Value>;

fn value() -> Value {
    Arc::from([7; 64])
}

fn ours() -> Ours {
    let cache = Cache::builder(Tokio).max_entries(CAPACITY as u32).build();
    let value = value();
    let load = move |_: String, _| {
        let value = Arc::clone(&value);
        async move { Ok(value) }
    };
    cache
        .wrap(CachePolicy::ttl(HOUR), load)
        .expect("a good policy")
}

fn moka() -> Moka {
    Moka::builder()
        .max_capacity(CAPACITY as u64)
        .time_to_live(HOUR)
        .build()
}

fn quick() -> Quick {
    Quick::new(CAPACITY)
}

async fn ask_ours(cache: &Ours, key: &String, _: &Value) {
    black_box(cache.get(key).await.expect("a value"));
}

async fn ask_moka(cache: &Moka, key: &String, value: &Value) {
    let load = async { Ok::<_, Infallible>(Arc::clone(value)) };
    black_box(cache.try_get_with_by_ref(key, load).await.expect("a value"));
}

async fn ask_quick(cache: &Quick, key: &String, value: &Value) {
    let load = async { Ok::<_, Infallible>(Arc::clone(value)) };
    black_box(cache.get_or_insert_async(key, load).await.expect("a value"));
}

/// Nanoseconds of the processor that this thread has taken.
fn spent() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Asks a cache for all of these keys.
type Run<'a> = Box<dyn FnMut(&[String]) + 'a>;

/// A contender's name, and how it is asked for all of these keys.
struct Named<'a> {
    name: &'static str,
    run: Run<'a>,
}

/// Nanoseconds for each key: the median of rounds in which contenders take turns.
fn medians(
    contenders: &mut [Named<'_>],
    rounds: usize,
    mut keys: impl FnMut() -> Vec<String>,
) -> Vec<f64> {
    let mut times = vec![Vec::new(); contenders.len()];
    for round in 0..rounds + 2 {
        for (contender, times) in contenders.iter_mut().zip(&mut times) {
            let keys = keys();
            let begun = spent();
            (contender.run)(&keys);
            let time = (spent() - begun) as f64 / keys.len() as f64;
            // The first rounds fill caches and warm up.
            if round >= 2 {
                times.push(time);
            }
        }
    }
    times.into_iter().map(median).collect()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

pub(crate) fn run(is_quick: bool) -> String {
    let rounds = if is_quick { 5 } else { 41 };
    let mut text = String::new();
    text += &hits(rounds);
    text += &misses(rounds);
    text += &threads(is_quick);
    text
}

fn section(title: &str, contenders: &[Named<'_>], times: &[f64], bars: &[(usize, f64)]) -> String {
    let mut rows = vec![vec![
        String::new(),
        "of holdover".to_owned(),
        "p50".to_owned(),
    ]];
    for (contender, time) in contenders.iter().zip(times) {
        let ratio = format!("{:.2} ×", time / times[0]);
        rows.push(vec![
            contender.name.to_owned(),
            ratio,
            format!("{time:.0} ns"),
        ]);
    }
    let mut text = format!("## {title}\n\n{}", table(&rows));
    for &(other, most) in bars {
        let ratio = times[0] / times[other];
        let is_met = if ratio <= most { "met" } else { "**not met**" };
        let name = contenders[other].name;
        let _ = write!(
            text,
            "holdover ÷ {name} = **{ratio:.2}**, must be at most {most:.2}: {is_met}\n\n"
        );
    }
    text
}

fn hits(rounds: usize) -> String {
    let keys: Vec<String> = (0..KEYS).map(|key| format!("user:{key}")).collect();
    let (ours, moka, quick, value) = (ours(), moka(), quick(), value());
    let mut contenders = [
        Named {
            name: "holdover",
            run: Box::new(|keys| {
                block_on(async {
                    for key in keys {
                        ask_ours(&ours, key, &value).await
                    }
                })
            }),
        },
        Named {
            name: "moka `try_get_with_by_ref`",
            run: Box::new(|keys| {
                block_on(async {
                    for key in keys {
                        ask_moka(&moka, key, &value).await
                    }
                })
            }),
        },
        Named {
            name: "moka `get`",
            run: Box::new(|keys| {
                block_on(async {
                    for key in keys {
                        black_box(moka.get(key).await);
                    }
                })
            }),
        },
        Named {
            name: "quick_cache `get_or_insert_async`, no `ttl`",
            run: Box::new(|keys| {
                block_on(async {
                    for key in keys {
                        ask_quick(&quick, key, &value).await
                    }
                })
            }),
        },
    ];
    let many: Vec<String> = (0..20).flat_map(|_| keys.iter().cloned()).collect();
    let times = medians(&mut contenders, rounds, || many.clone());
    let title = "An awaited hit: 1,000 keys of text, shared values, a `ttl`";
    section(title, &contenders, &times, &[(1, 0.4), (3, 2.0)])
}

fn misses(rounds: usize) -> String {
    let (ours, moka, quick, value) = (ours(), moka(), quick(), value());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = &runtime.expect("a runtime");
    let mut contenders = [
        Named {
            name: "holdover",
            run: Box::new(|keys| {
                runtime.block_on(async {
                    for key in keys {
                        ask_ours(&ours, key, &value).await
                    }
                })
            }),
        },
        Named {
            name: "moka `try_get_with_by_ref`",
            run: Box::new(|keys| {
                runtime.block_on(async {
                    for key in keys {
                        ask_moka(&moka, key, &value).await
                    }
                })
            }),
        },
        Named {
            name: "quick_cache `get_or_insert_async`, no `ttl`",
            run: Box::new(|keys| {
                runtime.block_on(async {
                    for key in keys {
                        ask_quick(&quick, key, &value).await
                    }
                })
            }),
        },
    ];
    let mut last = 0_u64;
    let mut new_keys = || {
        let from = last;
        last += CAPACITY as u64;
        (from..last).map(|key| format!("user:{key}")).collect()
    };
    let times = medians(&mut contenders, rounds, &mut new_keys);
    let title = "A miss whose load is ready at once, with 10,000 entries kept and as many evicted";
    section(title, &contenders, &times, &[(1, 0.4)])
}

/// Nanoseconds of the clock on the wall for each hit, over all threads.
fn wall(threads: usize, hits: usize, ask: impl Fn(&String) + Sync) -> f64 {
    let keys: Vec<String> = (0..KEYS).map(|key| format!("user:{key}")).collect();
    let barrier = Barrier::new(threads);
    let times: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
        let spawn = |thread: usize| {
            let (keys, ask, barrier) = (&keys, &ask, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let begun = Instant::now();
                for hit in 0..hits {
                    ask(&keys[(hit * 7 + thread * 131) % KEYS]);
                }
                (begun, Instant::now())
            })
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        let ends = running.into_iter().map(|thread| thread.join());
        ends.map(|ends| ends.expect("a thread that ends")).collect()
    });
    let begun = times.iter().map(|(begun, _)| *begun).min();
    let ended = times.iter().map(|(_, ended)| *ended).max();
    let taken = ended.zip(begun).map(|(ended, begun)| ended - begun);
    taken.unwrap_or_default().as_nanos() as f64 / (hits * threads) as f64
}

fn threads(is_quick: bool) -> String {
    let (rounds, hits) = if is_quick { (3, 50_000) } else { (11, 300_000) };
    let (ours, moka, quick, value) = (ours(), moka(), quick(), value());
    let keys: Vec<String> = (0..KEYS).map(|key| format!("user:{key}")).collect();
    block_on(async {
        for key in &keys {
            ask_ours(&ours, key, &value).await;
            ask_moka(&moka, key, &value).await;
            ask_quick(&quick, key, &value).await;
        }
    });
    let mut rows = vec![
        vec!["threads".to_owned()],
        vec!["holdover".to_owned()],
        vec!["moka `try_get_with_by_ref`".to_owned()],
        vec!["quick_cache `get_or_insert_async`, no `ttl`".to_owned()],
    ];
    for threads in [1, 2, 4] {
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..rounds {
            times[0].push(wall(threads, hits, |key| {
                block_on(ask_ours(&ours, key, &value))
            }));
            times[1].push(wall(threads, hits, |key| {
                block_on(ask_moka(&moka, key, &value))
            }));
            times[2].push(wall(threads, hits, |key| {
                block_on(ask_quick(&quick, key, &value))
            }));
        }
        rows[0].push(format!("{threads}"));
        for (row, times) in rows[1..].iter_mut().zip(times) {
            row.push(format!("{:.0} ns", median(times)));
        }
    }
    format!(
        "## Hits by several threads at once\n\nTime on the wall for each hit of all threads together; less is more hits. holdover has one lock for each cache. With more \
         threads than cores, and others at work on the machine, this is noisy.\n\n{}",
        table(&rows)
    )
}
