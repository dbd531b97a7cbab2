//! Trims the glue that wasm-bindgen generates for the `web` target.
//!
//! Its asynchronous initialiser, which fetches, is never used here and confuses bundlers; its
//! `initSync` refuses to make a second instance, which is needed after a trap. Both are replaced.
//! `reset_state_function` would also allow a second instance, but adds a check to every call. Its
//! text coders are made at import, which throws on hosts that lack them; `utf8.js` replaces them.

use std::collections::HashMap;

use anyhow::{Result, bail, ensure};

/// The text before the name of an export.
const ASKS: &str = "wasm.";
/// The part that makes the text coders, from its first line to the one after it.
const CODERS: [&str; 2] = [
    "let cachedTextDecoder = new TextDecoder(",
    "let WASM_VECTOR_LEN = 0;",
];
/// The replacement of that part.
const OWN_CODERS: &str = "import { utf8Coder as cachedTextEncoder, utf8Text as decodeText } from \"../../util/utf8.js\";\n\n";
/// The beginning of the other part to replace, which reaches to the end of the file.
const FIRST_REPLACED: &str = "async function __wbg_load(module, imports) {";
/// The end of that part.
const LAST_REPLACED: &str = "export { initSync, __wbg_init as default };";
/// The names that the replacement needs.
const NEEDED: [&str; 2] = [
    "function __wbg_finalize_init(instance, module) {",
    "function __wbg_get_imports() {",
];
/// Text that must not remain: it runs too early, or makes a bundler look for a file.
const FORBIDDEN: [&str; 8] = [
    "TextDecoder(",
    "TextEncoder(",
    "import.meta",
    "await ",
    "fetch(",
    "new URL",
    "import(",
    "FinalizationRegistry",
];

const REPLACEMENT: &str = "\
/** Makes a new instance of a compiled module, of whichever realm, and forgets the one before it. */
export function __reinit(module) {
    __wbg_finalize_init(new WebAssembly.Instance(module, __wbg_get_imports()), module);
}
";

/// Returns the glue as it ships.
///
/// # Errors
///
/// If the generated text differs from what this code expects.
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
    let kept = with_own_coders(kept)?;
    for forbidden in FORBIDDEN {
        ensure!(
            !kept.contains(forbidden),
            "the glue still has `{forbidden}`"
        );
    }
    Ok(format!("{kept}{REPLACEMENT}"))
}

/// Returns the glue with the module's new export names.
///
/// # Errors
///
/// If it uses an export that has no new name.
pub(crate) fn renamed(glue: &str, names: &HashMap<String, String>) -> Result<String> {
    let mut parts = glue.split(ASKS);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|unit: char| !unit.is_ascii_alphanumeric() && unit != '_')
            .unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let Some(short) = names.get(name) else {
            bail!("the glue asks for `{name}`, which the module does not export");
        };
        text.push_str(ASKS);
        text.push_str(short);
        text.push_str(rest);
    }
    Ok(text)
}

/// A module without texts has no coders.
fn with_own_coders(glue: &str) -> Result<String> {
    let [first, after] = CODERS;
    let Some((before, rest)) = glue.split_once(first) else {
        return Ok(glue.to_owned());
    };
    let Some((_, rest)) = rest.split_once(after) else {
        bail!("the glue has no `{after}` after `{first}`");
    };
    Ok(format!("{before}{OWN_CODERS}{after}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::{renamed, trim};

    const GENERATED: &str = "let a;\nlet cachedTextDecoder = new TextDecoder('utf-8');\n\
        function decodeText(bytes) {}\nconst cachedTextEncoder = new TextEncoder();\n\
        let WASM_VECTOR_LEN = 0;\nfunction __wbg_get_imports() {\n}\nfunction __wbg_finalize_init(instance, module) {\n}\n\
        async function __wbg_load(module, imports) {\n}\nexport { initSync, __wbg_init as default };\n";

    #[test]
    fn the_tail_is_replaced() {
        let glue = trim(GENERATED).expect("the text is as expected");
        assert!(glue.starts_with("let a;"));
        assert!(glue.contains("export function __reinit"));
        assert!(!glue.contains("async"));
    }

    #[test]
    fn nothing_is_asked_of_the_host_at_import() {
        let glue = trim(GENERATED).expect("the text is as expected");
        assert!(!glue.contains("new Text"));
        assert!(glue.contains("utf8Text as decodeText"));
        assert!(glue.contains("let WASM_VECTOR_LEN = 0;"));
    }

    #[test]
    fn a_module_without_texts_has_no_coders() {
        let (before, rest) = GENERATED.split_once("let cached").expect("it is there");
        let (_, after) = rest.split_once("TextEncoder();\n").expect("it is there");
        let glue = trim(&format!("{before}{after}")).expect("the text is as expected");
        assert!(!glue.contains("utf8Text"));
    }

    #[test]
    fn exports_are_asked_for_by_their_new_names() {
        let names = [("begin".to_owned(), "a".to_owned())].into();
        let glue = "return wasm.begin(one); // begins\nwasm = instance;";
        let expected = "return wasm.a(one); // begins\nwasm = instance;";
        assert_eq!(renamed(glue, &names).expect("all have names"), expected);
        assert!(renamed("wasm.begins()", &names).is_err());
    }

    #[test]
    fn an_unknown_text_is_refused() {
        assert!(trim("").is_err());
        assert!(trim(&GENERATED.replace("__wbg_load", "__load")).is_err());
        assert!(trim(&GENERATED.replace("export {", "")).is_err());
        assert!(trim(&GENERATED.replace("let cachedTextDecoder", "let decoder")).is_err());
        assert!(trim(&GENERATED.replace("let a;", "const a = new TextEncoder();")).is_err());
        assert!(trim(&GENERATED.replace("let a;", "const a = fetch(b);")).is_err());
    }
}
