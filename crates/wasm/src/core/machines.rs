//! The machines of this instance, by number.

use super::span_in;
use alloc::boxed::Box;
use alloc::vec::Vec;
use holdover::abi::{self, RefusalNumbers, UsageNumbers};
use holdover::call::CallMachine;
use holdover::fence::Fence;
use holdover::guard::Guards;
use holdover::memory::{Eviction, Limits};
use holdover::strategy::ttl::Lifetime;
use holdover::time::Span;
use spin::{Mutex, MutexGuard};
use wasm_bindgen::prelude::wasm_bindgen;

/// A machine and the fence it handed out last, which crosses in a call of its own.
pub(super) struct Calls {
    pub(super) machine: CallMachine,
    pub(super) led: Fence,
    /// The age and the `ttl` of the entry that answered instead of a load last.
    pub(super) instead: (Span, Span),
    /// The lifetime below the memory of what was loaded last.
    pub(super) below: Lifetime,
    pub(super) guards: Vec<Option<Guards>>,
    pub(super) free_guards: Vec<u32>,
    /// The details of the last refusal.
    pub(super) refusal: RefusalNumbers,
}

static MACHINES: Mutex<Vec<Option<Box<Calls>>>> = Mutex::new(Vec::new());

/// The machines. After a trap in the middle of a call they stay locked: whoever asks then traps,
/// too, instead of waiting for ever.
// Fifty exports begin with it; the hot one has its own.
#[inline(never)]
fn machines() -> MutexGuard<'static, Vec<Option<Box<Calls>>>> {
    locked()
}

#[inline]
fn locked() -> MutexGuard<'static, Vec<Option<Box<Calls>>>> {
    MACHINES.try_lock().expect("no call under way")
}

/// Runs `use_it` on a machine. A number that was never given or was closed is a bug of the
/// driver: it traps, and the driver replaces the instance.
#[inline]
pub(super) fn with<R>(machine: u32, use_it: impl FnOnce(&mut Calls) -> R) -> R {
    with_one_of(machines(), machine, use_it)
}

/// The same, for callers in a hurry.
#[inline]
pub(super) fn with_inline<R>(machine: u32, use_it: impl FnOnce(&mut Calls) -> R) -> R {
    with_one_of(locked(), machine, use_it)
}

#[inline]
fn with_one_of<R>(
    mut machines: MutexGuard<'static, Vec<Option<Box<Calls>>>>,
    machine: u32,
    use_it: impl FnOnce(&mut Calls) -> R,
) -> R {
    let calls = machines.get_mut(machine as usize).and_then(Option::as_mut);
    use_it(calls.expect("a machine that is open"))
}

/// The most entries of lower stores whose hits and retries a memory for 0 entries remembers: as many
/// as a memory keeps by default.
const MAX_TRACES: u32 = 10_000;

/// Opens a machine; gives its number. `ttl` bounds the time for which it serves entries of stores
/// below it, `eviction` is one of [`eviction`](holdover::abi::eviction).
#[wasm_bindgen]
#[must_use]
pub fn open(max_entries: f64, max_bytes: f64, ttl: f64, eviction: u32) -> u32 {
    let mut machine = CallMachine::new(Limits {
        max_entries: max_entries as u32,
        max_bytes: max_bytes as u64,
    });
    if eviction == abi::eviction::S3_FIFO {
        machine.evict_by(Eviction::S3Fifo);
    }
    machine.keep_traces(MAX_TRACES);
    machine.limit_ttl(span_in(ttl));
    let calls = Box::new(Calls {
        machine,
        led: Fence::ZERO,
        instead: (Span::ZERO, Span::ZERO),
        below: Lifetime::NONE,
        guards: Vec::new(),
        free_guards: Vec::new(),
        refusal: RefusalNumbers {
            retry_after: 0.0,
            limit: 0.0,
        },
    });
    let mut machines = machines();
    if let Some(free) = machines.iter().position(Option::is_none) {
        machines[free] = Some(calls);
        return free as u32;
    }
    machines.push(Some(calls));
    machines.len() as u32 - 1
}

/// Notes the hash of the key to which a slot was given; for [`abi::eviction::S3_FIFO`] alone.
#[wasm_bindgen]
pub fn identify(machine: u32, slot: u32, hash: u32) {
    with(machine, |calls| calls.machine.identify(slot, hash));
}

/// Closes a machine and frees what it held.
#[wasm_bindgen]
pub fn close(machine: u32) {
    if let Some(place) = machines().get_mut(machine as usize) {
        *place = None;
    }
}

/// Returns the contents of a machine: [`UsageNumbers`].
#[wasm_bindgen]
#[must_use]
pub fn usage(machine: u32) -> Vec<f64> {
    with(machine, |calls| {
        let memory = calls.machine.memory();
        UsageNumbers {
            entries: f64::from(memory.entries()),
            bytes: memory.bytes() as f64,
            evictions: memory.evictions() as f64,
            flights: calls.machine.flights() as f64,
            taken: memory.taken() as f64,
        }
        .write()
    })
}

/// Traps, so that tests can see the driver replace the instance.
///
/// # Panics
/// Always.
#[wasm_bindgen]
pub fn trap() {
    panic!("asked to trap");
}
