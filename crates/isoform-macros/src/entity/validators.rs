//! The validators of a field, from their attributes. Each can bring its own message.

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Ident, LitStr, RangeLimits, Token};

use super::model::{Check, Validator};
use crate::ctxt::Ctxt;
use crate::items::{self, Given, Item};
use crate::rule::without_self;
use crate::{names, symbol};

/// What stands in the parentheses of a validator: values first, then `name = value`.
#[derive(Default)]
struct Parts {
    values: Vec<Expr>,
    min: Option<Expr>,
    max: Option<Expr>,
    message: Option<LitStr>,
}

/// The validator that an item describes.
pub fn parse(ctxt: &Ctxt, entity: &Ident, item: &Item) -> Option<Validator> {
    let name = &item.name;
    let parts = match &item.given {
        Given::Nothing => Parts::default(),
        Given::Value(value) => Parts { values: vec![value.clone()], ..Parts::default() },
        Given::List(tokens) => parts(ctxt, item, tokens)?,
    };
    let check = match name.to_string().as_str() {
        symbol::REQUIRED => bare(ctxt, name, &parts, Check::Required),
        symbol::NOT_NULL => bare(ctxt, name, &parts, Check::NotNull),
        symbol::UNIQUE => bare(ctxt, name, &parts, Check::Unique),
        // Which relation it is is known once all are.
        symbol::EXISTS => bare(ctxt, name, &parts, Check::Exists(0)),
        symbol::EMAIL => bare(ctxt, name, &parts, Check::Email),
        symbol::URL => bare(ctxt, name, &parts, Check::Url),
        symbol::LEN => {
            let (min, max) = limits(ctxt, name, &parts)?;
            Some(Check::Len { min, max })
        }
        symbol::RANGE => {
            let (min, max) = limits(ctxt, name, &parts)?;
            Some(Check::Range { min, max })
        }
        symbol::PATTERN => {
            let value =
                single(ctxt, name, &parts, "write `pattern = \"[a-z]+\"`, or `pattern(\"[a-z]+\", message = \"…\")`")?;
            items::text(ctxt, name, value).map(Check::Pattern)
        }
        symbol::ONE_OF if parts.values.is_empty() || !matches!(item.given, Given::List(_)) => {
            ctxt.error(name, "write `one_of(\"a\", \"b\")`");
            None
        }
        symbol::ONE_OF => Some(Check::OneOf(parts.values.clone())),
        symbol::VALIDATE => {
            let wanted = "write `validate = a_function`, which is `fn(&T) -> Result<(), impl Display>`";
            function(ctxt, entity, name, single(ctxt, name, &parts, wanted)?).map(Check::Custom)
        }
        symbol::VALIDATE_ASYNC => {
            let wanted = "write `validate_async = a_function`, which is `async fn(&T, &Record<Self>) -> Result<()>`";
            function(ctxt, entity, name, single(ctxt, name, &parts, wanted)?).map(Check::CustomAsync)
        }
        other => {
            ctxt.error(name, format!("`{other}` is no validator"));
            None
        }
    }?;
    Some(Validator { name: name.clone(), check, message: parts.message })
}

fn function(ctxt: &Ctxt, entity: &Ident, name: &Ident, value: &Expr) -> Option<syn::Path> {
    match value {
        Expr::Path(path) if path.qself.is_none() => Some(without_self(path.path.clone(), entity)),
        other => {
            ctxt.error(other, format!("`{name}` wants the name of a function, without parentheses"));
            None
        }
    }
}

fn bare(ctxt: &Ctxt, name: &Ident, parts: &Parts, check: Check) -> Option<Check> {
    match parts.values.first() {
        None => Some(check),
        Some(value) => {
            ctxt.error(value, format!("`{name}` takes no value: write just `{name}`, or `{name}(message = \"…\")`"));
            None
        }
    }
}

fn single<'a>(ctxt: &Ctxt, name: &Ident, parts: &'a Parts, wanted: &str) -> Option<&'a Expr> {
    match parts.values.as_slice() {
        [value] => Some(value),
        [] => {
            ctxt.error(name, wanted);
            None
        }
        [_, second, ..] => {
            ctxt.error(second, wanted);
            None
        }
    }
}

type Limits = (Option<Expr>, Option<Expr>);

/// `min = …, max = …`, or `min..=max`.
fn limits(ctxt: &Ctxt, name: &Ident, parts: &Parts) -> Option<Limits> {
    let wanted = format!("write `{name}(min = 1, max = 10)`, one of the two or both, or `{name}(1..=10)`");
    let limits = match parts.values.as_slice() {
        [] => (parts.min.clone(), parts.max.clone()),
        [Expr::Range(range)] if parts.min.is_none() && parts.max.is_none() => {
            if let (RangeLimits::HalfOpen(dots), Some(_)) = (&range.limits, &range.end) {
                ctxt.error(dots, "the greatest value is meant to be included: write `..=`");
                return None;
            }
            (range.start.as_deref().cloned(), range.end.as_deref().cloned())
        }
        [other, ..] => {
            ctxt.error(other, wanted);
            return None;
        }
    };
    if limits.0.is_none() && limits.1.is_none() {
        ctxt.error(name, wanted);
        return None;
    }
    Some(limits)
}

fn parts(ctxt: &Ctxt, item: &Item, tokens: &TokenStream) -> Option<Parts> {
    let mut parts = Parts::default();
    let has_limits = item.is(symbol::LEN) || item.is(symbol::RANGE);
    let known: &[&str] = if has_limits { symbol::IN_LIMITS } else { &[symbol::MESSAGE] };
    let parsed = (|input: ParseStream| {
        while !input.is_empty() {
            if input.peek(Ident) && input.peek2(Token![=]) && !input.peek2(Token![==]) {
                let named: Item = input.parse()?;
                named_part(ctxt, item, &named, known, &mut parts);
            } else {
                parts.values.push(input.parse()?);
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    })
    .parse2(tokens.clone());
    ctxt.ok(parsed)?;
    Some(parts)
}

fn named_part(ctxt: &Ctxt, item: &Item, named: &Item, known: &[&str], parts: &mut Parts) {
    let name = named.name.to_string();
    if !known.contains(&name.as_str()) {
        return ctxt.error(&named.name, format!("`{}` knows no `{name}`; {}", item.name, names::known(&name, known)));
    }
    let twice = match name.as_str() {
        symbol::MIN => std::mem::replace(&mut parts.min, named.value(ctxt).cloned()).is_some(),
        symbol::MAX => std::mem::replace(&mut parts.max, named.value(ctxt).cloned()).is_some(),
        _ => std::mem::replace(&mut parts.message, named.text(ctxt)).is_some(),
    };
    if twice {
        ctxt.error(&named.name, format!("`{name}` is there twice: leave one of them out"));
    }
}
