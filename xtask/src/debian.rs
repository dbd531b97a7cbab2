//! Debian's Rust compiler for WebAssembly (`rustc-web`) and its library sources.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::step::{capture, run_quietly, step};

/// Compiler, cargo, library sources and linker; the linker's own package is found afterwards.
const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm"];
const LINKER: &str = "/usr/bin/rust-lld";

/// Is everything here, the linker behind its link included?
pub(crate) fn is_ready() -> bool {
    Path::new(LINKER).exists() && Path::new("/usr/bin/cargo").exists() && has_library_sources()
}

/// Installs what is missing with `apt-get`; nothing when nothing is.
pub(crate) fn install() -> Result<()> {
    if is_ready() {
        return Ok(());
    }
    if !is_usable()? {
        bail!(
            "no compiler for WebAssembly: run `rustup target add wasm32-unknown-unknown`, or, as root on Debian, \
             `apt-get install --no-install-recommends {}` and the lld package that {LINKER} points to",
            PACKAGES.join(" ")
        );
    }
    step("fetch Debian's package lists", || {
        run_quietly(apt_get().arg("update"))
    })?;
    step("install Debian's Rust compiler for WebAssembly", || {
        install_packages(&PACKAGES)
    })?;
    if !Path::new(LINKER).exists() {
        let package = linker_package()?;
        step(&format!("install the linker {package}"), || {
            install_packages(&[&package])
        })?;
    }
    if !is_ready() {
        bail!(
            "Debian's packages {PACKAGES:?} came without {LINKER}, /usr/bin/cargo or the library sources"
        );
    }
    Ok(())
}

/// May packages be installed: by root, on Debian?
pub(crate) fn is_usable() -> Result<bool> {
    Ok(Path::new("/usr/bin/apt-get").exists() && is_root()?)
}

/// Installs other packages, from lists that are fetched first.
pub(crate) fn install_now(what: &str, packages: &[&str]) -> Result<()> {
    step("fetch Debian's package lists", || {
        run_quietly(apt_get().arg("update"))
    })?;
    step(what, || install_packages(packages))
}

fn install_packages(packages: &[&str]) -> Result<()> {
    // `--no-remove`: rather fail than take the user's own compiler away.
    run_quietly(
        apt_get()
            .args(["install", "--yes", "--no-install-recommends", "--no-remove"])
            .args(packages),
    )
}

fn apt_get() -> Command {
    let mut apt = Command::new("/usr/bin/apt-get");
    apt.args(["-q", "-o", "DPkg::Lock::Timeout=300"])
        .env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

/// The package of the file that the dangling link names, as in `rust-lld -> lld-22`.
///
/// Its number moves with Debian's security updates.
fn linker_package() -> Result<String> {
    let target = fs::read_link(LINKER).with_context(|| format!("reading the link {LINKER}"))?;
    target
        .components()
        .rev()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .find_map(|part| {
            let number = part
                .strip_prefix("lld-")
                .or_else(|| part.strip_prefix("llvm-"))?;
            Some(format!("lld-{number}"))
        })
        .with_context(|| {
            format!(
                "{LINKER} points to {}, which names no version",
                target.display()
            )
        })
}

fn has_library_sources() -> bool {
    let mut rustc = Command::new("/usr/bin/rustc");
    rustc
        .args(["--print", "sysroot"])
        .env_remove("LD_LIBRARY_PATH");
    capture(&mut rustc).is_ok_and(|sysroot| {
        Path::new(sysroot.trim())
            .join("lib/rustlib/src/rust/library/Cargo.lock")
            .exists()
    })
}

fn is_root() -> Result<bool> {
    Ok(capture(Command::new("id").arg("-u"))?.trim() == "0")
}
