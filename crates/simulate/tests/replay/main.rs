//! The figures equal those of the same log through the Rust driver with a manual clock.

mod driver;
mod traffic;

use driver::Driver;
use holdover::Span;
use holdover::memory::Eviction;
use holdover_simulate::access::Access;
use holdover_simulate::configuration::{Configuration, Room};
use holdover_simulate::play::{Figures, Outage};
use holdover_simulate::report::Summary;
use holdover_simulate::simulation::Simulation;
use traffic::Traffic;

/// Fails with the counts and not with histograms of thousands of places.
fn assert_same(simulated: &Figures, driven: &Figures, of: impl std::fmt::Debug) {
    if simulated != driven {
        let [simulated, driven] = [simulated, driven].map(|figures| Outcome {
            waits: figures.waits.mean(),
            ages: figures.ages.mean(),
            summary: Summary::new(figures),
        });
        panic!("{of:?}:\n{simulated:#?}\nand by the driver\n{driven:#?}");
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "to be printed")]
struct Outcome {
    waits: f64,
    ages: f64,
    summary: Summary,
}

/// Sizes of the chunks in which a log is played: it must not show.
const CHUNKS: [usize; 3] = [1, 97, usize::MAX];

fn simulated(
    log: &[Access],
    policy: &Configuration,
    outage: Option<Outage>,
    chunk: usize,
) -> (Figures, Option<Figures>) {
    let mut simulation = Simulation::new(&[*policy], outage).unwrap();
    for chunk in log.chunks(chunk.min(log.len())) {
        simulation.play(chunk);
    }
    let (_, mut outcomes) = simulation.finish();
    let outcome = outcomes.remove(0);
    (outcome.figures, outcome.outage)
}

fn policies() -> Vec<Configuration> {
    let ms = Span::from_millis;
    let plain = |ttl, room| Configuration::new(ms(ttl), room);
    let stale = |ttl, room, revalidate, if_error| Configuration {
        stale_while_revalidate: ms(revalidate),
        stale_if_error: ms(if_error),
        ..plain(ttl, room)
    };
    let many = Room::Entries(1000);
    vec![
        plain(500, many),
        plain(5000, Room::Entries(7)),
        plain(5000, Room::Bytes(30_000)),
        stale(400, many, 3000, 0),
        stale(400, many, 0, 60_000),
        stale(1000, Room::Entries(20), 2000, 60_000),
        Configuration {
            failover_after: Some(ms(40)),
            timeout: Some(ms(300)),
            retry_after: ms(250),
            ..stale(300, Room::Bytes(90_000), 200, 20_000)
        },
        Configuration {
            timeout: Some(ms(60)),
            ..stale(300, many, 0, 20_000)
        },
        Configuration {
            failover_after: Some(ms(0)),
            ..stale(200, many, 0, 20_000)
        },
        Configuration {
            // Nothing is evicted, so it makes no difference which policy evicts.
            eviction: Eviction::S3Fifo,
            ..stale(400, many, 1000, 5000)
        },
    ]
}

#[test]
fn the_figures_are_those_of_the_driver() {
    for seed in 1..=4 {
        let log = Traffic::new(seed).log(3000);
        for policy in &policies() {
            let driven = Driver::new(policy, None).play(&log);
            for chunk in CHUNKS {
                let (figures, _) = simulated(&log, policy, None, chunk);
                assert_same(&figures, &driven, (policy, seed));
            }
            assert_eq!(driven.calls, 3000);
        }
    }
}

#[test]
fn the_figures_of_an_outage_are_those_of_the_driver() {
    for seed in 1..=4 {
        let log = Traffic::new(seed).log(3000);
        let from = log[1000].time;
        let until = log[1900].time;
        let outage = Outage { from, until };
        for policy in &policies() {
            let driven = Driver::new(policy, Some(outage)).play(&log);
            for chunk in CHUNKS {
                let (_, figures) = simulated(&log, policy, Some(outage), chunk);
                assert_same(&figures.unwrap(), &driven, (policy, seed));
            }
            let calls = log
                .iter()
                .filter(|access| (from..until).contains(&access.time));
            assert_eq!(driven.calls, calls.count() as u64);
        }
    }
}

/// The driver's hashes are random, and S3-FIFO forgets some of the keys that it evicted by their
/// hashes: two of its runs differ by as much.
#[test]
fn eviction_by_s3_fifo_is_about_that_of_the_driver() {
    let policy = Configuration {
        eviction: Eviction::S3Fifo,
        ..Configuration::new(Span::FOREVER, Room::Entries(12))
    };
    let lru = Configuration {
        eviction: Eviction::Lru,
        ..policy
    };
    for seed in 1..=3 {
        let log = Traffic::new(seed).log(10_000);
        let (figures, _) = simulated(&log, &policy, None, 1000);
        let driven = Driver::new(&policy, None).play(&log);
        let far = (figures.hit_ratio() - driven.hit_ratio()).abs();
        assert!(
            far < 0.02,
            "{} and {}",
            figures.hit_ratio(),
            driven.hit_ratio()
        );
        let (other, _) = simulated(&log, &lru, None, 1000);
        assert_ne!(other.hits, figures.hits, "it makes a difference");
    }
}

/// Loads that take longer than their lease are taken over, and those that waited ask again.
#[test]
fn loads_beyond_their_lease_are_those_of_the_driver() {
    for seed in 1..=6 {
        let log = Traffic::new(seed).slow().log(2000);
        for policy in &policies()[..6] {
            let driven = Driver::new(policy, None).play(&log);
            let outage = Outage {
                from: log[500].time + 5,
                until: log[1000].time + 5,
            };
            let (figures, _) = simulated(&log, policy, None, 97);
            assert_same(&figures, &driven, (policy, seed));
            let (_, figures) = simulated(&log, policy, Some(outage), 97);
            let driven = Driver::new(policy, Some(outage)).play(&log);
            assert_same(&figures.unwrap(), &driven, (policy, seed));
        }
    }
}
