//! Targeted cache control (RFC 9213): fields like `CDN-Cache-Control` that speak to some caches.
//!
//! They are structured dictionaries (§2.1). One that is empty or cannot be read is as if it were
//! not there; parameters count for nothing. Of a directive that is there twice the careful reading
//! holds, as in `Cache-Control`.

use super::head::Head;
use super::list::{Argument, Directive};
use super::structured::{Parser, Value};
use super::text::position;

/// Gives the directives of the targeted field `name` to `take`; false when there is no such field,
/// or it is empty or wrong, and then nothing was given.
pub(super) fn read<'a>(head: Head<'a>, name: &str, take: &mut dyn FnMut(Directive<'a>)) -> bool {
    let mut count = 0;
    if !read_lines(head, name, &mut |_| count += 1) || count == 0 {
        return false;
    }
    read_lines(head, name, take)
}

/// Whether all lines of the field can be read.
#[inline(never)]
fn read_lines<'a>(head: Head<'a>, name: &str, take: &mut dyn FnMut(Directive<'a>)) -> bool {
    let mut lines = head.fields().filter(|field| field.is(name));
    lines.all(|field| dictionary(field.value, take).is_some())
}

fn dictionary<'a>(value: &'a str, take: &mut dyn FnMut(Directive<'a>)) -> Option<()> {
    let mut parser = Parser::new(value);
    while !parser.is_done() {
        let (name, value) = parser.member()?;
        let argument = match value {
            Value::Boolean(_) => Argument::None,
            Value::String(text) if position(text, |byte| byte == b'\\').is_none() => {
                Argument::Quoted(text)
            }
            Value::Token(text) => Argument::Token(text),
            Value::String(_) | Value::Other => Argument::Malformed,
        };
        if value != Value::Boolean(false) {
            take(Directive { name, argument });
        }
        parser.separator()?;
    }
    Some(())
}
