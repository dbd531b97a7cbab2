//! The suites of the npm package.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::{Bench, rust};
use crate::boundary;
use crate::npm;
use crate::rust_size;
use crate::rust_worker;
use crate::servers;
use crate::show;
use crate::stamp::files_below;
use crate::tally::Tally;
use crate::watched::{check, count};

/// The npm project of the tests.
pub(super) const TESTS: &str = "tests";
/// A project of its own, as clients and runtimes are large.
const STORES: &str = "tests/platforms/stores";
/// A project of its own, as frameworks have many packages.
const INTEGRATIONS: &str = "tests/platforms/integrations";
/// The program that is an instance in Rust beside those in JavaScript.
const RUST_INSTANCE: &str = "holdover-rust-instance";
const RUST_HTTP: &str = "holdover-rust-http";
/// The native program whose figures the package's command has.
const SIMULATE: &str = "holdover-simulate";
/// A project of its own, as it has many packages.
const RUNNERS: &str = "tests/package/runners";
/// The compilers, each with the configurations it knows.
const COMPILERS: [(&str, &[&str]); 3] = [
    ("typescript-5.4", &["tsconfig.browser.", "tsconfig.node."]),
    ("typescript-5.9", &["tsconfig.node.", "before-exports."]),
    ("typescript", &["tsconfig."]),
];
const DEMO: &str = "examples/worker";

/// Checks formatting and lints of JavaScript, TypeScript and JSON, and the types of the sources.
pub(super) fn lint(bench: &mut Bench<'_>) -> Result<Tally> {
    boundary::check_sources(bench.workspace)?;
    npm::install(bench.workspace, "js")?;
    let biome = check(node(bench, ".").args([
        npm::BIOME,
        "ci",
        "--colors=off",
        "--error-on-warnings",
        ".",
    ]))?;
    let tsc = check(node(bench, "js").args([
        "node_modules/typescript/bin/tsc",
        "--project",
        ".",
        "--noEmit",
    ]))?;
    Ok(biome + tsc)
}

/// Tests units and behaviour on Node; one of these compares the command's figures with those of the
/// native program.
pub(super) fn units(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(TESTS)?;
    let built = check(rust::cargo(bench, "build").args(["--locked", "--package", SIMULATE]))?;
    Ok(built + node_test(bench, "package/js")?)
}

/// Tests the cached `fetch` against other implementations and their test suites; one of these tests
/// the layer for services of tower, too.
pub(super) fn http(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(TESTS)?;
    let built = check(rust::cargo(bench, "build").args(["--locked", "--package", RUST_HTTP]))?;
    let program = bench.workspace.path("target/debug/rust-http");
    let files = tests_below(bench, &format!("{TESTS}/package/http"))?;
    let mut tests = node(bench, TESTS);
    tests.env("HOLDOVER_RUST_HTTP", program);
    Ok(built + count(tests.args(TEST).args(files))?)
}

/// Compiles strict consumers, with declarations for browsers and for Node, without `skipLibCheck`,
/// by the oldest supported compiler, the last one in JavaScript, and the newest.
pub(super) fn types(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(TESTS)?;
    let mut tally = Tally::default();
    for (compiler, configurations) in COMPILERS {
        let projects = files_named(&bench.workspace.path("tests/package/types"), |name| {
            configurations.iter().any(|start| name.starts_with(start))
        })?;
        for project in projects {
            let tsc = format!("node_modules/{compiler}/bin/tsc");
            tally = tally + check(node(bench, TESTS).args([&tsc, "--project"]).arg(project))?;
        }
    }
    Ok(tally)
}

/// Tests the package as users install it: manifest, files, bundlers, test runners, size.
pub(super) fn packaging(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(TESTS)?;
    bench.install_package(RUNNERS)?;
    node_test(bench, "package/packaging")
}

/// Tests the package on the Workers runtime.
pub(super) fn workerd(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(TESTS)?;
    count(node(bench, TESTS).arg("platforms/runtimes/run.mjs"))
}

/// Tests a Worker in Rust on the Workers runtime, and what the crate adds to its size.
pub(super) fn workers_rs(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(TESTS)?;
    // For miniflare.
    npm::install(bench.workspace, STORES)?;
    let folder = rust_worker::build(bench.workspace)?;
    let script = "platforms/workers-rs/run.mjs";
    let tally = count(node(bench, TESTS).arg(script).arg(folder))?;
    Ok(tally + rust_size::measure(bench.workspace)?)
}

/// Tests the stores against real servers, clients and runtimes.
pub(super) fn stores(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(STORES)?;
    let valkey = servers::install(bench.workspace)?;
    let files = tests_below(bench, STORES)?;
    let built = check(rust::cargo(bench, "build").args(["--locked", "--package", RUST_INSTANCE]))?;
    let program = bench.workspace.path("target/debug/rust-instance");
    let tested = count(
        node(bench, STORES)
            .env("HOLDOVER_VALKEY", valkey)
            .env("HOLDOVER_RUST_INSTANCE", program)
            .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
            .args(TEST)
            // Two at a time: they measure time, and machines have few cores.
            .arg("--test-concurrency=2")
            .args(files),
    )?;
    Ok(built + tested)
}

/// Tests the integrations in the frameworks they are for, and their types against theirs.
pub(super) fn integrations(bench: &mut Bench<'_>) -> Result<Tally> {
    // For workerd and esbuild.
    bench.install_package(TESTS)?;
    bench.install_package(INTEGRATIONS)?;
    let types = check(node(bench, INTEGRATIONS).args([
        "node_modules/typescript/bin/tsc",
        "--project",
        ".",
    ]))?;
    let files = tests_below(bench, INTEGRATIONS)?;
    let tested = count(node(bench, INTEGRATIONS).args(TEST).args(files))?;
    Ok(types + tested)
}

/// Runs the demo once, with its own checks: the worker, and the server of axum.
pub(super) fn demo(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(DEMO)?;
    let worker = count(node(bench, DEMO).args(["demo.mjs", "--once"]))?;
    let program = show::build_axum(bench.workspace)?;
    let mut server = node(bench, DEMO);
    server.env("HOLDOVER_DEMO_PROGRAM", program);
    Ok(worker + count(server.args(["demo.mjs", "--once"]))?)
}

const TEST: [&str; 3] = ["--test", "--test-reporter=spec", "--test-timeout=300000"];

fn node_test(bench: &Bench<'_>, folder: &str) -> Result<Tally> {
    let files = tests_below(bench, &format!("{TESTS}/{folder}"))?;
    count(node(bench, TESTS).args(TEST).args(files))
}

fn tests_below(bench: &Bench<'_>, folder: &str) -> Result<Vec<PathBuf>> {
    let mut files = files_named(&bench.workspace.path(folder), |name| {
        name.ends_with(".test.mjs")
    })?;
    files.retain(|file| {
        !file
            .components()
            .any(|part| part.as_os_str() == "node_modules")
    });
    Ok(files)
}

fn node(bench: &Bench<'_>, folder: &str) -> Command {
    let mut node = Command::new("node");
    node.current_dir(bench.workspace.path(folder));
    node
}

/// Returns the files below `folder` whose names are wanted; fails if there is none.
fn files_named(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let mut files = files_below(folder)?;
    files.retain(|file| {
        file.file_name()
            .is_some_and(|name| wanted(&name.to_string_lossy()))
    });
    ensure!(!files.is_empty(), "{} has no such file", folder.display());
    Ok(files)
}
