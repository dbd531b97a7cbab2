//! Generates the table of policy options for TypeScript, and their page for users.

use std::fmt::Write as _;

use anyhow::Result;
use holdover::options::{Bounds, LONGEST_TIMER, MOST_COUNTED, Places, Range, Spec, TABLE, Takes};

use super::names::camel;

/// The table for TypeScript's checks.
pub(super) const CHECKS: &str = "js/src/core/option-table.ts";
/// The page for users.
pub(super) const PAGE: &str = "docs/options.md";

/// Returns the text of [`CHECKS`].
pub(super) fn checks() -> Result<String> {
    let mut text = String::from(
        "// Generated from src/options.rs by `cargo xtask build`: change that file, not this one.\n\n\
         /** The options of a policy, and what each takes. */\n",
    );
    for spec in TABLE {
        let constant = spec.constant;
        writeln!(text, "\n/** {} */", spec.meaning.trim())?;
        writeln!(
            text,
            "export const {constant} = {{ {} }} as const;",
            fields(spec)
        )?;
    }
    for (name, has) in [
        ("WRAP", is_of_wrap as fn(Places) -> bool),
        ("GET_OR_LOAD", is_of_functions),
        ("FETCH", is_of_fetch),
    ] {
        let names = TABLE.iter().filter(|spec| has(spec.places));
        add_names(&mut text, name, names.map(|spec| spec.rule.name))?;
    }
    for parent in TABLE {
        let start = format!("{}.", parent.rule.name);
        let mut names = TABLE
            .iter()
            .filter_map(|spec| spec.rule.name.strip_prefix(&start))
            .peekable();
        if names.peek().is_some() {
            add_names(&mut text, &parent.rule.name.to_uppercase(), names)?;
        }
    }
    Ok(text)
}

fn add_names(text: &mut String, of: &str, names: impl Iterator<Item = &'static str>) -> Result<()> {
    let names: Vec<String> = names.map(|name| format!("\"{}\"", camel(name))).collect();
    writeln!(text, "\n/** Names of options. */")?;
    writeln!(
        text,
        "export const {of}_OPTIONS = [{}] as const;",
        names.join(", ")
    )?;
    Ok(())
}

const fn is_of_wrap(places: Places) -> bool {
    !matches!(places, Places::Within)
}

const fn is_of_functions(places: Places) -> bool {
    matches!(places, Places::Everywhere | Places::Functions)
}

const fn is_of_fetch(places: Places) -> bool {
    matches!(places, Places::Everywhere | Places::Keyed)
}

fn fields(spec: &Spec) -> String {
    let mut fields = vec![format!("option: \"{}\"", camel(spec.rule.name))];
    match spec.rule.takes {
        Takes::Duration(range) => fields.extend(range_fields(range)),
        Takes::DurationOr(range, like) => {
            fields.extend(range_fields(range));
            fields.push(format!("like: {like:?}"));
        }
        Takes::Count(most) => fields.push(format!("most: {most}")),
        Takes::Number(bounds) => fields.extend(bounds_fields(&bounds)),
        Takes::Flag => {}
        Takes::Choice(words) => fields.push(format!("choices: {words:?}")),
        Takes::Function(like) | Takes::AsyncFunction(like) | Takes::Other(like) => {
            fields.push(format!("like: {like:?}"));
        }
    }
    if let Some(number) = spec.number {
        let otherwise = match spec.rule.takes {
            Takes::Flag => (number > 0).to_string(),
            _ => number.to_string(),
        };
        fields.push(format!("otherwise: {otherwise}"));
    }
    fields.join(", ")
}

fn range_fields(range: Range) -> Vec<String> {
    let mut fields = vec![];
    if range.zero {
        fields.push("zero: true".to_owned());
    }
    if range.infinite {
        fields.push("infinite: true".to_owned());
    }
    if range.timer {
        fields.push(format!("max: {LONGEST_TIMER}"));
    }
    fields
}

fn bounds_fields(bounds: &Bounds) -> Vec<String> {
    let mut fields = vec![
        format!("least: {}", bounds.least),
        format!("includesLeast: {}", bounds.includes_least),
    ];
    if bounds.most.is_finite() {
        fields.push(format!("most: {}", bounds.most));
        fields.push(format!("includesMost: {}", bounds.includes_most));
    }
    fields.push(format!("like: {:?}", bounds.words));
    fields
}

