//! Where the randomness of a run comes from: one number, which is printed and can be given again.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "not every test that draws has a runner"
)]

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::hash::{BuildHasher, RandomState};

/// The seed of a regular run.
const REGULAR: u64 = 20_261_128;

/// Returns the seed of a run, and prints it. A regular run plays the same each time, so that a red
/// one is the fault of the change; `HOLDOVER_SEED=<number>` plays others, `HOLDOVER_SEED=random` any.
pub fn seed() -> u64 {
    let seed = match std::env::var("HOLDOVER_SEED").as_deref() {
        Ok("random") => RandomState::new().hash_one(0),
        Ok(given) => given
            .parse()
            .expect("HOLDOVER_SEED is a number, or `random`"),
        Err(_) => REGULAR,
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
