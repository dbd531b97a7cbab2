//! A Rust compiler for a target that the host's toolchain may lack.
//!
//! In this order: the toolchain in use if it has the target; Debian's compiler if it is installed;
//! `rustup target add`; Debian's compiler, installed now. Debian's brings the library sources, from
//! which cargo builds the standard library (`-Zbuild-std`).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::debian;
use crate::step::{capture, run_quietly, step};
use crate::workspace::Workspace;

/// The target of the module.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";
/// Targets with an operating system of their own kind.
pub(crate) const WASI: [&str; 2] = ["wasm32-wasip1", "wasm32-wasip2"];
/// A target without an operating system, hence without `std`.
pub(crate) const BARE_METAL: &str = "thumbv7em-none-eabihf";

/// Variables that `cargo run` sets for its child, and that another cargo must not inherit.
const ABOUT_US: [&str; 6] = [
    "CARGO",
    "RUSTC",
    "RUSTDOC",
    "RUSTUP_TOOLCHAIN",
    "OUT_DIR",
    "LD_LIBRARY_PATH",
];
/// Flags meant for the host's own build.
const FLAGS: [&str; 4] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "RUSTC_WRAPPER",
];

/// A compiler for the requested target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The toolchain in use has the target's standard library.
    InUse,
    /// Debian's compiler, which builds the standard library from its sources.
    Debian,
}

impl Toolchain {
    /// Finds or installs a compiler for `target`.
    ///
    /// `HOLDOVER_COMPILER=debian` skips the toolchain in use, to try the other way.
    pub(crate) fn for_target(target: &str) -> Result<Self> {
        if std::env::var("HOLDOVER_COMPILER").is_ok_and(|wanted| wanted == "debian") {
            debian::install()?;
            return Ok(Self::Debian);
        }
        if has_target(target) {
            return Ok(Self::InUse);
        }
        if debian::is_ready() {
            return Ok(Self::Debian);
        }
        if add_by_rustup(target) && has_target(target) {
            return Ok(Self::InUse);
        }
        debian::install()?;
        Ok(Self::Debian)
    }

    /// Finds a compiler with a ready-made library for `target`, for what cannot be built from the
    /// library's sources alone: WASI takes a C library and a linker of components.
    pub(crate) fn with_library(target: &str) -> Result<Self> {
        if has_target(target) || (add_by_rustup(target) && has_target(target)) {
            return Ok(Self::InUse);
        }
        bail!("no standard library for {target}: run `rustup target add {target}`")
    }

    /// Returns a cargo command for `target` that builds the named parts of the standard library if
    /// it has to be built.
    pub(crate) fn cargo(
        self,
        workspace: &Workspace,
        subcommand: &str,
        target: &str,
        library: &str,
    ) -> Command {
        let mut cargo = match self {
            Self::InUse => Command::new(cargo_in_use()),
            Self::Debian => debian_cargo(),
        };
        cargo.current_dir(workspace.root()).arg(subcommand);
        if self == Self::Debian {
            cargo.arg(format!("-Zbuild-std={library}"));
        }
        cargo
            .args(["--locked", "--target", target, "--target-dir"])
            .arg(self.target_folder(workspace));
        cargo.env("CARGO_ENCODED_RUSTFLAGS", without_machine_paths(workspace));
        cargo
    }

    /// Returns what the compiler says of itself.
    pub(crate) fn version(self) -> Result<String> {
        capture(
            Command::new(match self {
                Self::InUse => "rustc",
                Self::Debian => "/usr/bin/rustc",
            })
            .arg("-vV"),
        )
    }

    /// Returns the folder of builds for `target` with a profile by this toolchain.
    pub(crate) fn folder(self, workspace: &Workspace, target: &str, profile: &str) -> PathBuf {
        self.target_folder(workspace).join(target).join(profile)
    }

    /// Returns the folder of debug builds for `target` by this toolchain.
    pub(crate) fn debug_folder(self, workspace: &Workspace, target: &str) -> PathBuf {
        self.folder(workspace, target, "debug")
    }

    /// Returns a folder for this compiler alone: two versions would rebuild each other's work.
    fn target_folder(self, workspace: &Workspace) -> PathBuf {
        workspace.path(match self {
            Self::InUse => "target/wasm",
            Self::Debian => "target/wasm-debian",
        })
    }
}

/// Returns the cargo that runs this program.
pub(crate) fn cargo_in_use() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

fn debian_cargo() -> Command {
    let mut cargo = Command::new("/usr/bin/cargo");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let about_a_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
            .iter()
            .any(|prefix| text.starts_with(prefix));
        if about_a_package || ABOUT_US.contains(&text.as_ref()) || FLAGS.contains(&text.as_ref()) {
            cargo.env_remove(&name);
        }
    }
    // The only unstable option is `-Zbuild-std`; this is Debian's way to allow it.
    cargo
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1");
    cargo
}

/// True if the standard library of `target` is installed for the toolchain in use.
fn has_target(target: &str) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", target]);
    // rustc prints the folder whether or not it exists.
    capture(&mut rustc).is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}

/// Downloads the target's standard library with rustup; false if that fails.
fn add_by_rustup(target: &str) -> bool {
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", target]);
    let added = step(&format!("add target {target} by rustup"), || {
        run_quietly(&mut rustup)
    });
    if added.is_err() {
        println!("   rustup cannot add it here; using the system's compiler instead");
    }
    added.is_ok()
}

/// Returns flags that keep this machine's paths out of panic messages, and so out of the module.
fn without_machine_paths(workspace: &Workspace) -> String {
    let mut flags = vec![format!(
        "--remap-path-prefix={}=/holdover",
        workspace.root().display()
    )];
    if let Some(home) = cargo_home() {
        flags.push(format!("--remap-path-prefix={}=/cargo", home.display()));
    }
    // The separator that allows spaces in paths.
    flags.join("\u{1f}")
}

/// Returns cargo's home folder, which has the sources of dependencies.
fn cargo_home() -> Option<PathBuf> {
    let chosen = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    chosen.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
}
