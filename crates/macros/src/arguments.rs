//! The arguments of the attribute.

use crate::duration::millis;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, LitFloat, LitInt, LitStr, Result, Token, parenthesized};

/// Options of a policy that are durations.
const DURATIONS: [&str; 7] = [
    "ttl",
    "stale_while_revalidate",
    "stale_if_error",
    "error_ttl",
    "failover_after",
    "timeout",
    "retry_after",
];
const KNOWN: &str = "cache, key, skip, policy, ttl, stale_while_revalidate, stale_if_error, \
                     error_ttl, failover_after, timeout, retry_after and jitter";

/// The arguments, as they are written.
pub(crate) struct Arguments {
    pub(crate) cache: Expr,
    pub(crate) key: Option<LitStr>,
    pub(crate) skipped: Vec<Ident>,
    /// An expression that gives the policy.
    pub(crate) policy: TokenStream,
}

#[derive(Default)]
struct Given {
    cache: Option<Expr>,
    key: Option<LitStr>,
    skipped: Vec<Ident>,
    policy: Option<Expr>,
    /// Milliseconds.
    ttl: Option<u64>,
    /// Calls of the policy's methods.
    options: Vec<TokenStream>,
    seen: Vec<Ident>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut given = Given::default();
        while !input.is_empty() {
            given.argument(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        given.checked()
    }
}

impl Given {
    fn argument(&mut self, input: ParseStream<'_>) -> Result<()> {
        let name: Ident = input.parse()?;
        if self.seen.contains(&name) {
            return Err(Error::new(name.span(), format!("`{name}` is given twice")));
        }
        self.seen.push(name.clone());
        if name == "skip" {
            let list;
            parenthesized!(list in input);
            let names = Punctuated::<Ident, Token![,]>::parse_terminated(&list)?;
            self.skipped = names.into_iter().collect();
            return Ok(());
        }
        let text = name.to_string();
        let is_duration = DURATIONS.contains(&text.as_str());
        if !is_duration && !["cache", "key", "policy", "jitter"].contains(&text.as_str()) {
            let told = format!("there is no `{name}`; there are {KNOWN}");
            return Err(Error::new(name.span(), told));
        }
        input.parse::<Token![=]>()?;
        match text.as_str() {
            "cache" => self.cache = Some(input.parse()?),
            "key" => self.key = Some(input.parse()?),
            "policy" => self.policy = Some(input.parse()?),
            "jitter" => {
                let jitter = fraction(input)?;
                self.options.push(quote!(.jitter(#jitter)));
            }
            "ttl" => self.ttl = Some(millis(&input.parse()?)?),
            _ => {
                let millis = millis(&input.parse()?)?;
                let span = quote!(::holdover::time::Span::from_millis(#millis));
                self.options.push(quote!(.#name(#span)));
            }
        }
        Ok(())
    }

    fn checked(self) -> Result<Arguments> {
        let site = Span::call_site();
        let missing = |told: &str| Error::new(site, told);
        let cache = self.cache.ok_or_else(|| {
            missing("`cache` is missing: an expression that gives the cache, like `cache = USERS`")
        })?;
        let options = self.options;
        let policy = match (self.policy, self.ttl) {
            (Some(policy), None) if options.is_empty() => policy.into_token_stream(),
            (Some(policy), _) => {
                let told = "`policy` takes the place of all options: give one or the others";
                return Err(Error::new_spanned(policy, told));
            }
            (None, Some(ttl)) => quote! {
                ::holdover::driver::CachePolicy::ttl(::holdover::time::Span::from_millis(#ttl))
                    #(#options)*
            },
            (None, None) => {
                return Err(missing(
                    "`ttl` is missing, or `policy` in its place: `ttl = \"5m\"`",
                ));
            }
        };
        Ok(Arguments {
            cache,
            key: self.key,
            skipped: self.skipped,
            policy,
        })
    }
}

/// A number from 0 to below 1.
fn fraction(input: ParseStream<'_>) -> Result<f64> {
    let (value, span) = if input.peek(LitInt) {
        let whole: LitInt = input.parse()?;
        (whole.base10_parse::<f64>()?, whole.span())
    } else {
        let literal: LitFloat = input.parse()?;
        (literal.base10_parse::<f64>()?, literal.span())
    };
    if (0.0..1.0).contains(&value) {
        return Ok(value);
    }
    Err(Error::new(span, "`jitter` is a number from 0 to below 1"))
}
