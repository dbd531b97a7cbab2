//! After a change no older value is read, whatever the store does.

use crate::scripted::{Script, Scripted, Told};
use crate::support::ms;
use holdover::driver::testing::Virtual;
use holdover::driver::{Cache, Stores};
use proptest::prelude::*;
use std::sync::{Arc, Mutex};

#[derive(Clone, Debug)]
enum Act {
    Set,
    Invalidate,
    Clear,
    Get,
}

fn act() -> impl Strategy<Value = (u64, Act)> {
    let act = prop_oneof![
        4 => Just(Act::Set),
        3 => Just(Act::Invalidate),
        1 => Just(Act::Clear),
        6 => Just(Act::Get),
    ];
    (prop_oneof![0..30_u64, 0..900_u64, 4_000..7_000_u64], act)
}

fn told() -> impl Strategy<Value = Told> {
    let time = || prop_oneof![3 => Just(0_u64), 2 => 1..100_u64, 2 => 400..1_500_u64];
    (time(), time(), 0..6_u8).prop_map(|(after, then, fault)| Told {
        after: (fault != 5).then(|| after.into()),
        answer: Some(if fault == 4 {
            "never".into()
        } else {
            (after + then).into()
        }),
        refuses: fault == 3,
        fails: (fault == 2).then_some(true),
    })
}

fn script() -> impl Strategy<Value = Script> {
    let operations = ["get", "set", "delete", "clear", "keys"];
    let each = operations.map(|kind| {
        proptest::collection::vec(told(), 0..12)
            .prop_map(move |told| (kind.to_owned(), told.into()))
    });
    each.prop_map(|each| each.into_iter().collect())
}

/// Plays it; gives by read the newest change when it began, and what it brought.
fn play(script: Script, can: &[&str], acts: &[(u64, Act)]) -> Vec<(u64, u64)> {
    let host = Virtual::new();
    let stores = Stores::json(String::clone).store(Scripted::new(&host, script, can));
    let cache = Cache::<String, u64, ()>::builder(host.clone())
        .max_entries(0)
        .stores(stores)
        .build();
    let read = Arc::new(Mutex::new(Vec::new()));
    for (nth, (after, act)) in acts.iter().enumerate() {
        host.advance(ms(*after));
        let (key, version) = (String::from("k"), nth as u64 + 1);
        match act {
            Act::Set => drop(cache.set(&key, version, ms(86_400_000))),
            Act::Invalidate => drop(cache.invalidate(&key)),
            Act::Clear => drop(cache.clear()),
            Act::Get => {
                let (cache, read) = (cache.clone(), Arc::clone(&read));
                let is_change = |(_, (_, act)): &(usize, &(u64, Act))| !matches!(act, Act::Get);
                let before = acts[..nth].iter().enumerate().rfind(is_change);
                let newest = before.map_or(0, |(at, _)| at as u64 + 1);
                host.start(async move {
                    if let Some(found) = cache.get(&key).await {
                        read.lock().unwrap().push((newest, found));
                    }
                });
            }
        }
    }
    host.advance(ms(30_000));
    read.lock().unwrap().clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn nothing_older_than_the_last_change_is_read(
        script in script(),
        can in proptest::sample::select(vec![&[][..], &["clear"], &["keys"]]),
        acts in proptest::collection::vec(act(), 1..14),
    ) {
        for (newest, found) in play(script, can, &acts) {
            prop_assert!(found >= newest, "{found} was read after {newest}");
        }
    }
}
