//! Debian's Rust compiler for WebAssembly (`rustc-web`) and its library sources.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::apt;
use crate::step::{capture, step};

/// Compiler, cargo, library sources and a link to the linker, whose own package is looked up.
const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm"];
const LINKER: &str = "/usr/bin/rust-lld";

/// True if everything is installed, including the linker behind its link.
pub(crate) fn is_ready() -> bool {
    Path::new(LINKER).exists() && Path::new("/usr/bin/cargo").exists() && has_library_sources()
}

/// Installs missing packages with `apt-get`.
pub(crate) fn install() -> Result<()> {
    if is_ready() {
        return Ok(());
    }
    if !apt::is_usable()? {
        bail!(
            "no compiler for WebAssembly: run `rustup target add wasm32-unknown-unknown`, or, as root on Debian, \
             `apt-get install --no-install-recommends {}` and the lld package that {LINKER} points to",
            PACKAGES.join(" ")
        );
    }
    apt::update()?;
    step("install Debian's Rust compiler for WebAssembly", || {
        apt::install(&PACKAGES)
    })?;
    if !Path::new(LINKER).exists() {
        let package = linker_package()?;
        step(&format!("install the linker {package}"), || {
            apt::install(&[&package])
        })?;
    }
    if !is_ready() {
        bail!(
            "Debian's packages {PACKAGES:?} came without {LINKER}, /usr/bin/cargo or the library sources"
        );
    }
    Ok(())
}

/// Returns the package that a dangling link's file belongs to, as in `rust-lld -> lld-22`.
///
/// Its number changes with Debian's security updates.
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
