//! holdover beside other caches for Rust: what a hit and a miss cost, and what happens to callers
//! when the origin is slow, down or hanging. Writes tables; `cargo xtask bench rust` runs it.

mod contenders;
mod figures;
mod situations;
mod table;

use std::fmt::Write;
use std::process::Command;

/// The versions of the others, as the lock has them.
fn versions() -> String {
    let lock = include_str!("../Cargo.lock");
    let version = |name: &str| {
        let entry = lock
            .split("[[package]]")
            .find(|entry| entry.contains(&format!("name = \"{name}\"\n")));
        let entry = entry.expect("a dependency");
        entry
            .split("version = \"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("a version")
    };
    let named = ["moka", "quick_cache", "cached"].map(|name| format!("{name} {}", version(name)));
    named.join(", ")
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    output.unwrap_or_default()
}

fn main() {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let path = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let mut text = String::from(
        "# Benchmarks of the Rust driver\n\n\
         Written by `cargo xtask bench rust`, whose program is `bench/rust`. Absolute times are of one \
         shared machine and mean little; the ratios are of contenders that took turns in one process. \
         Compiled as cargo's `release` is, on one thread of tokio where nothing else is said.\n\n",
    );
    let threads = std::thread::available_parallelism().map_or(0, usize::from);
    let _ = write!(
        text,
        "- date: {}\n- machine: {threads} cores, {} {}\n- {}\n- {}\n\n",
        output("date", &["+%F"]),
        std::env::consts::OS,
        std::env::consts::ARCH,
        output("rustc", &["--version"]),
        versions(),
    );
    text += &figures::run(is_quick);
    text += &situations::run();
    print!("{text}");
    if let Some(path) = path.filter(|_| !is_quick) {
        std::fs::write(&path, text).expect("the results can be written");
    }
}
