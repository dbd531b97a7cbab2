//! Templates of keys: `"user:{id}:{order.number}"`.

use proc_macro2::Span;
use syn::{Error, Result};

/// A template, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) before: String,
    pub(crate) slots: Vec<Slot>,
}

/// A placeholder and the text after it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// A parameter, and the fields that lead to what is inserted.
    pub(crate) path: Vec<String>,
    pub(crate) after: String,
}

impl Template {
    /// Reads a template.
    pub(crate) fn read(text: &str, span: Span) -> Result<Self> {
        let mut template = Self {
            before: String::new(),
            slots: Vec::new(),
        };
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (literal, from) = rest.split_at(at);
            template.push(literal);
            rest = if let Some(rest) = from.strip_prefix("{{") {
                template.push("{");
                rest
            } else if let Some(rest) = from.strip_prefix("}}") {
                template.push("}");
                rest
            } else {
                let end = from.find('}').filter(|end| *end > 0);
                let end = end.ok_or_else(|| {
                    Error::new(span, "unbalanced brace in `key`: `{{` and `}}` are braces")
                })?;
                let path = path_of(&from[1..end], span)?;
                let after = String::new();
                template.slots.push(Slot { path, after });
                &from[end + 1..]
            };
        }
        template.push(rest);
        template.separate();
        Ok(template)
    }

    /// The parameters of a function that has no template, after its name.
    pub(crate) fn of_all(name: &str, parameters: &[String]) -> Self {
        let slots = parameters.iter().enumerate().map(|(nth, parameter)| Slot {
            path: vec![parameter.clone()],
            after: if nth + 1 < parameters.len() { ":" } else { "" }.to_owned(),
        });
        let before = if parameters.is_empty() { "" } else { ":" };
        Self {
            before: format!("{name}{before}"),
            slots: slots.collect(),
        }
    }

    fn push(&mut self, text: &str) {
        match self.slots.last_mut() {
            Some(slot) => slot.after.push_str(text),
            None => self.before.push_str(text),
        }
    }

    /// Makes the end of every value unambiguous, as `js/src/keys/template.ts` does.
    fn separate(&mut self) {
        let last = self.slots.len().saturating_sub(1);
        for (nth, slot) in self.slots.iter_mut().enumerate() {
            if slot.after.is_empty() && nth < last {
                slot.after.push_str("%|");
            } else if slot.after.starts_with('%') {
                slot.after.insert(0, '%');
            }
        }
    }

    /// The characters that values must escape: what ends one, and punctuation before one.
    pub(crate) fn delimiters(&self) -> String {
        let starts = self
            .slots
            .iter()
            .filter_map(|slot| slot.after.chars().next());
        let texts = [&self.before].into_iter();
        let texts = texts.chain(self.slots.iter().map(|slot| &slot.after));
        let is_word = |last: &char| last.is_ascii_alphanumeric() || *last == '_';
        let ends = texts.filter_map(|text| text.chars().last());
        starts.chain(ends.filter(|last| !is_word(last))).collect()
    }
}

fn path_of(text: &str, span: Span) -> Result<Vec<String>> {
    let path: Vec<String> = text.split('.').map(str::to_owned).collect();
    let is_name = |(nth, part): (usize, &String)| {
        let is_index = nth > 0 && part.parse::<u32>().is_ok();
        is_index || syn::parse_str::<syn::Ident>(part).is_ok()
    };
    if path.iter().enumerate().all(is_name) {
        return Ok(path);
    }
    let told = format!(
        "unknown placeholder `{{{text}}}` in `key`: it is a parameter, `{{id}}`, or a field of one, \
         `{{user.id}}`"
    );
    Err(Error::new(span, told))
}
