//! Holds doc comments to their beginning: a verb ("Returns …") or a noun, "True if …" for what is
//! true or false. A clause ("what is loaded", "whether it ended") makes a reader guess the thing.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::stamp::files_below;
use crate::workspace::Workspace;

/// The folders whose comments are checked.
const FOLDERS: [&str; 4] = ["js/src", "src", "crates", "xtask/src"];
/// Words that begin a clause.
const CLAUSES: [&str; 8] = [
    "What", "How", "When", "Where", "Who", "Which", "Whether", "Why",
];

/// Checks the comments of both languages.
///
/// # Errors
///
/// Lists the comments that begin with a clause.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut wrong = Vec::new();
    for folder in FOLDERS {
        for path in files_below(&workspace.path(folder))? {
            let is_source = path
                .extension()
                .is_some_and(|extension| extension == "ts" || extension == "rs");
            if !is_source || path.components().any(|part| part.as_os_str() == "target") {
                continue;
            }
            let text =
                fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            let name = path.strip_prefix(workspace.root()).unwrap_or(&path);
            for (line, first) in clauses(&text) {
                wrong.push(format!("{}:{line} {first}", name.display()));
            }
        }
    }
    ensure!(
        wrong.is_empty(),
        "a doc comment begins with a verb or a noun, or \"True if\": {wrong:#?}"
    );
    Ok(())
}

/// Returns the comments that begin with a clause: their lines, from 1, and texts.
fn clauses(text: &str) -> Vec<(usize, &str)> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    (0..lines.len())
        .filter_map(|at| Some((at + 1, beginning(&lines, at)?)))
        .filter(|(_, first)| {
            let word = first.split([' ', ',', ':']).next().unwrap_or_default();
            CLAUSES.contains(&word)
        })
        .collect()
}

/// Returns the text of a doc comment that begins in a line.
fn beginning<'text>(lines: &[&'text str], at: usize) -> Option<&'text str> {
    let line = *lines.get(at)?;
    if let Some(rest) = line.strip_prefix("/**") {
        let own = rest.trim_end_matches("*/").trim();
        let next = || Some(lines.get(at + 1)?.trim_start_matches('*').trim());
        return if own.is_empty() { next() } else { Some(own) };
    }
    let marks = ["///", "//!"];
    let is_doc = |line: &str| marks.iter().any(|mark| line.starts_with(mark));
    let goes_on = at > 0 && is_doc(lines[at - 1]);
    (is_doc(line) && !goes_on).then(|| line[3..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_at_the_beginning_is_found() {
        let text =
            "/// What it is.\n\n/** How, at most. */\n/**\n * Whether\n */\n  //! Where: there";
        let lines: Vec<_> = clauses(text).iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 4, 7]);
    }

    #[test]
    fn other_beginnings_are_not_and_neither_are_later_lines() {
        let text = "/// Returns the thing.\n/// What else.\n/** Whatever. */\n// What\n/** True if it is. */";
        assert_eq!(clauses(text), []);
    }
}
