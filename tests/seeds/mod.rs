//! Where the randomness of a run comes from: one number, which is printed and can be given again.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "not every test that draws has a runner"
)]

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::hash::{BuildHasher, RandomState};

/// `HOLDOVER_SEED`, or a new one; printed either way.
pub fn seed() -> u64 {
    let seed = match std::env::var("HOLDOVER_SEED") {
        Ok(given) => given.parse().expect("HOLDOVER_SEED is a number"),
        Err(_) => RandomState::new().hash_one(0),
    };
    println!("HOLDOVER_SEED={seed}");
    seed
}

/// A runner that draws the same cases for the same seed.
pub fn runner(seed: u64, cases: u32, max_shrink_iters: u32) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}
