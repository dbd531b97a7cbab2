//! Policies as code to copy.

use crate::configuration::{Configuration, Room};
use crate::units::{exact_size, exact_span};
use holdover::memory::Eviction;
use holdover::{Policy, Span};
use std::fmt::Write as _;

/// Writes a policy and its cache in TypeScript.
pub(crate) fn typescript(policy: &Configuration) -> String {
    let room = match policy.room {
        Room::Entries(most) => format!("maxEntries: {most}"),
        Room::Bytes(most) => format!("maxBytes: \"{}\"", exact_size(most)),
    };
    let eviction = match policy.eviction {
        Eviction::Lru => String::new(),
        Eviction::S3Fifo => ", eviction: \"s3-fifo\"".to_owned(),
    };
    let mut text = format!(
        "import {{ createCache, memory }} from \"holdover\";\n\n\
         export const cache = createCache({{\n  namespace: \"app\",\n  \
         stores: [memory({{ {room}{eviction} }})],\n}});\n\
         export const policy = {{\n"
    );
    for (option, span) in options(policy) {
        let (name, value) = (option.typescript, exact_span(span));
        // Infinity is how the package spells it.
        let value = match span {
            Span::FOREVER => "Infinity".to_owned(),
            Span::ZERO => value,
            _ => format!("\"{value}\""),
        };
        let _ = writeln!(text, "  {name}: {value},");
    }
    text.push_str("};\n");
    text
}

/// Writes a policy and its cache in Rust.
pub(crate) fn rust(policy: &Configuration) -> String {
    let mut text = String::from("let cache = Cache::<String, Vec<u8>, Error>::builder(Tokio)\n");
    let _ = match policy.room {
        Room::Entries(most) => writeln!(text, "    .max_entries({most})"),
        Room::Bytes(most) => writeln!(
            text,
            "    .max_entries(u32::MAX)\n    .max_bytes({most}, |_, value| value.len() as u32)"
        ),
    };
    if policy.eviction == Eviction::S3Fifo {
        text.push_str("    .eviction(Eviction::S3Fifo)\n");
    }
    text.push_str("    .build();\nlet policy = CachePolicy");
    for (nth, (option, span)) in (0..).zip(options(policy)) {
        let value = if span.is_forever() {
            "Span::FOREVER".to_owned()
        } else {
            format!("Duration::from_millis({})", span.as_millis())
        };
        let before = if nth == 0 { "::" } else { "\n    ." };
        let _ = write!(text, "{before}{}({value})", option.rust);
    }
    text.push_str(";\n");
    text
}

/// An option by its names.
struct Named {
    typescript: &'static str,
    rust: &'static str,
}

/// The options of a policy that are not what they are by default, `ttl` first.
fn options(policy: &Configuration) -> Vec<(Named, Span)> {
    let zero = Span::ZERO;
    let all = [
        ("ttl", "ttl", Some(policy.ttl), None),
        (
            "staleWhileRevalidate",
            "stale_while_revalidate",
            Some(policy.stale_while_revalidate),
            Some(zero),
        ),
        (
            "staleIfError",
            "stale_if_error",
            Some(policy.stale_if_error),
            Some(zero),
        ),
        (
            "failoverAfter",
            "failover_after",
            policy.failover_after,
            None,
        ),
        ("timeout", "timeout", policy.timeout, None),
        (
            "retryAfter",
            "retry_after",
            Some(policy.retry_after),
            Some(Policy::RETRY_AFTER),
        ),
    ];
    all.into_iter()
        .filter(|(_, _, given, default)| given.is_some() && given != default)
        .filter_map(|(typescript, rust, given, _)| Some((Named { typescript, rust }, given?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_in_the_code() {
        let ms = Span::from_millis;
        let all = Configuration {
            eviction: Eviction::S3Fifo,
            stale_while_revalidate: ms(60_000),
            stale_if_error: Span::FOREVER,
            failover_after: Some(ms(300)),
            timeout: Some(ms(2000)),
            retry_after: ms(5000),
            ..Configuration::new(Span::ZERO, Room::Bytes(32 << 20))
        };
        let (typescript, rust) = (typescript(&all), rust(&all));
        let expected = "stores: [memory({ maxBytes: \"32mb\", eviction: \"s3-fifo\" })],\n});\n\
            export const policy = {\n  ttl: 0,\n  staleWhileRevalidate: \"1m\",\n  \
            staleIfError: Infinity,\n  failoverAfter: \"300ms\",\n  timeout: \"2s\",\n  \
            retryAfter: \"5s\",\n};\n";
        assert!(typescript.ends_with(expected), "{typescript}");
        for part in [
            ".max_bytes(33554432, ",
            ".eviction(Eviction::S3Fifo)",
            "CachePolicy::ttl(Duration::from_millis(0))",
            ".stale_if_error(Span::FOREVER)",
            ".failover_after(Duration::from_millis(300))",
            ".timeout(Duration::from_millis(2000))",
            ".retry_after(Duration::from_millis(5000));",
        ] {
            assert!(rust.contains(part), "{part} in {rust}");
        }
    }
}
