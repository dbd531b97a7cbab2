//! The browsers that the package is tested in: installed ones, or Debian's.

use std::path::Path;

use anyhow::{Result, bail};

use crate::apt;
use crate::step::step;

/// A program that is there when the packages are, and those.
type Browser = (&'static str, &'static [&'static str]);

pub(crate) const CHROMIUM: &str = "/usr/bin/chromium";
const ALL: [Browser; 4] = [
    (CHROMIUM, &["chromium"]),
    ("/usr/bin/firefox-esr", &["firefox-esr"]),
    ("/usr/bin/WebKitWebDriver", &["webkit2gtk-driver"]),
    // WebKit's window needs a screen.
    ("/usr/bin/xvfb-run", &["xvfb", "xauth"]),
];

/// Installs Chromium if it is missing.
pub(crate) fn install_chromium() -> Result<()> {
    install(&ALL[..1])
}

/// Installs every missing browser.
pub(crate) fn install_all() -> Result<()> {
    install(&ALL)
}

fn install(browsers: &[Browser]) -> Result<()> {
    let missing: Vec<&Browser> = browsers
        .iter()
        .filter(|(program, _)| !Path::new(program).exists())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|(_, names)| *names)
        .copied()
        .collect();
    let names = packages.join(" ");
    if !apt::is_usable()? {
        bail!(
            "no {}: as root on Debian, `apt-get install --no-install-recommends {names}`",
            missing[0].0
        );
    }
    apt::update()?;
    step(&format!("install {names}"), || apt::install(&packages))
}
