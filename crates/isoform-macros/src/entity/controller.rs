//! `#[derive(Controller)]`: an entity's fields, without what needs rows.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{Data, DeriveInput, Fields, LitStr};

use super::model::{Allow, Entity, Field, lazy_of};
use super::{attr, expand, relation};
use crate::ctxt::Ctxt;
use crate::rule::{Rule, here};
use crate::{items, names, symbol};

/// The names under `/api/` that are taken.
const RESERVED_KEYS: &[&str] = &["admin", "jobStatusInQueue", "me", "stream"];

/// The controller that a struct describes; nothing, where it is not a struct that could be one.
pub fn model(ctxt: &Ctxt, input: &DeriveInput) -> Option<Entity> {
    if !input.generics.params.is_empty() {
        ctxt.error(&input.generics, "a controller has one address: it cannot be generic");
        return None;
    }
    let Data::Struct(syn::DataStruct { fields: Fields::Named(fields), .. }) = &input.data else {
        ctxt.error(
            &input.ident,
            "a controller is a struct whose fields have names: `struct SignIn { name: String, … }`",
        );
        return None;
    };
    if fields.named.is_empty() {
        ctxt.error(&input.ident, "a controller has fields: what needs none is a static method of an entity");
    }
    let (related, columns): (Vec<_>, Vec<_>) = fields.named.iter().partition(|syntax| relation::is_one(syntax));
    let mut controller = attr::blank(ctxt, input, columns.into_iter());
    controller.controller = true;
    for syntax in related {
        ctxt.error(&syntax.ty, "a controller has no rows that others are related to: hold an id");
        controller.unfit.extend(syntax.ident.clone());
    }
    let nobody = || Rule::Nobody;
    // Who sees which field is its own `api_read`; rows there are none.
    controller.allow = Allow { read: Rule::Everyone, insert: nobody(), update: nobody(), delete: nobody() };
    let (found, items) = items::of_attributes(ctxt, &input.attrs, symbol::CONTROLLER);
    let (mut key, mut label) = (None, None);
    for item in &items {
        match item.name.to_string().as_str() {
            symbol::KEY => key = item.text(ctxt).or_else(|| Some(LitStr::new("", item.name.span()))),
            symbol::LABEL => label = item.text(ctxt),
            symbol::HOOKS => controller.hooks = item.flag(ctxt).then(|| item.name.span()),
            _ => items::unknown(ctxt, item, "#[controller(…)]", symbol::IN_CONTROLLER),
        }
    }
    let snake = names::snake_case(&input.ident.to_string());
    let example = names::camel_case(&snake);
    match (key, found) {
        (Some(key), _) => {
            check_key(ctxt, &key);
            controller.key = key.value();
        }
        (None, Some(span)) => {
            ctxt.error_at(span, format!("the controller has no key: add `key = \"{example}\"`, its name in addresses"));
        }
        (None, None) => ctxt
            .error(&input.ident, format!("write #[controller(key = \"{example}\")] above it: its name in addresses")),
    }
    controller.label = label.map_or_else(|| names::sentence(&snake), |label| label.value());
    Some(controller)
}

fn check_key(ctxt: &Ctxt, key: &LitStr) {
    let text = key.value();
    let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !starts || !rest {
        ctxt.error(
            key,
            "a key is a name in addresses: letters, digits, `-` and `_`, a lower-case letter first, such as \"signIn\"",
        );
    } else if RESERVED_KEYS.contains(&text.as_str()) {
        ctxt.error(key, format!("/api/{text} is taken: choose another key"));
    }
}

/// Checks what only a controller may not have.
pub fn check(ctxt: &Ctxt, controller: &Entity) {
    for field in &controller.fields {
        needs_no_table(ctxt, field);
        travels(ctxt, field);
        is_filled_in_by_somebody(ctxt, field);
    }
}

fn needs_no_table(ctxt: &Ctxt, field: &Field) {
    let others = [
        field.unique.as_ref(),
        field.index.as_ref(),
        field.auto_increment.as_ref(),
        field.saving.as_ref().map(|(token, _)| token),
        field.make.as_ref().map(|(token, _)| token),
        field.column_type.as_ref().map(|(token, _)| token),
    ];
    let roles = field.roles.iter().map(|(token, _)| token);
    let origins = field.origins.iter().map(|(token, _)| token);
    for token in others.into_iter().flatten().chain(roles).chain(origins) {
        ctxt.error(token, format!("a controller has no table: leave `{token}` out"));
    }
    if let Some(column) = &field.column_token {
        ctxt.error(column, "a controller has no table, and so no columns");
    }
}

fn travels(ctxt: &Ctxt, field: &Field) {
    if lazy_of(&field.ty).is_some() {
        ctxt.error(&field.ty, "the fields of a controller always travel: leave `Lazy` out");
    }
}

fn is_filled_in_by_somebody(ctxt: &Ctxt, field: &Field) {
    let rules = [&field.api_read, &field.allow_update].into_iter().flatten();
    if let Some((token, _)) = rules.into_iter().find(|(_, rule)| matches!(rule, Rule::Nobody)) {
        for validator in &field.validators {
            ctxt.error(
                &validator.name,
                format!("nobody fills in a field that says `{token} = false`: leave `{}` out", validator.name),
            );
        }
    }
}

/// What stands in the `impl` of a controller, and what beside that of an entity.
pub fn implementation(entity: &Entity) -> (TokenStream, TokenStream) {
    let ident = &entity.ident;
    if !entity.controller {
        return (TokenStream::new(), quote!(#[automatically_derived] impl ::isoform::__private::Stored for #ident {}));
    }
    let rules = entity.fields.iter().flat_map(|field| [&field.api_read, &field.allow_update]).flatten();
    let judged = rules.filter_map(|(_, rule)| match rule {
        Rule::Check(path) => Some(quote_spanned! {here(path)=>
            const _: () = ::core::assert!(
                !::isoform::__private::by_record::<#ident, _, _>(#path),
                "the fields of a controller are what its caller says: a rule of a field is judged by the identity alone, `fn(&Identity) -> bool`"
            );
        }),
        _ => None,
    });
    let hooks = entity.hooks.map(|span| {
        let hooks = expand::hooks(entity, span).into_token_stream();
        quote_spanned! {span=>
            const _: () = ::core::assert!(
                #hooks::WRITTEN_BY_THE_HOOKS_ATTRIBUTE.only_validation(),
                "a controller is neither saved nor deleted: of the hooks only `validation` runs"
            );
        }
    });
    (
        quote!(
            const CONTROLLER: bool = true;
        ),
        quote!(#(#judged)* #hooks),
    )
}
