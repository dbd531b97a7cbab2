//! Generates the TypeScript and the documents that follow from the core's sources.

mod names;
mod options;

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, ensure};
use holdover::abi::{GROUPS, Group, Kind, RECORDS, Record};

use self::names::{camel, kebab, screaming};
use crate::stamp::write;
use crate::wasm::Module;
use crate::workspace::Workspace;

/// The constants of the boundary.
const CONSTANTS: &str = "js/src/core/abi.ts";

/// Returns the files that can be generated without the modules: path and text.
fn of_sources() -> Result<[(&'static str, String); 3]> {
    Ok([
        (CONSTANTS, constants()?),
        (options::CHECKS, options::checks()?),
        (options::PAGE, options::page()?),
    ])
}

/// Writes generated files that are stale.
pub(crate) fn update(workspace: &Workspace, modules: &[Module]) -> Result<()> {
    let of_sources = of_sources()?.map(|(path, wanted)| (path.to_owned(), wanted));
    for (path, wanted) in of_sources.into_iter().chain(of_modules(modules)?) {
        let path = workspace.path(&path);
        if fs::read_to_string(&path).ok().as_deref() != Some(&wanted) {
            write(&path, wanted.as_bytes())?;
        }
    }
    Ok(())
}

/// Fails if a file generated from the sources alone is stale.
pub(crate) fn check_sources(workspace: &Workspace) -> Result<()> {
    for (path, wanted) in of_sources()? {
        check(workspace, path, &wanted)?;
    }
    Ok(())
}

/// Fails if the declarations do not match the modules.
pub(crate) fn check_declarations(workspace: &Workspace, modules: &[Module]) -> Result<()> {
    for (path, wanted) in of_modules(modules)? {
        check(workspace, &path, &wanted)?;
    }
    Ok(())
}

/// Returns the files that are generated from the modules: path and text.
fn of_modules(modules: &[Module]) -> Result<Vec<(String, String)>> {
    let file = |module: &Module| {
        let path = format!("js/src/{}/glue/{}.d.ts", module.room, module.name);
        Ok((path, declarations(module)?))
    };
    modules.iter().map(file).collect()
}

fn check(workspace: &Workspace, path: &str, wanted: &str) -> Result<()> {
    let found = fs::read_to_string(workspace.path(path)).unwrap_or_default();
    ensure!(
        found == wanted,
        "{path} is not what the Rust sources say: run `cargo xtask build` and commit it"
    );
    Ok(())
}

/// Returns the text of `js/src/core/abi.ts`.
fn constants() -> Result<String> {
    let mut text = String::from(
        "// Generated from src/abi/ by `cargo xtask build`: change those files, not this one.\n\n\
         /** The numbers that cross the boundary of the core, by name. */\n",
    );
    for group in GROUPS.iter().copied().flatten() {
        add_group(&mut text, group)?;
    }
    for record in RECORDS {
        add_record(&mut text, record)?;
    }
    Ok(text)
}

fn add_group(text: &mut String, group: &Group) -> Result<()> {
    let prefix = group.name.to_uppercase();
    writeln!(text, "\n// {}", plain(group.docs))?;
    for constant in group.constants {
        let docs = plain(constant.docs);
        let (name, value) = (constant.name, constant.value);
        writeln!(
            text,
            "/** {docs} */\nexport const {prefix}_{name} = {value};"
        )?;
    }
    if group.is_named {
        let names: Vec<String> = group
            .constants
            .iter()
            .map(|constant| match constant.text {
                "" => kebab(constant.name),
                text => String::from(text),
            })
            .map(|text| format!("  \"{text}\",\n"))
            .collect();
        let names = names.concat();
        writeln!(text, "/** Their names, by number. */")?;
        writeln!(text, "export const {prefix}_NAMES = [\n{names}] as const;")?;
    }
    Ok(())
}

fn add_record(text: &mut String, record: &Record) -> Result<()> {
    let name = record.name;
    let docs = plain(record.docs);
    let fields: Vec<String> = record
        .fields
        .iter()
        .map(|field| camel(field.name))
        .collect();
    if record.kind == Kind::Named {
        let names: Vec<String> = fields
            .iter()
            .map(|field| format!("  \"{field}\",\n"))
            .collect();
        let constant = screaming(name);
        writeln!(text, "\n/** {docs} The names, in order. */")?;
        writeln!(
            text,
            "export const {constant} = [\n{}] as const;",
            names.concat()
        )?;
        return Ok(());
    }
    writeln!(text, "\n/** {docs} */\nexport interface {name} {{")?;
    for (field, camel) in record.fields.iter().zip(&fields) {
        writeln!(text, "  /** {} */", plain(field.docs))?;
        writeln!(text, "  readonly {camel}: number;")?;
    }
    writeln!(text, "}}")?;
    if matches!(record.kind, Kind::Written | Kind::Both) {
        let values: Vec<String> = fields
            .iter()
            .map(|field| format!("    of.{field},\n"))
            .collect();
        writeln!(text, "/** Makes the array that the core reads. */")?;
        writeln!(
            text,
            "export function write{name}(of: {name}): Float64Array {{\n  return Float64Array.of(\n{}  );\n}}",
            values.concat()
        )?;
    }
    if matches!(record.kind, Kind::Read | Kind::Both) {
        let values: Vec<String> = fields
            .iter()
            .enumerate()
            .map(|(at, field)| format!("    {field}: numbers[{at}] as number,\n"))
            .collect();
        writeln!(text, "/** Reads the array that the core made. */")?;
        writeln!(
            text,
            "export function read{name}(numbers: Float64Array): {name} {{\n  return {{\n{}  }};\n}}",
            values.concat()
        )?;
        writeln!(text, "/** The length of that array. */")?;
        writeln!(text, "export const {} = {};", screaming(name), fields.len())?;
    }
    Ok(())
}

/// Returns the declarations of a module: the functions as wasm-bindgen declares them, without its
/// loading functions, which `modules.ts` replaces.
fn declarations(module: &Module) -> Result<String> {
    let generated =
        fs::read_to_string(&module.declarations).context("reading the generated declarations")?;
    let (functions, _) = generated
        .split_once("export type InitInput")
        .context("wasm-bindgen declares other things than it did")?;
    let functions = functions
        .replace("/* tslint:disable */\n/* eslint-disable */\n", "")
        .replace("export function", "export declare function");
    let functions: Vec<String> = functions
        .lines()
        .map(|line| match line.strip_prefix("export declare function ") {
            Some(declared) => format!(
                "export declare function {}",
                with_camel_parameters(declared)
            ),
            None => without_links(line),
        })
        .collect();
    Ok(format!(
        "// Generated from {}/ by `cargo xtask build`: change those files, not this one. Only\n\
         // `{}.ts` may import it.\n\n\
         /** Instantiates the module anew, forgetting an instance that trapped. */\n\
         export declare function __reinit(module: WebAssembly.Module): void;\n\n\
         {}\n",
        module.bindings,
        module.name,
        functions.join("\n").trim()
    ))
}

/// Turns `f(stored_at: number): T` into `f(storedAt: number): T`; the function's name stays.
fn with_camel_parameters(declared: &str) -> String {
    match declared.split_once('(') {
        Some((name, rest)) => format!("{name}({}", camel(rest)),
        None => declared.to_owned(),
    }
}

fn plain(docs: &[&str]) -> String {
    let lines: Vec<&str> = docs.iter().map(|line| line.trim()).collect();
    without_links(&lines.join(" "))
}

/// Turns Rust's doc links into plain code spans.
fn without_links(text: &str) -> String {
    text.replace("[`mod@", "`")
        .replace("[`", "`")
        .replace("`]", "`")
        .replace("crate::", "")
        .replace("super::", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_typescript() {
        assert_eq!(camel("stored_at: number, ttl"), "storedAt: number, ttl");
        assert_eq!(kebab("NO_STORE"), "no-store");
        assert_eq!(screaming("CountNumbers"), "COUNT_NUMBERS");
        assert_eq!(
            with_camel_parameters("decode_head_of(the_record: Uint8Array): Float64Array;"),
            "decode_head_of(theRecord: Uint8Array): Float64Array;"
        );
    }

    #[test]
    fn the_constants_are_there() {
        let text = constants().expect("text is written");
        assert!(text.contains("export const STEP_HIT_REFRESH = 8;"));
        assert!(text.contains("export const LANDED_OUTDATED = -2;"));
        assert!(text.contains("    of.staleWhileRevalidate,"));
        assert!(text.contains("  \"event-stream\","));
    }
}
