//! The error of options that cannot work.

use core::fmt;

/// An option that cannot work, and what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigError {
    option: &'static str,
    allowed: &'static str,
}

impl ConfigError {
    /// The error of `option`, and what it may be.
    #[must_use]
    pub const fn of(option: &'static str, allowed: &'static str) -> Self {
        Self { option, allowed }
    }

    /// The option that is wrong.
    #[must_use]
    pub const fn option(&self) -> &'static str {
        self.option
    }

    /// The values that the option takes.
    #[must_use]
    pub const fn allowed(&self) -> &'static str {
        self.allowed
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "option `{}`: allowed is {}", self.option, self.allowed)
    }
}

impl core::error::Error for ConfigError {}
