//! What a backend method says about its calls: `#[allowed(rule, time_limit = 5)]`, or for a whole block `#[backend(time_limit = 5)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Ident, Lit, LitInt};

use crate::ctxt::Ctxt;
use crate::items::{self, Given, Item};
use crate::symbol;

/// The options of a method.
#[derive(Clone)]
pub struct Options {
    pub transaction: bool,
    pub prefix: Option<String>,
    /// In milliseconds.
    pub time_limit: Option<u64>,
    /// So many calls in so many seconds.
    pub rate: Option<(u32, u64)>,
    pub on_purpose: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { transaction: true, prefix: None, time_limit: None, rate: None, on_purpose: false }
    }
}

impl Options {
    /// These options, as far as a list says nothing else.
    pub fn with(mut self, ctxt: &Ctxt, tokens: TokenStream) -> Self {
        for item in items::of_list(ctxt, tokens) {
            if item.is(symbol::TRANSACTION) {
                self.transaction = truth(ctxt, &item).unwrap_or(self.transaction);
            } else if item.is(symbol::PREFIX) {
                self.prefix = prefix(ctxt, &item).or(self.prefix);
            } else if item.is(symbol::TIME_LIMIT) {
                self.time_limit = seconds(ctxt, &item).or(self.time_limit);
            } else if item.is(symbol::RATE_LIMIT) {
                self.rate = rate(ctxt, &item).or(self.rate);
            } else if item.is(symbol::ON_PURPOSE) {
                self.on_purpose = item.flag(ctxt);
            } else {
                items::unknown(ctxt, &item, "a backend method", symbol::IN_ALLOWED);
            }
        }
        self
    }

    /// As a path segment before the method's name, where it is not the entity's key.
    pub fn prefix(&self) -> TokenStream {
        option(self.prefix.as_ref())
    }

    /// As the runtime has them.
    pub fn expand(&self) -> TokenStream {
        let Self { transaction, on_purpose, .. } = self;
        let (prefix, time) = (self.prefix(), option(self.time_limit.as_ref()));
        let rate = option(self.rate.map(|(count, seconds)| quote!((#count, #seconds))).as_ref());
        quote!(::isoform::__private::Options::of(#transaction, #prefix, #time, #rate, #on_purpose))
    }
}

fn option(value: Option<&impl quote::ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

fn truth(ctxt: &Ctxt, item: &Item) -> Option<bool> {
    match item.value(ctxt)? {
        Expr::Lit(syn::ExprLit { lit: Lit::Bool(truth), .. }) => Some(truth.value),
        other => {
            ctxt.error(other, format!("`{}` is `true` or `false`", item.name));
            None
        }
    }
}

fn prefix(ctxt: &Ctxt, item: &Item) -> Option<String> {
    let text = item.text(ctxt)?;
    let plain = |part: char| part.is_ascii_alphanumeric() || matches!(part, '-' | '_');
    if text.value().is_empty() || !text.value().chars().all(plain) {
        ctxt.error(&text, "a prefix is one part of a path: letters, digits, `-` and `_`, such as \"reports\"");
        return None;
    }
    Some(text.value())
}

fn seconds(ctxt: &Ctxt, item: &Item) -> Option<u64> {
    let value = item.value(ctxt)?;
    let seconds = match value {
        Expr::Lit(syn::ExprLit { lit: Lit::Int(whole), .. }) => whole.base10_parse::<f64>().ok(),
        Expr::Lit(syn::ExprLit { lit: Lit::Float(part), .. }) => part.base10_parse::<f64>().ok(),
        _ => None,
    };
    // A day is longer than any request.
    match seconds.map(|seconds| seconds * 1000.0) {
        Some(milliseconds @ 1.0..=86_400_000.0) => Some(milliseconds as u64),
        _ => {
            ctxt.error(value, "`time_limit` is a number of seconds, such as `5` or `0.5`");
            None
        }
    }
}

const RATE: &str =
    "a rate is written `rate_limit(10 per minute)`: a number of calls, and `second`, `minute`, `hour` or `day`";

/// `rate_limit(10 per minute)`
fn rate(ctxt: &Ctxt, item: &Item) -> Option<(u32, u64)> {
    let Given::List(tokens) = &item.given else {
        ctxt.error(&item.name, RATE);
        return None;
    };
    let parsed = (|input: ParseStream| {
        let wrong = |span| syn::Error::new(span, RATE);
        let count: LitInt = input.parse().map_err(|error| wrong(error.span()))?;
        let calls = count.base10_parse::<u32>().ok().filter(|calls| *calls > 0).ok_or_else(|| wrong(count.span()))?;
        let per: Ident = input.parse().map_err(|error| wrong(error.span()))?;
        let unit: Ident = input.parse().map_err(|error| wrong(error.span()))?;
        let seconds = match unit.to_string().as_str() {
            "second" => 1,
            "minute" => 60,
            "hour" => 3_600,
            "day" => 86_400,
            _ => return Err(wrong(unit.span())),
        };
        if per != "per" || !input.is_empty() {
            return Err(wrong(per.span()));
        }
        Ok((calls, seconds))
    })
    .parse2(tokens.clone());
    ctxt.ok(parsed)
}
