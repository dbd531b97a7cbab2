//! Targeted cache control (RFC 9213): fields like `CDN-Cache-Control` that speak to some caches.
//!
//! They are structured dictionaries (§2.1). One that is empty or cannot be read is as if it were
//! not there; parameters count for nothing. A value of another type than its directive has is not
//! to be consumed. So a field that has only lifetimes like `max-age="60"` says nothing, and
//! `Cache-Control` holds; else such a directive counts as malformed. Of a directive that is there
//! twice the careful reading holds, as in `Cache-Control`.

use super::directive::Kind;
use super::head::Head;
use super::list::{Argument, Directive};
use super::structured::{Parser, Value};
use super::text::{decimal, position};

/// Gives the directives of the targeted field `name` to `take`; false when there is no such field,
/// or it is empty or wrong or has nothing to consume, and then nothing was given.
pub(super) fn read<'a>(head: Head<'a>, name: &str, take: &mut dyn FnMut(Directive<'a>)) -> bool {
    let mut is_consumed = false;
    let is_readable = read_lines(head, name, &mut |directive| {
        let is_malformed = directive.argument == Argument::Malformed;
        is_consumed |= !is_malformed || Kind::of(directive.name) != Kind::Seconds;
    });
    is_readable && is_consumed && read_lines(head, name, take)
}

/// True if all lines of the field can be read.
#[inline(never)]
fn read_lines<'a>(head: Head<'a>, name: &str, take: &mut dyn FnMut(Directive<'a>)) -> bool {
    let mut lines = head.fields().filter(|field| field.is(name));
    lines.all(|field| dictionary(field.value, take).is_some())
}

fn dictionary<'a>(value: &'a str, take: &mut dyn FnMut(Directive<'a>)) -> Option<()> {
    let mut parser = Parser::new(value);
    while !parser.is_done() {
        let (name, value) = parser.member()?;
        let argument = argument(name, value);
        if value != Value::Boolean(false) {
            take(Directive { name, argument });
        }
        parser.separator()?;
    }
    Some(())
}

/// The argument of a directive; malformed when its type is not the one that the directive has.
fn argument<'a>(name: &str, value: Value<'a>) -> Argument<'a> {
    let is_plain = |text| position(text, |byte| byte == b'\\').is_none();
    match (Kind::of(name), value) {
        (Kind::Flag | Kind::Fields | Kind::Unknown, Value::Boolean(_)) => Argument::None,
        (Kind::Unknown, Value::Token(text)) => Argument::Token(text),
        (Kind::Seconds, Value::Token(text)) if decimal(text).is_some() => Argument::Token(text),
        (Kind::Fields | Kind::Unknown, Value::String(text)) if is_plain(text) => {
            Argument::Quoted(text)
        }
        _ => Argument::Malformed,
    }
}
