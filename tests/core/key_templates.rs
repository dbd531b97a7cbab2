//! Keys of `#[cached]` and those of the npm package's templates are the same. The same vectors,
//! `tests/vectors/keys/templates.json`, as in `tests/package/js/key-templates.test.mjs`.

use holdover::cached;
use holdover::driver::Cache;
use holdover::driver::testing::Virtual;
use serde::Deserialize;
use std::sync::LazyLock;

static HOST: LazyLock<Virtual> = LazyLock::new(Virtual::new);
static CACHE: LazyLock<Cache<String, (), ()>> =
    LazyLock::new(|| Cache::builder(HOST.clone()).build());

#[derive(Clone, Debug, Deserialize)]
struct User {
    name: String,
    id: u32,
}

// Only their keys are of interest: a macro that wrote them would hide the parameters from `#[cached]`.

#[cached(cache = CACHE, ttl = "1m", key = "user:{a}")]
async fn after(a: String) -> Result<(), ()> {
    let _ = a;
    Ok(())
}

#[cached(cache = CACHE, ttl = "1m", key = "{a}")]
async fn alone(a: String) -> Result<(), ()> {
    let _ = a;
    Ok(())
}

#[cached(cache = CACHE, ttl = "1m", key = "{a}:{b}")]
async fn separated(a: String, b: String) -> Result<(), ()> {
    let _ = (a, b);
    Ok(())
}

#[cached(cache = CACHE, ttl = "1m", key = "{a}{b}")]
async fn adjacent(a: String, b: String) -> Result<(), ()> {
    let _ = (a, b);
    Ok(())
}

#[cached(cache = CACHE, ttl = "1m", key = "a%{a}%b")]
async fn percent(a: String) -> Result<(), ()> {
    let _ = a;
    Ok(())
}

#[cached(cache = CACHE, ttl = "1m", key = "x-{a}-{n}.")]
async fn mixed(a: String, n: i128) -> Result<(), ()> {
    let _ = (a, n);
    Ok(())
}

#[cached(cache = CACHE, ttl = "1m", key = "{{{a}}}é{b}")]
async fn braces(a: String, b: String) -> Result<(), ()> {
    let _ = (a, b);
    Ok(())
}

#[cached(cache = CACHE, ttl = "1m", key = "{user.name}@{user.id}/{a}")]
async fn members(user: User, a: String) -> Result<(), ()> {
    let _ = (user, a);
    Ok(())
}

#[cached(cache = CACHE, ttl = "1m", key = "n:{n}")]
async fn number(n: i128) -> Result<(), ()> {
    let _ = n;
    Ok(())
}

#[cached(cache = CACHE, ttl = "1m", key = "1{n}1")]
async fn among_digits(n: i128) -> Result<(), ()> {
    let _ = n;
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Argument {
    Text(String),
    Number { int: String },
    User(User),
}

impl Argument {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            other => panic!("{other:?} is no text"),
        }
    }

    fn number(&self) -> i128 {
        match self {
            Self::Number { int } => int.parse().unwrap(),
            other => panic!("{other:?} is no number"),
        }
    }
}

#[derive(Deserialize)]
struct Vector {
    template: String,
    args: Vec<Argument>,
    key: String,
}

fn key_of(template: &str, args: &[Argument]) -> String {
    let text = |nth: usize| args[nth].text();
    match template {
        "user:{0}" => after_key(&text(0)),
        "{0}" => alone_key(&text(0)),
        "{0}:{1}" => separated_key(&text(0), &text(1)),
        "{0}{1}" => adjacent_key(&text(0), &text(1)),
        "a%{0}%b" => percent_key(&text(0)),
        "x-{0}-{1}." => mixed_key(&text(0), &args[1].number()),
        "{{{0}}}é{1}" => braces_key(&text(0), &text(1)),
        "{0.name}@{0.id}/{1}" => match &args[0] {
            Argument::User(user) => members_key(user, &text(1)),
            other => panic!("{other:?} is no user"),
        },
        "n:{0}" => number_key(&args[0].number()),
        "1{0}1" => among_digits_key(&args[0].number()),
        other => panic!("no function has the template {other:?}"),
    }
}

#[test]
fn keys_are_those_of_the_npm_package() {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/tests/vectors/keys/templates.json");
    let text = std::fs::read_to_string(path).unwrap();
    let vectors: Vec<Vector> = serde_json::from_str(&text).unwrap();
    assert!(vectors.len() >= 290);
    for Vector {
        template,
        args,
        key,
    } in vectors
    {
        assert_eq!(key_of(&template, &args), key, "{template} {args:?}");
    }
}

#[test]
fn what_is_kept_is_under_these_keys() {
    HOST.run(async { mixed("a-b".into(), 7).await.unwrap() });
    assert_eq!(CACHE.peek(&"x-a%2Db-7.".into()), Some(()));
}
