//! Rules: who may do something.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, Lit, Path, Type};

use crate::ctxt::Ctxt;
use crate::{names, symbol};

/// Who may do something, as the user wrote it.
#[derive(Clone)]
pub enum Rule {
    /// `true`
    Everyone,
    /// `false`, or nothing.
    Nobody,
    /// `authenticated`
    Authenticated,
    /// `"role"`, `["a", "b"]`, `ADMIN`
    Roles(Vec<Expr>),
    /// `a_function`
    Check(Path),
}

const WANTED: &str = "a rule is `true`, `false`, `authenticated`, a role such as \"admin\" or ADMIN, a list of roles such as [\"admin\", \
                      \"editor\"], or the name of a function";

impl Rule {
    /// The rule that an expression stands for; where it stands for none: an error there, and nobody may.
    pub fn of(ctxt: &Ctxt, value: &Expr) -> Self {
        match value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Bool(everyone) if everyone.value => Self::Everyone,
                Lit::Bool(_) => Self::Nobody,
                Lit::Str(role) if role.value().is_empty() => {
                    ctxt.error(role, "a role has a name");
                    Self::Nobody
                }
                Lit::Str(_) => Self::Roles(vec![value.clone()]),
                _ => Self::wrong(ctxt, value),
            },
            Expr::Array(array) if array.elems.is_empty() => {
                ctxt.error(array, "no role: write `false`, if nobody may");
                Self::Nobody
            }
            Expr::Array(array) => Self::roles(ctxt, array.elems.iter()),
            Expr::Path(path) if path.qself.is_none() => {
                if path.path.is_ident(symbol::AUTHENTICATED) {
                    Self::Authenticated
                } else if path
                    .path
                    .get_ident()
                    .is_some_and(|ident| names::is_near(&ident.to_string(), symbol::AUTHENTICATED))
                {
                    ctxt.error(value, "did you mean `authenticated`?");
                    Self::Nobody
                } else if is_constant(&path.path) {
                    Self::Roles(vec![value.clone()])
                } else {
                    Self::Check(path.path.clone())
                }
            }
            Expr::Paren(inner) => Self::of(ctxt, &inner.expr),
            Expr::Group(inner) => Self::of(ctxt, &inner.expr),
            _ => Self::wrong(ctxt, value),
        }
    }

    fn wrong(ctxt: &Ctxt, value: &Expr) -> Self {
        ctxt.error(value, WANTED);
        Self::Nobody
    }

    fn roles<'a>(ctxt: &Ctxt, elements: impl Iterator<Item = &'a Expr>) -> Self {
        let mut roles = Vec::new();
        for element in elements {
            match element {
                Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_)) => roles.push(element.clone()),
                Expr::Path(path) if is_constant(&path.path) => roles.push(element.clone()),
                other => ctxt.error(other, "a list of roles holds texts such as \"admin\" and constants such as ADMIN"),
            }
        }
        Self::Roles(roles)
    }

    /// The rule as an `IdentityRule`.
    pub fn identity(&self) -> TokenStream {
        match self {
            Self::Check(path) => quote_spanned! {here(path)=>
                ::isoform::__private::Rule::Check({
                    let check: fn(&::isoform::__private::Identity) -> bool = #path;
                    check
                })
            },
            other => other.plain(),
        }
    }

    /// The rule as a `RecordRule` of an entity.
    pub fn record(&self, entity: &Type) -> TokenStream {
        match self {
            Self::Check(path) => quote_spanned! {here(path)=>
                ::isoform::__private::Rule::Check(|identity, record| {
                    let check: fn(&::isoform::__private::Identity, &::isoform::__private::Record<#entity>) -> bool = #path;
                    ::isoform::__private::check_record::<#entity>(record, |record| check(identity, record))
                })
            },
            other => other.plain(),
        }
    }

    /// The rule as a `FieldRule` of an entity: the compiler tells whether the function judges by the record.
    pub fn field(&self, entity: &Ident) -> TokenStream {
        match self {
            Self::Check(path) => quote_spanned! {here(path)=>
                ::isoform::__private::Rule::Check(if ::isoform::__private::by_record::<#entity, _, _>(#path) {
                    ::isoform::__private::FieldCheck::Record(|identity, record| {
                        ::isoform::__private::judge::<#entity, _, _>(#path, identity, ::core::option::Option::Some(record))
                    })
                } else {
                    ::isoform::__private::FieldCheck::Identity(|identity| {
                        ::isoform::__private::judge::<#entity, _, _>(#path, identity, ::core::option::Option::None)
                    })
                })
            },
            other => other.plain(),
        }
    }

    fn plain(&self) -> TokenStream {
        let rule = quote!(::isoform::__private::Rule);
        match self {
            Self::Everyone => quote!(#rule::Everyone),
            Self::Authenticated => quote!(#rule::Authenticated),
            Self::Roles(roles) => quote!(#rule::Roles(&[#(#roles),*])),
            Self::Nobody | Self::Check(_) => quote!(#rule::Nobody),
        }
    }

    /// The rule with `Self` spelled out: the output names it where `Self` is something else.
    pub fn without_self(self, entity: &Ident) -> Self {
        match self {
            Self::Check(path) => Self::Check(without_self(path, entity)),
            other => other,
        }
    }
}

/// Where the user named a function: what is written around it is reported there, if its signature is wrong.
pub fn here(path: &Path) -> Span {
    Span::mixed_site().located_at(path.span())
}

/// The path with `Self` spelled out.
pub fn without_self(mut path: Path, entity: &Ident) -> Path {
    if let Some(first) = path.segments.first_mut()
        && first.ident == "Self"
    {
        let span = first.ident.span();
        first.ident = entity.clone();
        first.ident.set_span(span);
    }
    path
}

/// `ADMIN`, `roles::ADMIN`.
fn is_constant(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| {
        let name = last.ident.to_string();
        name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase)
    })
}
