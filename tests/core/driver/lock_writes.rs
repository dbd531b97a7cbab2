//! Loads that outlive their lock, and what they may write then.

use crate::lock_stage::{Answers, Stage, locked, take};
use crate::support::ms;
use holdover::driver::LoadLock;

/// Instances whose lock ends long before their loads may.
fn short(instances: usize) -> Stage {
    let lock = LoadLock::new().ttl(ms(1_000)).wait(ms(5_000));
    Stage::new(instances, move || locked().lock(lock))
}

#[test]
fn a_holder_that_outlives_its_ttl_overwrites_nothing_of_its_successors() {
    let stage = short(2);
    let (late, next) = (Answers::default(), Answers::default());
    stage.origin().takes = 4_000;
    stage.call(0, 1, &late);
    stage.run_to(10);
    stage.origin().takes = 100;
    stage.call(1, 1, &next);
    stage.run_to(3_000);
    assert_eq!(take(&next), [Ok(2)]);
    let record = stage.shared.record("n:1").unwrap();
    stage.run_to(5_000);
    assert_eq!(take(&late), [Ok(1)], "its own callers have their answer");
    assert_eq!(stage.shared.record("n:1").unwrap(), record);
    assert_eq!(stage.shared.names(), ["n:1"]);
}

#[test]
fn a_holder_that_outlives_its_ttl_while_its_successor_still_loads_stores_nothing() {
    let stage = short(2);
    let (late, next) = (Answers::default(), Answers::default());
    stage.origin().takes = 1_900;
    stage.call(0, 1, &late);
    stage.run_to(10);
    stage.call(1, 1, &next);
    stage.run_to(1_950);
    assert_eq!(take(&late), [Ok(1)]);
    assert_eq!(stage.shared.record("n:1"), None);
    assert_eq!(stage.origin().loads, 2);
    assert!(stage.is_locked(1), "its successor's");
    stage.run_to(10_000);
    assert_eq!(take(&next), [Ok(2)]);
    assert_eq!(stage.shared.names(), ["n:1"]);
}

#[test]
fn a_holder_that_outlives_its_ttl_with_nobody_after_it_stores() {
    let stage = short(2);
    let answers = Answers::default();
    stage.origin().takes = 3_000;
    stage.call(0, 1, &answers);
    stage.run_to(3_100);
    stage.call(1, 1, &answers);
    stage.run_to(3_101);
    assert_eq!(take(&answers), [Ok(1), Ok(1)]);
    assert_eq!(stage.shared.names(), ["n:1"]);
}

#[test]
fn what_comes_after_its_timeout_is_written_under_a_lock_taken_anew() {
    // The lock is given back at the timeout; the load goes on.
    let stage = Stage::new(2, || locked().timeout(ms(50)).keep_loading());
    let answers = Answers::default();
    stage.call(0, 1, &answers);
    stage.run_to(60);
    assert_eq!(take(&answers), [Err("E_TIMEOUT".to_owned())]);
    assert!(!stage.is_locked(1));
    stage.run_to(110);
    assert_eq!(stage.shared.names(), ["n:1"]);
    assert_eq!(stage.all[0].way.count("add"), 2);
    // Another instance's load has begun meanwhile.
    let stage = Stage::new(2, || locked().timeout(ms(50)).keep_loading());
    stage.call(0, 1, &answers);
    stage.run_to(60);
    stage.call(1, 1, &answers);
    stage.run_to(105);
    assert_eq!(
        stage.shared.names(),
        ["%load:n:1"],
        "and its value is not written over"
    );
    stage.run_to(200);
    assert_eq!(stage.shared.names(), ["n:1"]);
}

#[test]
fn with_a_store_that_is_down_what_outlived_its_lock_is_not_written() {
    let stage = short(1);
    let answers = Answers::default();
    stage.origin().takes = 3_000;
    stage.call(0, 1, &answers);
    stage.run_to(2_000);
    stage.all[0].way.down.lock().unwrap().insert("add");
    stage.run_to(3_500);
    assert_eq!(take(&answers), [Ok(1)]);
    assert_eq!(stage.all[0].way.count("set"), 0);
    // What the store may have is of before, so it is not believed until it was dropped.
    assert_eq!(stage.shared.record("n:1"), None);
}

#[test]
fn a_write_must_not_arrive_when_the_lock_is_over() {
    let lock = LoadLock::new().ttl(ms(1_000)).wait(ms(5_000));
    let stage = Stage::new(1, move || locked().single_flight(false).lock(lock));
    let answers = Answers::default();
    // What this brings is written first, and the store hangs at it from 400 to 900 ms.
    stage.origin().takes = 400;
    let get = stage.all[0].get.clone();
    stage.host.start(async move {
        get.refresh(&1).await.unwrap();
    });
    stage.all[0].way.hangs.lock().unwrap().insert("set");
    stage.origin().takes = 450;
    stage.call(0, 1, &answers);
    stage.run_to(451);
    assert_eq!(take(&answers), [Ok(2)]);
    assert!(stage.is_locked(1), "its write waits for its turn");
    stage.all[0].way.hangs.lock().unwrap().clear();
    stage.run_to(2_000);
    let within = stage.all[0].way.within.lock().unwrap().clone();
    assert_eq!(within, [ms(500), ms(100)]);
}
