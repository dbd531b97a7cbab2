//! Requests that go to the origin with their bodies, and what their answers make out of date.

use super::approach::Failed;
use super::asked::Asked;
use super::asking::head_only;
use super::body::Body;
use super::context::Context;
use super::error::Failure;
use super::fields::head_of;
use super::keys::origin_of;
use super::live::Live;
use super::presenting::forwarded;
use super::reading::group_tags;
use super::visit::Told;
use crate::driver::{BoxFuture, Delivery};
use crate::http::cache_status::Forward;
use crate::http::head::Head;
use crate::http::status::Status;
use crate::http::{groups, invalidation};
use http::{Method, Response, Uri};
use std::collections::BTreeSet;
use std::format;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

/// Passes a request on that may change what is stored, or that has a body.
pub(super) async fn pass_on(
    context: Arc<Context>,
    asked: Asked,
    asking: BoxFuture<'static, Result<Response<Live>, Failure>>,
) -> Result<Told, Failed> {
    let key = key_at(&context, &asked, &asked.url);
    let has_failed = |response: &Response<Live>| context.rules.has_failed(&head_only(response));
    let response = context
        .entries
        .ask(&key, &context.policy, asking, has_failed)
        .await?;
    let method = asked.parts.method.as_str();
    let forward = if asked.plan.is_get || asked.plan.is_head {
        Forward::Bypass
    } else {
        Forward::Method
    };
    let status = Status(response.status().as_u16());
    if invalidation::is_change(method, status) {
        // Who made the change finds nothing from before it, in no store either.
        invalidate(&context, &asked, &head_of(response.headers())).await;
    }
    Ok(forwarded(response.map(Body::live), forward))
}

fn invalidate(context: &Context, asked: &Asked, head: &str) -> Delivery {
    let head = Head::new(head);
    let url = &asked.url;
    if url.is_empty() && context.keys.custom.is_none() {
        return Delivery::all([]);
    }
    let mut urls = BTreeSet::from([url.clone()]);
    urls.extend(invalidation::references(head).filter_map(|reference| resolved(url, reference)));
    let keys = urls.iter().map(|url| key_at(context, asked, url));
    let mut deliveries: Vec<Delivery> = keys.map(|key| context.invalidate(&key)).collect();
    let ended = groups::invalidated(asked.parts.method.as_str(), head);
    let tags = group_tags(url, &ended);
    if !tags.is_empty() {
        deliveries.push(context.entries.invalidate_tags(tags, false));
    }
    Delivery::all(deliveries)
}

/// The key of the GET of a URL with the same fields.
fn key_at(context: &Context, asked: &Asked, url: &str) -> Arc<str> {
    let mut parts = asked.parts.clone();
    parts.method = Method::GET;
    if let Some(uri) = (url != asked.url)
        .then(|| url.parse::<Uri>().ok())
        .flatten()
    {
        parts.uri = uri;
    }
    context.keys.key_of(url, &parts)
}

/// The URL of a reference that leads to the origin of `base` (RFC 9111 §4.4).
fn resolved(base: &str, reference: &str) -> Option<String> {
    let reference = reference.split('#').next()?;
    let origin = origin_of(base);
    if origin.is_empty() {
        return None;
    }
    let scheme = &origin[..=origin.find(':')?];
    let path = base[origin.len()..].split('?').next()?;
    let absolute = if reference.is_empty() {
        return Some(String::from(base));
    } else if reference.starts_with("//") {
        format!("{scheme}{reference}")
    } else if reference.starts_with('/') {
        format!("{origin}{reference}")
    } else if reference.starts_with('?') {
        format!("{origin}{path}{reference}")
    } else if has_scheme(reference) {
        String::from(reference)
    } else {
        let folder = &path[..=path.rfind('/')?];
        format!("{origin}{folder}{reference}")
    };
    let uri: Uri = absolute.parse().ok()?;
    let mut parts = http::Request::new(()).into_parts().0;
    parts.uri = uri;
    let url = super::keys::url_of(&parts, "http")?;
    (origin_of(&url) == origin).then(|| without_dots(&url))
}

fn has_scheme(reference: &str) -> bool {
    let end = reference.find([':', '/', '?']);
    end.is_some_and(|end| end > 0 && reference[end..].starts_with(':'))
}

/// RFC 3986 §5.2.4, for the path of a URL.
fn without_dots(url: &str) -> String {
    let origin = origin_of(url);
    let (path, query) = match url[origin.len()..].split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&url[origin.len()..], None),
    };
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    let path = kept.join("/");
    match query {
        Some(query) => format!("{origin}/{path}?{query}"),
        None => format!("{origin}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_within_their_origin() {
        let base = "http://a.example/b/c?d";
        for (reference, url) in [
            ("/x?y#z", Some("http://a.example/x?y")),
            ("x", Some("http://a.example/b/x")),
            ("../x", Some("http://a.example/x")),
            ("../../x/./..", Some("http://a.example/")),
            ("?q", Some("http://a.example/b/c?q")),
            ("", Some(base)),
            ("#f", Some(base)),
            ("http://A.example:80/x", Some("http://a.example/x")),
            ("//a.example/x", Some("http://a.example/x")),
            ("//b.example/x", None),
            ("https://a.example/x", None),
            ("http://b.example/", None),
            ("mailto:me", None),
            ("x y", None),
            ("\u{e9}", Some("http://a.example/b/\u{e9}")),
        ] {
            assert_eq!(resolved(base, reference).as_deref(), url, "{reference}");
        }
        assert_eq!(resolved("", "/x"), None);
    }
}
