//! The code that the attribute puts in the place of a function.

use crate::arguments::Arguments;
use crate::signature::{self, Parameter, Signature};
use crate::template::Template;
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Error, Ident, Index, ItemFn, LitStr, Member, Result};

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let arguments: Arguments = syn::parse2(arguments)?;
    let function: ItemFn = syn::parse2(item)?;
    let signature = signature::read(&function)?;
    let keyed = keyed(&arguments, &signature)?;
    let template = template(&arguments, &function.sig.ident, &signature, &keyed)?;
    Ok(code(&arguments, &function, &signature, &keyed, &template))
}

/// The parameters that have to be in the key.
fn keyed<'a>(arguments: &Arguments, signature: &'a Signature) -> Result<Vec<&'a Parameter>> {
    for skipped in &arguments.skipped {
        if !signature.parameters.iter().any(|it| it.name == *skipped) {
            let told = format!("there is no parameter `{skipped}` to skip");
            return Err(Error::new(skipped.span(), told));
        }
    }
    let is_kept = |it: &&Parameter| !arguments.skipped.contains(&it.name);
    Ok(signature.parameters.iter().filter(is_kept).collect())
}

/// The template, in which every one of them is, and nothing else.
fn template(
    arguments: &Arguments,
    name: &Ident,
    signature: &Signature,
    keyed: &[&Parameter],
) -> Result<Template> {
    let Some(text) = &arguments.key else {
        let names: Vec<String> = keyed.iter().map(|it| it.name.to_string()).collect();
        return Ok(Template::of_all(&name.to_string(), &names));
    };
    let template = Template::read(&text.value(), text.span())?;
    for slot in &template.slots {
        let name = &slot.path[0];
        if signature.parameters.iter().all(|it| it.name != name) {
            let told = format!("`key` names `{{{name}}}`, which is no parameter");
            return Err(Error::new(text.span(), told));
        }
        if keyed.iter().all(|it| it.name != name) {
            let told = format!("`key` names `{{{name}}}`, which `skip` leaves out");
            return Err(Error::new(text.span(), told));
        }
    }
    let is_missing = |it: &&&Parameter| template.slots.iter().all(|slot| it.name != slot.path[0]);
    if let Some(missing) = keyed.iter().find(is_missing) {
        let told = format!(
            "calls that differ in `{0}` would share an answer: put `{{{0}}}` into `key`, or \
             `skip({0})`",
            missing.name
        );
        return Err(Error::new(text.span(), told));
    }
    Ok(template)
}

fn code(
    arguments: &Arguments,
    function: &ItemFn,
    signature: &Signature,
    keyed: &[&Parameter],
    template: &Template,
) -> TokenStream {
    let ItemFn {
        attrs,
        vis,
        sig,
        block,
        ..
    } = function;
    let (name, inputs, output) = (&sig.ident, &sig.inputs, &sig.output);
    let Signature { value, error, .. } = signature;
    let all = &signature.parameters;
    let (names, all_kinds): (Vec<_>, Vec<_>) = all.iter().map(|it| (&it.name, &it.kind)).unzip();
    let (key_names, kinds): (Vec<_>, Vec<_>) = keyed.iter().map(|it| (&it.name, &it.kind)).unzip();
    let key_name = format_ident!("{name}_key");
    let key_docs = format!("The key of a call of [`{name}`].");
    let key = key_of(template);
    let policy = policy_of(arguments, name, value, error);
    let cache = &arguments.cache;
    quote! {
        #(#attrs)*
        #vis async fn #name(
            #(#names: #all_kinds),*
        ) -> ::core::result::Result<#value, ::holdover::driver::Error<#error>> {
            async fn load(#inputs) #output #block
            #policy
            let cache: &::holdover::driver::Cache<::std::string::String, #value, #error> = &#cache;
            let key = #key_name(#(&#key_names),*);
            let policy = policy(cache);
            cache.get_or_load(&key, &policy, move |_| load(#(#names),*)).await
        }

        #[doc = #key_docs]
        #[allow(dead_code, clippy::all, clippy::pedantic)]
        #vis fn #key_name(#(#key_names: &#kinds),*) -> ::std::string::String {
            #key
        }
    }
}

/// The policy, which is checked in the first call and shared by all.
fn policy_of(
    arguments: &Arguments,
    name: &Ident,
    value: &syn::Type,
    error: &syn::Type,
) -> TokenStream {
    let policy = &arguments.policy;
    let bound = quote! {
        ::std::sync::Arc<::holdover::driver::Bound<::std::string::String, #value, #error>>
    };
    let wrong = format!("the options of `#[cached]` of `{name}`");
    quote! {
        fn policy(
            cache: &::holdover::driver::Cache<::std::string::String, #value, #error>,
        ) -> #bound {
            let make = || cache.policy(#policy).expect(#wrong);
            // A policy may be shared by threads where there are any.
            #[cfg(not(target_arch = "wasm32"))]
            {
                static POLICY: ::std::sync::OnceLock<#bound> = ::std::sync::OnceLock::new();
                ::std::sync::Arc::clone(POLICY.get_or_init(make))
            }
            #[cfg(target_arch = "wasm32")]
            {
                ::std::thread_local! {
                    static POLICY: ::std::cell::OnceCell<#bound> =
                        const { ::std::cell::OnceCell::new() };
                }
                POLICY.with(|policy| ::std::sync::Arc::clone(policy.get_or_init(make)))
            }
        }
    }
}

fn key_of(template: &Template) -> TokenStream {
    let before = LitStr::new(&template.before, Span::call_site());
    let delimiters = LitStr::new(&template.delimiters(), Span::call_site());
    let parts = template.slots.iter().map(|slot| {
        let parameter = format_ident!("{}", slot.path[0]);
        let fields = slot.path[1..]
            .iter()
            .map(|field| match field.parse::<u32>() {
                Ok(index) => Member::Unnamed(Index::from(index as usize)),
                Err(_) => Member::Named(format_ident!("{field}")),
            });
        let after = LitStr::new(&slot.after, Span::call_site());
        quote! {
            ::holdover::driver::push_key_part(&mut key, &#parameter #(.#fields)*, #delimiters);
            key.push_str(#after);
        }
    });
    quote! {
        let mut key = ::std::string::String::from(#before);
        #(#parts)*
        key
    }
}
