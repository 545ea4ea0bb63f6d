//! The inside of an attribute: `name`, `name = value` and `name(…)`, separated by commas.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Attribute, Expr, Ident, Lit, LitStr, Meta, Path, Token};

use crate::ctxt::Ctxt;
use crate::names;

/// One item of an attribute.
pub struct Item {
    pub name: Ident,
    pub given: Given,
}

/// What an item says beside its name.
#[allow(
    clippy::large_enum_variant,
    reason = "a handful, each taken apart at once; how large depends on the features of syn"
)]
pub enum Given {
    /// `name`
    Nothing,
    /// `name = value`
    Value(Expr),
    /// `name(…)`
    List(TokenStream),
}

impl Parse for Item {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let given = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Given::Value(input.parse()?)
        } else if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            Given::List(content.parse()?)
        } else {
            Given::Nothing
        };
        if !input.is_empty() && !input.peek(Token![,]) {
            return Err(input.error(format!("expected a comma after `{name}`")));
        }
        Ok(Self { name, given })
    }
}

impl Item {
    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// `name`, and nothing else.
    pub fn flag(&self, ctxt: &Ctxt) -> bool {
        if !matches!(self.given, Given::Nothing) {
            ctxt.error(&self.name, format!("`{0}` takes no value: write just `{0}`", self.name));
        }
        true
    }

    /// `name = value`.
    pub fn value(&self, ctxt: &Ctxt) -> Option<&Expr> {
        match &self.given {
            Given::Value(value) => Some(value),
            _ => {
                ctxt.error(&self.name, format!("`{0}` wants a value: write `{0} = …`", self.name));
                None
            }
        }
    }

    /// `name = "text"`.
    pub fn text(&self, ctxt: &Ctxt) -> Option<LitStr> {
        match &self.given {
            Given::Value(value) => text(ctxt, &self.name, value),
            _ => {
                ctxt.error(&self.name, format!("`{0}` wants a text: write `{0} = \"…\"`", self.name));
                None
            }
        }
    }

    /// `name = path::of::a_function`.
    pub fn path(&self, ctxt: &Ctxt) -> Option<Path> {
        match &self.given {
            Given::Value(Expr::Path(path)) if path.qself.is_none() => Some(path.path.clone()),
            Given::Value(other) => {
                ctxt.error(other, format!("`{}` wants the name of a function, without parentheses", self.name));
                None
            }
            _ => {
                ctxt.error(
                    &self.name,
                    format!("`{0}` wants a function: write `{0} = name_of_the_function`", self.name),
                );
                None
            }
        }
    }
}

/// A text literal; anything else is an error there.
pub fn text(ctxt: &Ctxt, name: &Ident, value: &Expr) -> Option<LitStr> {
    if let Expr::Lit(literal) = value
        && let Lit::Str(text) = &literal.lit
    {
        return Some(text.clone());
    }
    ctxt.error(value, format!("`{name}` wants a text in quotes"));
    None
}

/// The items of all attributes of this name, as far as they can be read. None of them may stand there twice, but for
/// indexes over several fields.
pub fn of_attributes(ctxt: &Ctxt, attributes: &[Attribute], name: &str) -> (Option<Span>, Vec<Item>) {
    let mut items: Vec<Item> = Vec::new();
    let mut found = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        found = found.or(attribute.path().get_ident().map(Ident::span));
        match &attribute.meta {
            Meta::List(list) => {
                for item in of_tokens(ctxt, list.tokens.clone()) {
                    add(ctxt, &mut items, item);
                }
            }
            other => ctxt.error(other, format!("write #[{name}(…)]")),
        }
    }
    (found, items)
}

/// The items in parentheses; none may stand there twice.
pub fn of_list(ctxt: &Ctxt, tokens: TokenStream) -> Vec<Item> {
    let mut items = Vec::new();
    for item in of_tokens(ctxt, tokens) {
        add(ctxt, &mut items, item);
    }
    items
}

fn add(ctxt: &Ctxt, items: &mut Vec<Item>, item: Item) {
    let several = item.is(crate::symbol::INDEX) && matches!(item.given, Given::List(_));
    if !several && items.iter().any(|other| other.name == item.name) {
        ctxt.error(&item.name, format!("`{}` is there twice: leave one of them out", item.name));
    } else {
        items.push(item);
    }
}

fn of_tokens(ctxt: &Ctxt, tokens: TokenStream) -> Vec<Item> {
    let mut items = Vec::new();
    let parsed = (|input: ParseStream| {
        while !input.is_empty() {
            items.push(input.parse()?);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    })
    .parse2(tokens);
    ctxt.ok(parsed);
    items
}

/// "unknown attribute", and what there is.
pub fn unknown(ctxt: &Ctxt, item: &Item, place: &str, known: &[&str]) {
    ctxt.error(
        &item.name,
        format!("{place} knows no `{}`; {}", item.name, names::known(&item.name.to_string(), known)),
    );
}
