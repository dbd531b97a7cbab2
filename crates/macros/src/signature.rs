//! The signature of the function: what the attribute can take.

use syn::{
    Error, FnArg, GenericArgument, Ident, ItemFn, Pat, PatType, PathArguments, Result, ReturnType,
    Type,
};

/// The parts of a function that the expansion needs.
pub(crate) struct Signature {
    pub(crate) parameters: Vec<Parameter>,
    /// The types of its value and of its error.
    pub(crate) value: Type,
    pub(crate) error: Type,
}

pub(crate) struct Parameter {
    pub(crate) name: Ident,
    pub(crate) kind: Type,
}

pub(crate) fn read(function: &ItemFn) -> Result<Signature> {
    let signature = &function.sig;
    let name = &signature.ident;
    if signature.asyncness.is_none() {
        let told = "`#[cached]` takes an async function: a cache of others needs no driver";
        return Err(Error::new_spanned(signature.fn_token, told));
    }
    if !signature.generics.params.is_empty() {
        let told = format!("`{name}` has parameters of types: all of them would share one policy");
        return Err(Error::new_spanned(&signature.generics, told));
    }
    let parameters = signature.inputs.iter().map(parameter);
    let parameters = parameters.collect::<Result<_>>()?;
    let (value, error) = types_of(&signature.output)?;
    Ok(Signature {
        parameters,
        value,
        error,
    })
}

fn parameter(argument: &FnArg) -> Result<Parameter> {
    let FnArg::Typed(PatType { pat, ty, .. }) = argument else {
        let told = "`#[cached]` takes no methods: put the value into a parameter, and `skip` it";
        return Err(Error::new_spanned(argument, told));
    };
    let Pat::Ident(pattern) = &**pat else {
        let told = "`#[cached]` takes parameters that are plain names";
        return Err(Error::new_spanned(pat, told));
    };
    if matches!(**ty, Type::Reference(_)) {
        let told = "a load may outlive its call, so it takes values: `String` for `&str`";
        return Err(Error::new_spanned(ty, told));
    }
    Ok(Parameter {
        name: pattern.ident.clone(),
        kind: (**ty).clone(),
    })
}

/// The types of `Result<V, E>`.
fn types_of(output: &ReturnType) -> Result<(Type, Type)> {
    let told = "`#[cached]` takes a function that returns `Result<V, E>`, both spelt out";
    let wrong = || Error::new_spanned(output, told);
    let ReturnType::Type(_, kind) = output else {
        return Err(Error::new(proc_macro2::Span::call_site(), told));
    };
    let Type::Path(path) = &**kind else {
        return Err(wrong());
    };
    let last = path.path.segments.last().ok_or_else(wrong)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return Err(wrong());
    };
    let types: Vec<&Type> = arguments
        .args
        .iter()
        .filter_map(|argument| match argument {
            GenericArgument::Type(kind) => Some(kind),
            _ => None,
        })
        .collect();
    match (last.ident == "Result", types.as_slice()) {
        (true, [value, error]) => Ok(((*value).clone(), (*error).clone())),
        _ => Err(wrong()),
    }
}