/// Returns the text of [`PAGE`].
pub(super) fn page() -> Result<String> {
    let mut text = String::from(
        "<!-- Generated from src/options.rs by `cargo xtask build`: change that file, not this one. -->\n\n\
         # Options of a policy\n\n\
         The options of `cache.wrap`, `cache.getOrLoad`, `cachedFetch` and `cachedHandler`. Durations \
         are milliseconds, or text like `\"1h30m\"` (units `ms s m h d w`). A value that an option does not \
         take is a `ConfigError` when the policy is given: it names the option, the value and what is \
         allowed. The meaning of options together: [loads](loads.md), [guards](guards.md), \
         [keys](keys.md), [tags](tags.md), [HTTP](http.md), [stores](stores.md).\n\n\
         | Option | Takes | Default | Where | Meaning |\n|---|---|---|---|---|\n",
    );
    for spec in TABLE {
        let default = match spec.default {
            "" => "required",
            default => default,
        };
        writeln!(
            text,
            "| `{}` | {} | {default} | {} | {} |",
            camel(spec.rule.name),
            takes(&spec.rule.takes),
            places(spec),
            spec.meaning.trim()
        )?;
    }
    text.push_str(
        "\n`fetch` may leave `ttl` out, and one of `early.beta` and `early.after` is given, not both. \
         A cache can have defaults for most of them: [loads](loads.md#defaults-of-a-cache). Beside \
         these there are the options of one call (`wrapped.with`, and `getOrLoad`): `signal`, \
         `waitUntil`, `bypass`, and `ttl` for `with`.\n",
    );
    Ok(text)
}

fn takes(takes: &Takes) -> String {
    match takes {
        Takes::Duration(range) => duration(*range),
        Takes::DurationOr(range, like) => format!("{}; or a function `{like}`", duration(*range)),
        Takes::Count(MOST_COUNTED) => format!("a whole number, 1 to {MOST_COUNTED}"),
        Takes::Count(_) => "a whole number, 1 or more".to_owned(),
        Takes::Number(bounds) => bounds.words.to_owned(),
        Takes::Flag => "`true` or `false`".to_owned(),
        Takes::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
            words.join(" or ")
        }
        Takes::Function(like) => format!("a function `{like}`"),
        Takes::AsyncFunction(like) => format!("a function `{like}`, which may be async"),
        Takes::Other(like) => like.replace('|', "\\|"),
    }
}

fn duration(range: Range) -> String {
    let least = if range.zero { "0 or more" } else { "above 0" };
    let most = if range.timer {
        format!(", at most {LONGEST_TIMER} ms")
    } else {
        String::new()
    };
    let endless = if range.infinite {
        ", or `Infinity`"
    } else {
        ""
    };
    format!("a duration, {least}{most}{endless}")
}

const fn places(spec: &Spec) -> &'static str {
    match spec.places {
        Places::Everywhere => "everywhere",
        Places::Functions => "`wrap`, `getOrLoad`",
        Places::Wrap => "`wrap`",
        Places::Keyed => "`wrap`, `fetch`",
        Places::Within => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_fields() {
        let text = checks().expect("text is written");
        for line in [
            "export const TIMEOUT = { option: \"timeout\", infinite: true, max: 2147483647 } as const;",
            "export const RETRY_AFTER = { option: \"retryAfter\", zero: true, otherwise: 1000 } as const;",
            "export const SINGLE_FLIGHT = { option: \"singleFlight\", otherwise: true } as const;",
            "export const LOCK_OPTIONS = [\"ttl\", \"wait\", \"onTimeout\"] as const;",
        ] {
            assert!(text.contains(line), "{line}");
        }
    }

    #[test]
    fn each_option_is_on_the_page() {
        let page = page().expect("text is written");
        for spec in TABLE {
            assert!(
                page.contains(&format!("| `{}` |", camel(spec.rule.name))),
                "{}",
                spec.rule.name
            );
        }
    }
}
