//! Trims the glue that wasm-bindgen generates for the `web` target.
//!
//! Its asynchronous initialiser, which fetches, is never used here and confuses bundlers; its
//! `initSync` refuses to make a second instance, which is needed after a trap. Both are replaced.
//! `reset_state_function` would also allow a second instance, but adds a check to every call.

use anyhow::{Result, bail, ensure};

/// Where the part to replace begins; it reaches to the end of the file.
const FIRST_REPLACED: &str = "async function __wbg_load(module, imports) {";
/// What that part ends with.
const LAST_REPLACED: &str = "export { initSync, __wbg_init as default };";
/// What the replacement calls.
const NEEDED: [&str; 2] = [
    "function __wbg_finalize_init(instance, module) {",
    "function __wbg_get_imports() {",
];
/// What must not be left: it runs too early, or makes a bundler look for a file.
const FORBIDDEN: [&str; 6] = [
    "import.meta",
    "await ",
    "fetch(",
    "new URL",
    "import(",
    "FinalizationRegistry",
];

const REPLACEMENT: &str = "\
/** Makes an instance unless there is one. */
export function initSync({ module }) {
    if (wasm === undefined) __reinit(module);
}

/** Makes a new instance and forgets the one before it. */
export function __reinit(source) {
    const module = source instanceof WebAssembly.Module ? source : new WebAssembly.Module(source);
    __wbg_finalize_init(new WebAssembly.Instance(module, __wbg_get_imports()), module);
}
";

/// The glue as it ships.
///
/// # Errors
///
/// When the generated text is not what it was when this was written.
pub(crate) fn trim(generated: &str) -> Result<String> {
    for needed in NEEDED {
        ensure!(
            generated.matches(needed).count() == 1,
            "the glue should have one `{needed}`"
        );
    }
    let Some((kept, replaced)) = generated.split_once(FIRST_REPLACED) else {
        bail!("the glue has no `{FIRST_REPLACED}`");
    };
    ensure!(
        replaced.trim_end().ends_with(LAST_REPLACED),
        "the glue does not end with `{LAST_REPLACED}`"
    );
    for forbidden in FORBIDDEN {
        ensure!(
            !kept.contains(forbidden),
            "the glue still has `{forbidden}`"
        );
    }
    Ok(format!("{kept}{REPLACEMENT}"))
}

#[cfg(test)]
mod tests {
    use super::trim;

    const GENERATED: &str = "let a;\nfunction __wbg_get_imports() {\n}\nfunction __wbg_finalize_init(instance, module) {\n}\n\
        async function __wbg_load(module, imports) {\n}\nexport { initSync, __wbg_init as default };\n";

    #[test]
    fn the_tail_is_replaced() {
        let glue = trim(GENERATED).expect("the text is as expected");
        assert!(glue.starts_with("let a;"));
        assert!(glue.contains("export function __reinit"));
        assert!(!glue.contains("async"));
    }

    #[test]
    fn an_unknown_text_is_refused() {
        assert!(trim("").is_err());
        assert!(trim(&GENERATED.replace("__wbg_load", "__load")).is_err());
        assert!(trim(&GENERATED.replace("export {", "")).is_err());
        assert!(trim(&GENERATED.replace("let a;", "const a = fetch(b);")).is_err());
    }
}
