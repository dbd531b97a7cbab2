//! Targeted cache control (RFC 9213): fields like `CDN-Cache-Control` that speak to some caches.
//!
//! They are structured dictionaries (§2.1). One that is empty or cannot be read is as if it were
//! not there; parameters count for nothing. Of a directive that is there twice the careful reading
//! holds, as in `Cache-Control`.

use super::head::Head;
use super::list::{Argument, Directive};
use super::structured::{Parser, Value};
use alloc::vec::Vec;

/// Gives the directives of the targeted field `name` to `take`; false when there is no such field,
/// or it is empty or wrong, and then nothing was given.
pub(super) fn read<'a>(head: Head<'a>, name: &str, take: &mut dyn FnMut(&Directive<'a>)) -> bool {
    let mut directives = Vec::new();
    for field in head.fields().filter(|field| field.is(name)) {
        if dictionary(field.value, &mut directives).is_none() {
            return false;
        }
    }
    for directive in &directives {
        take(directive);
    }
    !directives.is_empty()
}

fn dictionary<'a>(value: &'a str, directives: &mut Vec<Directive<'a>>) -> Option<()> {
    let mut parser = Parser::new(value);
    while !parser.is_done() {
        let (name, value) = parser.member()?;
        let argument = match value {
            Value::True => Some(Argument::None),
            Value::False => None,
            Value::Integer(text) | Value::Token(text) | Value::String(text) => {
                Some(Argument::Value(text))
            }
            Value::Other => Some(Argument::Malformed),
        };
        directives.extend(argument.map(|argument| Directive { name, argument }));
        parser.separator()?;
    }
    Some(())
}
