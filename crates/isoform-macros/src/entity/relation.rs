//! `#[relation(…)]`: which fields are equal in related rows.
//!
//! - `#[relation(project_id)]` on a `ToOne<Project>`: an own field holds the other's id.
//! - `#[relation(Comment::task_id)]` on a `ToMany<Comment>`: a field of the other holds the own id.
//! - `#[relation(area = Area::area, number = Area::number)]`: several fields, or others than the id.
//! - `#[relation(through = TaskTag, TaskTag::task_id, TaskTag::tag_id)]` on a `ToMany<Tag>`: many to many.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Ident, LitStr, Path, Token, Type};

use super::model::{Key, Kind, Relation, argument_of};
use super::validators;
use crate::ctxt::Ctxt;
use crate::items::{self, Given, Item};
use crate::rule::{Rule, without_self};
use crate::{names, symbol};

/// Does a field say that it is a relation, by its attribute or its type?
pub fn is_one(syntax: &syn::Field) -> bool {
    Kind::of(&syntax.ty) == Kind::Relation || attribute(syntax).is_some()
}

fn attribute(syntax: &syn::Field) -> Option<&syn::Attribute> {
    syntax.attrs.iter().find(|attribute| attribute.path().is_ident(symbol::RELATION))
}

/// The relation that a field is; nothing, where it cannot be one.
pub fn parse(ctxt: &Ctxt, entity: &Ident, syntax: &syn::Field) -> Option<Relation> {
    let ident = syntax.ident.clone()?;
    let name = ident.unraw().to_string();
    let Some(attribute) = attribute(syntax) else {
        ctxt.error(
            &syntax.ty,
            "say which fields are equal in related rows: #[relation(own_field)], or #[relation(Other::field)]",
        );
        return None;
    };
    let Some((many, target)) = target(&syntax.ty) else {
        ctxt.error(&syntax.ty, "a relation is a `ToOne<E>` or a `ToMany<E>`, with another entity as `E`");
        return None;
    };
    if let Some(field) = syntax.attrs.iter().find(|attribute| attribute.path().is_ident(symbol::FIELD)) {
        ctxt.error(field, "a relation is no column: it has a #[relation(…)] and no #[field(…)]");
    }
    let tokens = match &attribute.meta {
        syn::Meta::List(list) => list.tokens.clone(),
        other => {
            ctxt.error(other, "write #[relation(own_field)], or #[relation(Other::field)]");
            return None;
        }
    };
    let mut relation = Relation {
        wire: names::camel_case(&name),
        label: names::sentence(&name),
        vis: syntax.vis.clone(),
        target,
        many,
        keys: Vec::new(),
        through: None,
        filter: None,
        include: false,
        api_read: None,
        on_delete: None,
        exists: None,
        name,
        ident,
    };
    for part in parts(ctxt, tokens)? {
        match part {
            Part::Key(key) => relation.keys.push(key),
            Part::Item(item) => option(ctxt, entity, &mut relation, &item),
        }
    }
    has_its_keys(ctxt, attribute, &relation).then_some(relation)
}

fn target(ty: &Type) -> Option<(bool, Type)> {
    let (name, argument) = argument_of(ty)?;
    match name.as_str() {
        "ToOne" => Some((false, argument.clone())),
        "ToMany" => Some((true, argument.clone())),
        _ => None,
    }
}

enum Part {
    Key(Key),
    Item(Item),
}

fn parts(ctxt: &Ctxt, tokens: TokenStream) -> Option<Vec<Part>> {
    let parsed = (|input: ParseStream| {
        let mut parts = Vec::new();
        while !input.is_empty() {
            parts.push(part(input)?);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(parts)
    })
    .parse2(tokens);
    ctxt.ok(parsed)
}

fn part(input: ParseStream) -> syn::Result<Part> {
    // `Comment::task_id`
    if input.peek2(Token![::]) || input.peek(Token![::]) {
        return Ok(Part::Key(Key { own: None, other: Some(input.parse()?) }));
    }
    let ahead = input.fork();
    let name = ahead.call(Ident::parse_any)?;
    if symbol::IN_RELATION.contains(&name.to_string().as_str())
        && (ahead.peek(Token![=]) || ahead.peek(Token![,]) || ahead.peek(syn::token::Paren) || ahead.is_empty())
    {
        return input.parse().map(Part::Item);
    }
    let own = input.call(Ident::parse_any)?;
    let mut other = None;
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        other = Some(input.parse::<Path>()?);
    }
    Ok(Part::Key(Key { own: Some(own), other }))
}

fn option(ctxt: &Ctxt, entity: &Ident, relation: &mut Relation, item: &Item) {
    match item.name.to_string().as_str() {
        symbol::THROUGH => relation.through = item.path(ctxt),
        symbol::FILTER => relation.filter = item.path(ctxt).map(|path| without_self(path, entity)),
        symbol::INCLUDE => relation.include = item.flag(ctxt),
        symbol::API_READ => {
            relation.api_read = item.value(ctxt).map(|value| Rule::of(ctxt, value).without_self(entity));
        }
        symbol::LABEL => {
            relation.label = item.text(ctxt).as_ref().map_or_else(|| relation.label.clone(), LitStr::value);
        }
        symbol::ON_DELETE => relation.on_delete = on_delete(ctxt, relation.many, item),
        symbol::EXISTS if relation.many => {
            ctxt.error(
                &item.name,
                "whether there is a row is asked where its key is: at the `ToOne` of the other entity",
            );
        }
        symbol::EXISTS => relation.exists = validators::parse(ctxt, entity, item),
        _ => items::unknown(ctxt, item, "#[relation(…)]", symbol::IN_RELATION),
    }
}

fn on_delete(ctxt: &Ctxt, many: bool, item: &Item) -> Option<Ident> {
    if many {
        ctxt.error(&item.name, "what becomes of a row is said where its key is: at the `ToOne` of the other entity");
        return None;
    }
    if let Given::Value(Expr::Path(path)) = &item.given
        && let Some(word) = path.path.get_ident()
        && symbol::ON_DELETES.contains(&word.to_string().as_str())
    {
        return Some(word.clone());
    }
    ctxt.error(&item.name, format!("write `on_delete = …` with one of {}", symbol::ON_DELETES.join(", ")));
    None
}

/// The fields that are named have to fit the kind of relation.
fn has_its_keys(ctxt: &Ctxt, attribute: &syn::Attribute, relation: &Relation) -> bool {
    let message = match (&relation.through, relation.keys.as_slice()) {
        (Some(_), [Key { own: None, other: Some(_) }, Key { own: None, other: Some(_) }]) if relation.many => {
            return true;
        }
        (Some(_), _) => {
            "many to many: `ToMany<Tag>` with #[relation(through = TaskTag, TaskTag::task_id, TaskTag::tag_id)], the field for the \
             own id first"
        }
        (None, []) => {
            "say which fields are equal in related rows: #[relation(own_field)], or #[relation(Other::field)]"
        }
        (None, keys) if !relation.many && keys.iter().any(|key| key.own.is_none()) => {
            "a `ToOne` names the own field that holds the other's id: #[relation(project_id)]"
        }
        (None, keys) if relation.many && keys.iter().any(|key| key.other.is_none()) => {
            "a `ToMany` names the field of the other entity that holds the own id: #[relation(Comment::task_id)]"
        }
        (None, keys) if keys.len() > 1 && keys.iter().any(|key| key.own.is_none() || key.other.is_none()) => {
            "several fields are named in pairs: #[relation(area = Area::area, number = Area::number)]"
        }
        (None, _) => return true,
    };
    ctxt.error(attribute, message);
    false
}
