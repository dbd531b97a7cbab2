//! The fields in which proxies tell how they were asked.

use super::keys::origin_of;
use http::HeaderMap;

/// The fields in which they do, as a `Vary` lists them.
const FORWARDED: &str = "x-forwarded-host, x-forwarded-port, x-forwarded-proto";

/// Addition to the keys of requests whose answers have a `Vary` without saying so.
pub(super) const IMPLIED: &str = " implied";

/// The `Vary` that the answer to a request has without saying so: where a field says something else
/// than the URL does, services may take their own URL from it, and whether this one does is not to
/// be seen from outside. Empty where all say the same.
pub(super) fn forwarded_vary(url: &str, fields: &HeaderMap) -> &'static str {
    let (scheme, authority) = origin_of(url).split_once("://").unwrap_or_default();
    let port = match authority.rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port,
        _ if scheme == "https" => "443",
        _ => "80",
    };
    let told = [
        ("x-forwarded-host", authority),
        ("x-forwarded-port", port),
        ("x-forwarded-proto", scheme),
    ];
    let says_another = |(name, known): (&str, &str)| {
        let mut said = fields.get_all(name).iter();
        said.any(|value| value.as_bytes() != known.as_bytes())
    };
    if told.into_iter().any(says_another) {
        FORWARDED
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_say_the_same_as_the_url_imply_nothing() {
        let url = "https://a.test/x?y";
        for (url, name, value, is_same) in [
            (url, "x-forwarded-proto", "https", true),
            (url, "x-forwarded-proto", "http", false),
            (url, "x-forwarded-host", "a.test", true),
            (url, "x-forwarded-host", "b.test", false),
            (url, "x-forwarded-host", "a.test, b.test", false),
            (url, "x-forwarded-host", "", false),
            (url, "x-forwarded-port", "443", true),
            (url, "x-forwarded-port", "80", false),
            ("http://a.test/", "x-forwarded-port", "80", true),
            ("http://a.test:8080/", "x-forwarded-port", "8080", true),
            (
                "http://a.test:8080/",
                "x-forwarded-host",
                "a.test:8080",
                true,
            ),
            ("http://[::1]/", "x-forwarded-port", "80", true),
            ("http://[::1]:81/", "x-forwarded-port", "81", true),
            (url, "x-forwarded-for", "192.0.2.1", true),
        ] {
            let mut fields = HeaderMap::new();
            fields.append(name, value.parse().unwrap());
            let implied = forwarded_vary(url, &fields);
            assert_eq!(implied.is_empty(), is_same, "{url} {name}: {value}");
        }
    }
}
