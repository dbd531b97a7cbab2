//! Keys of requests: the URL as it is asked for, and what else answers depend on.

use super::policy::KeyOf;
use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use std::format;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

/// The keys of a layer's responses.
pub(super) struct Keys {
    pub(super) custom: Option<Arc<dyn KeyOf>>,
    pub(super) sorts_query: bool,
    /// The end of its keys: no URL has a line feed in it.
    pub(super) ending: String,
}

impl Keys {
    /// The key of a request for `url`.
    pub(super) fn key_of(&self, url: &str, parts: &Parts) -> Arc<str> {
        let ending = &self.ending;
        let key = match &self.custom {
            Some(key_of) => format!("{}{ending}", key_of(parts)),
            None => self.key_of_url(url),
        };
        Arc::from(key)
    }

    /// The key of a URL, where no function of the policy's makes them.
    pub(super) fn key_of_url(&self, url: &str) -> String {
        let ending = &self.ending;
        if self.sorts_query {
            format!("GET {}{ending}", sorted(url))
        } else {
            format!("GET {url}{ending}")
        }
    }
}

/// The URL of a request in one form; `None` where it is not sure whose it is: with credentials in
/// it, without a host, or with a `Host` that is another's or none at all.
pub(super) fn url_of(parts: &Parts, scheme: &str) -> Option<String> {
    let scheme = parts.uri.scheme_str().unwrap_or(scheme);
    let mut hosts = parts.headers.get_all(HOST).iter();
    let named = match hosts.next() {
        Some(host) => Some(Authority::try_from(host.as_bytes()).ok()?),
        None => None,
    };
    let given = parts.uri.authority();
    let differs = given
        .zip(named.as_ref())
        .is_some_and(|(given, named)| given != named);
    let authority = given.or(named.as_ref())?;
    if hosts.next().is_some() || differs || authority.as_str().contains('@') {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    let port = match (scheme, authority.port_u16()) {
        (_, None) | ("http", Some(80)) | ("https", Some(443)) => String::new(),
        (_, Some(port)) => format!(":{port}"),
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let slash = if path.starts_with('/') { "" } else { "/" };
    let scheme = scheme.to_ascii_lowercase();
    Some(format!("{scheme}://{host}{port}{slash}{path}"))
}

/// The URL with its query sorted by name. The parameters stay as they are written: to an origin
/// `a=%20` and `a=+`, or `a` and `a=`, may be different.
fn sorted(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else {
        return String::from(url);
    };
    let mut parameters: Vec<&str> = query.split('&').collect();
    parameters.sort_by_key(|parameter| parameter.split('=').next());
    format!("{path}?{}", parameters.join("&"))
}

/// The origin of a URL that [`url_of`] gave.
pub(super) fn origin_of(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let length = url[start..].find(['/', '?']);
    length.map_or(url, |length| &url[..start + length])
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn url(uri: &str, hosts: &[&str]) -> Option<String> {
        let mut request = Request::get(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        url_of(&request.body(()).unwrap().into_parts().0, "http")
    }

    #[test]
    fn one_url_has_one_form() {
        let whole = Some(String::from("http://example.com/a?b=C"));
        assert_eq!(url("http://Example.COM:80/a?b=C", &[]), whole);
        assert_eq!(url("/a?b=C", &["example.com"]), whole);
        assert_eq!(url("/a?b=C", &["EXAMPLE.com:80"]), whole);
        assert_eq!(
            url("https://example.com:443", &[]).as_deref(),
            Some("https://example.com/")
        );
        assert_eq!(
            url("https://example.com:80/", &[]).as_deref(),
            Some("https://example.com:80/")
        );
        assert_eq!(
            url("http://a.example?x", &["a.example"]).as_deref(),
            Some("http://a.example/?x")
        );
    }

    #[test]
    fn a_url_that_may_be_anothers_is_none() {
        assert_eq!(url("/a", &[]), None);
        assert_eq!(url("/a", &["a.example", "a.example"]), None);
        assert_eq!(url("/y", &["a.example/x"]), None);
        assert_eq!(url("http://a.example/", &["b.example"]), None);
        assert_eq!(url("http://me:secret@a.example/", &[]), None);
        assert_eq!(url("/y", &["me@a.example"]), None);
    }

    #[test]
    fn a_query_is_sorted_by_name_alone() {
        assert_eq!(sorted("http://a/?b=2&a=1&b=1&a"), "http://a/?a=1&a&b=2&b=1");
        assert_eq!(sorted("http://a/"), "http://a/");
    }

    #[test]
    fn origins() {
        assert_eq!(origin_of("http://a.example:8/x?y"), "http://a.example:8");
        assert_eq!(origin_of("http://a.example"), "http://a.example");
    }
}
