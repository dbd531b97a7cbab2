//! The errors of the attribute, and how templates are read.

use crate::expansion::expand;
use crate::template::{Slot, Template};
use proc_macro2::Span;

/// Returns the message for a function with these arguments.
fn told(arguments: &str, function: &str) -> String {
    let parsed = (arguments.parse().unwrap(), function.parse().unwrap());
    match expand(parsed.0, parsed.1) {
        Ok(_) => "nothing".to_owned(),
        Err(error) => error.to_string(),
    }
}

const USER: &str = "async fn user(id: u64) -> Result<User, DbError> { todo!() }";

#[test]
fn what_is_right_is_taken() {
    let all = "cache = USERS, ttl = \"1h30m\", stale_while_revalidate = \"500ms\", \
               stale_if_error = \"1d\", error_ttl = \"1s\", failover_after = \"1s\", \
               timeout = \"2s\", retry_after = \"1w\", jitter = 0.1, key = \"user:{id}\",";
    assert_eq!(told(all, USER), "nothing");
    assert_eq!(told("cache = users(), policy = policy()", USER), "nothing");
    let with_db = "pub(crate) async fn user(db: Db, mut id: u64) -> std::result::Result<u8, ()> {}";
    assert_eq!(
        told("cache = C, ttl = \"1s\", skip(db)", with_db),
        "nothing"
    );
}

#[test]
fn a_key_holds_what_calls_differ_in_and_nothing_else() {
    let function = "async fn f(db: Db, id: u64) -> Result<u8, ()> {}";
    let said = |rest: &str| told(&format!("cache = C, ttl = \"1s\", {rest}"), function);
    assert_eq!(said("key = \"u:{id}\", skip(db)"), "nothing");
    assert_eq!(
        said("key = \"u:{id}\""),
        "calls that differ in `db` would share an answer: put `{db}` into `key`, or `skip(db)`"
    );
    assert_eq!(
        said("key = \"u:{ids}\", skip(db)"),
        "`key` names `{ids}`, which is no parameter"
    );
    assert_eq!(
        said("key = \"u:{id}:{db}\", skip(db)"),
        "`key` names `{db}`, which `skip` leaves out"
    );
    assert_eq!(said("skip(dbs)"), "there is no parameter `dbs` to skip");
    assert!(said("key = \"u:{0}\"").starts_with("unknown placeholder `{0}` in `key`"));
    assert!(said("key = \"u:{}\"").starts_with("unknown placeholder `{}` in `key`"));
    assert!(said("key = \"u:{id\"").starts_with("unbalanced brace in `key`"));
    assert!(said("key = \"u:id}\"").starts_with("unbalanced brace in `key`"));
}

#[test]
fn options_are_checked_when_they_are_compiled() {
    let said = |arguments: &str| told(arguments, USER);
    assert!(said("ttl = \"5m\"").starts_with("`cache` is missing"));
    assert!(said("cache = C").starts_with("`ttl` is missing"));
    assert!(said("cache = C, ttl = \"5 parsecs\"").starts_with("a duration is numbers"));
    assert!(said("cache = C, ttl = \"\"").starts_with("a duration is numbers"));
    assert!(said("cache = C, ttl = \"99999999999999999w\"").starts_with("a duration is numbers"));
    assert!(said("cache = C, tll = \"5m\"").starts_with("there is no `tll`; there are cache, key"));
    assert_eq!(
        said("cache = C, ttl = \"1s\", ttl = \"2s\""),
        "`ttl` is given twice"
    );
    let jitter = "`jitter` is a number from 0 to below 1";
    assert_eq!(said("cache = C, ttl = \"1s\", jitter = 1"), jitter);
    assert_eq!(said("cache = C, ttl = \"1s\", jitter = 1.5"), jitter);
    let both = "`policy` takes the place of all options: give one or the others";
    assert_eq!(said("cache = C, policy = P, timeout = \"1s\""), both);
    assert_eq!(said("cache = C, policy = P, ttl = \"1s\""), both);
}

#[test]
fn functions_that_cannot_be_cached_are_refused() {
    let said = |function: &str| told("cache = C, ttl = \"1s\"", function);
    assert!(said("fn f() -> Result<u8, ()> {}").contains("takes an async function"));
    assert!(said("async fn f<T>() -> Result<T, ()> {}").contains("parameters of types"));
    assert!(said("async fn f(&self) -> Result<u8, ()> {}").contains("takes no methods"));
    assert!(said("async fn f((a, b): (u8, u8)) -> Result<u8, ()> {}").contains("plain names"));
    assert!(said("async fn f(name: &str) -> Result<u8, ()> {}").contains("`String` for `&str`"));
    for output in ["", "-> u8", "-> io::Result<u8>", "-> Option<(u8, u8)>"] {
        let function = format!("async fn f() {output} {{}}");
        assert!(
            said(&function).contains("returns `Result<V, E>`"),
            "{output}"
        );
    }
}

#[test]
fn templates_are_taken_apart_as_in_the_npm_package() {
    let read = |text: &str| Template::read(text, Span::call_site()).unwrap();
    let slot = |path: &[&str], after: &str| Slot {
        path: path.iter().map(ToString::to_string).collect(),
        after: after.to_owned(),
    };
    let template = read("u{{:{a}-{b.0.c}");
    assert_eq!(template.before, "u{:");
    assert_eq!(
        template.slots,
        [slot(&["a"], "-"), slot(&["b", "0", "c"], "")]
    );
    assert_eq!(template.delimiters(), "-:-");
    assert_eq!(read("{a}{b}").slots, [slot(&["a"], "%|"), slot(&["b"], "")]);
    assert_eq!(read("{a}%").slots, [slot(&["a"], "%%")]);
}
