//! Installs Debian packages.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::step::{capture, run_quietly, step};

const APT_GET: &str = "/usr/bin/apt-get";

/// True if packages can be installed: by root, on Debian.
pub(crate) fn is_usable() -> Result<bool> {
    Ok(Path::new(APT_GET).exists() && is_root()?)
}

/// Fetches the package lists.
pub(crate) fn update() -> Result<()> {
    step("fetch Debian's package lists", || {
        run_quietly(apt_get().arg("update"))
    })
}

/// Installs packages; fails rather than remove a package of the user's.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    run_quietly(
        apt_get()
            .args(["install", "--yes", "--no-install-recommends", "--no-remove"])
            .args(packages),
    )
}

fn apt_get() -> Command {
    let mut apt = Command::new(APT_GET);
    apt.args(["-q", "-o", "DPkg::Lock::Timeout=300"])
        .env("DEBIAN_FRONTEND", "noninteractive")
        // As in single-user mode: installs servers without starting them.
        .env("RUNLEVEL", "1");
    apt
}

fn is_root() -> Result<bool> {
    Ok(capture(Command::new("id").arg("-u"))?.trim() == "0")
}
