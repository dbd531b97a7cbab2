//! The rules of HTTP against what nobody would send: no panic, no overflow, no hang.
//!
//! Each run prints its seed; `HOLDOVER_SEED=<number> cargo test --test http_fuzz` repeats it.
//! Overflows panic here, as tests are built with their checks.

mod fuzz;
mod seeds;

use fuzz::corpus::TARGETS;
use fuzz::hostile;
use fuzz::mutate::Mutator;
use rustix::time::{ClockId, clock_gettime};
use std::time::Instant;

/// How many inputs in all.
const INPUTS: u64 = 10_000_000;

#[test]
fn ten_million_inputs_are_read_without_a_panic() {
    let mut mutator = Mutator::new(seeds::seed());
    let started = Instant::now();
    let mut inputs = 0;
    while inputs < INPUTS {
        for target in TARGETS {
            (target.read)(mutator.input(target.values));
            inputs += 1;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{inputs} inputs to {} readers in {seconds:.1} s",
        TARGETS.len()
    );
}

/// What a megabyte may take whatever a tenth of it takes: what is quadratic takes minutes.
const ALWAYS_QUICK: f64 = 1.0;

/// Ten times the text must not take a hundred times as long. The bound leaves room for caches
/// that others use, too.
#[test]
fn a_megabyte_takes_ten_times_as_long_as_a_tenth_of_it() {
    for case in hostile::cases() {
        let (short, long) = (case.text(100_000), case.text(1_000_000));
        let slow = quickest(&case, &long);
        let quick = quickest(&case, &short);
        println!("{:>30} {quick:.4} s, {slow:.4} s", case.name);
        let bound = (quick * 40.0).max(ALWAYS_QUICK);
        assert!(slow < bound, "{}: {quick} s, then {slow} s", case.name);
    }
}

fn quickest(case: &hostile::Case, text: &str) -> f64 {
    let took = |_| {
        let started = thread_seconds();
        (case.read)(text);
        thread_seconds() - started
    };
    (0..3).map(took).fold(f64::INFINITY, f64::min)
}

/// Returns the seconds for which this thread has run: those in which others run do not count.
#[expect(clippy::cast_precision_loss, reason = "seconds since the thread began")]
fn thread_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
