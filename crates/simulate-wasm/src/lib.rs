//! The bindings that become `simulate.wasm`: a command line and the bytes of a log in, a report out.
//!
//! An instance has one run. Texts come back as JSON with an `error` where there is one, as nothing
//! here is called often.
#![forbid(unsafe_code)]

use holdover_simulate::arguments::{Arguments, usage};
use holdover_simulate::session::Session;
use serde_json::{Value, json};
use std::cell::RefCell;
use wasm_bindgen::prelude::wasm_bindgen;

thread_local! {
    static ARGUMENTS: RefCell<Arguments> = RefCell::default();
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// Reads a command line, whose words are parted by NUL. Returns JSON: `help`, the text that it asks
/// for; or `logs`, the paths in it; or `error`.
#[wasm_bindgen]
#[must_use]
pub fn simulate_arguments(words: &str, program: &str) -> String {
    let words = words.split('\0').filter(|word| !word.is_empty());
    let told = match Arguments::parse(words) {
        Err(wrong) => error_of(&wrong),
        Ok(arguments) if arguments.help => json!({ "help": usage(program) }),
        Ok(arguments) => {
            let paths = arguments.logs.iter().map(|path| path.to_string_lossy());
            let logs: Vec<_> = paths.collect();
            let told = json!({ "logs": logs });
            ARGUMENTS.replace(arguments);
            told
        }
    };
    told.to_string()
}

/// Begins the run of the command line that was read last; the log can be read only `once`. Returns
/// JSON, with an `error` if a policy is none.
#[wasm_bindgen]
#[must_use]
pub fn simulate_begin(once: bool) -> String {
    let settings = ARGUMENTS.with_borrow(|arguments| arguments.settings.clone());
    match Session::new(settings, once) {
        Err(error) => error_of(&error).to_string(),
        Ok(session) => {
            SESSION.replace(Some(session));
            json!({}).to_string()
        }
    }
}

/// Takes the next bytes of the log.
#[wasm_bindgen]
pub fn simulate_push(bytes: &[u8]) {
    SESSION.with_borrow_mut(|session| {
        if let Some(session) = session {
            session.push(bytes);
        }
    });
}

/// Ends the first of two readings. Returns JSON, with an `error` if a policy is none.
#[wasm_bindgen]
#[must_use]
pub fn simulate_rewind() -> String {
    let rewound = SESSION.with_borrow_mut(|session| session.as_mut().map(Session::rewind));
    match rewound {
        Some(Err(error)) => error_of(&error).to_string(),
        _ => json!({}).to_string(),
    }
}

/// Ends the run. Returns JSON: `text`, the report as text or, if the command line or `as_json` wants
/// it, as JSON; or `error`.
#[wasm_bindgen]
#[must_use]
pub fn simulate_report(as_json: bool) -> String {
    let as_json = as_json || ARGUMENTS.with_borrow(|arguments| arguments.json);
    let Some(session) = SESSION.take() else {
        return json!({ "error": "no run was begun" }).to_string();
    };
    let told = match session.finish() {
        Err(error) => error_of(&error),
        Ok(report) if as_json => match serde_json::to_string_pretty(&report) {
            Err(error) => error_of(&error),
            Ok(text) => json!({ "text": text + "\n" }),
        },
        Ok(report) => json!({ "text": report.to_string() }),
    };
    told.to_string()
}

fn error_of(error: &dyn std::error::Error) -> Value {
    json!({ "error": error.to_string() })
}
