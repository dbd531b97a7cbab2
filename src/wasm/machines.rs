//! The machines of this instance, by number.

use crate::call::CallMachine;
use crate::flight::Fence;
use crate::guard::Guards;
use crate::memory::Limits;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::RefCell;
use std::thread_local;
use wasm_bindgen::prelude::wasm_bindgen;

/// A machine and the fence it handed out last, which crosses in a call of its own.
pub(super) struct Calls {
    pub(super) machine: CallMachine,
    pub(super) led: Fence,
    pub(super) guards: Vec<Option<Guards>>,
    pub(super) free_guards: Vec<u32>,
    /// What the last refusal said: in how long to try again, and the limit.
    pub(super) refusal: [f64; 2],
}

thread_local! {
    static MACHINES: RefCell<Vec<Option<Box<Calls>>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `use_it` on a machine. A number that was never given or was closed is a bug of the
/// driver: it traps, and the driver replaces the instance.
#[inline]
pub(super) fn with<R>(machine: u32, use_it: impl FnOnce(&mut Calls) -> R) -> R {
    MACHINES.with_borrow_mut(|machines| {
        let calls = machines.get_mut(machine as usize).and_then(Option::as_mut);
        use_it(calls.expect("a machine that is open"))
    })
}

/// Opens a machine; gives its number.
#[wasm_bindgen]
#[must_use]
pub fn open(max_entries: f64, max_bytes: f64) -> u32 {
    let calls = Box::new(Calls {
        machine: CallMachine::new(Limits {
            max_entries: max_entries as u32,
            max_bytes: max_bytes as u64,
        }),
        led: Fence::ZERO,
        guards: Vec::new(),
        free_guards: Vec::new(),
        refusal: [0.0; 2],
    });
    MACHINES.with_borrow_mut(|machines| {
        if let Some(free) = machines.iter().position(Option::is_none) {
            machines[free] = Some(calls);
            return free as u32;
        }
        machines.push(Some(calls));
        machines.len() as u32 - 1
    })
}

/// Closes a machine and frees what it held.
#[wasm_bindgen]
pub fn close(machine: u32) {
    MACHINES.with_borrow_mut(|machines| {
        if let Some(place) = machines.get_mut(machine as usize) {
            *place = None;
        }
    });
}

/// What a machine holds: entries, bytes, evictions, running loads, slots taken.
#[wasm_bindgen]
#[must_use]
pub fn usage(machine: u32) -> Vec<f64> {
    with(machine, |calls| {
        let memory = calls.machine.memory();
        Vec::from([
            f64::from(memory.entries()),
            memory.bytes() as f64,
            memory.evictions() as f64,
            calls.machine.flights() as f64,
            memory.taken() as f64,
        ])
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
