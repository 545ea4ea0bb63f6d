//! From attributes to the model. What is wrong is noted and left out.

use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Data, DeriveInput, Fields, Ident, LitStr, Token};

use super::model::{Allow, Entity, Field, Kind, Order, Role};
use super::origin::Origin;
use super::prefilters::Prefilters;
use super::source::{Source, Sources};
use super::{embed, relation, validators};
use crate::ctxt::Ctxt;
use crate::items::{self, Given, Item};
use crate::rule::{Rule, without_self};
use crate::{names, symbol};

/// The entity that a struct describes; nothing, where it is not a struct that could be one.
pub fn entity(ctxt: &Ctxt, input: &DeriveInput) -> Option<Entity> {
    let (related, columns): (Vec<_>, Vec<_>) =
        named_fields(ctxt, input)?.iter().partition(|syntax| relation::is_one(syntax));
    let (found, items) = items::of_attributes(ctxt, &input.attrs, symbol::ENTITY);
    let mut entity = blank(ctxt, input, std::iter::empty());
    for syntax in columns {
        if embed::is_one(syntax) {
            match embed::parse(ctxt, &input.ident, syntax, &mut entity.fields) {
                Some(embedded) => entity.embedded.push(embedded),
                None => entity.unfit.extend(syntax.ident.clone()),
            }
        } else {
            entity.fields.extend(field(ctxt, &input.ident, syntax));
        }
    }
    for syntax in related {
        match relation::parse(ctxt, &input.ident, syntax) {
            Some(relation) => entity.relations.push(relation),
            None => entity.unfit.extend(syntax.ident.clone()),
        }
    }
    let (mut key, mut label) = (None, None);
    for item in &items {
        match item.name.to_string().as_str() {
            symbol::KEY => key = item.text(ctxt).or_else(|| Some(LitStr::new("", item.name.span()))),
            symbol::TABLE => entity.table_token = item.text(ctxt),
            symbol::LABEL => label = item.text(ctxt),
            symbol::ALLOW => allow(ctxt, &mut entity, item),
            symbol::API_FILTER => entity.api_filter = item.path(ctxt).map(|path| without_self(path, &input.ident)),
            symbol::API_PREPROCESS_FILTER
            | symbol::API_REQUIRE_ID
            | symbol::BACKEND_FILTER
            | symbol::BACKEND_PREPROCESS_FILTER => entity.prefilters.take(ctxt, &input.ident, item),
            symbol::ORDER_BY => entity.order_by = order_by(ctxt, item),
            symbol::INDEX => entity.indexes.push(order_by(ctxt, item)),
            symbol::VIEW => entity.sources.view(ctxt, item),
            symbol::SQL => entity.sources.sql(ctxt, &input.ident, item),
            symbol::ARGUMENTS => entity.sources.arguments(ctxt, item),
            symbol::HOOKS => entity.hooks = item.flag(ctxt).then(|| item.name.span()),
            _ => items::unknown(ctxt, item, "#[entity(…)]", symbol::IN_ENTITY),
        }
    }
    embed::settle(ctxt, &mut entity);
    match key {
        Some(key) => {
            entity.key = key.value();
            check_key(ctxt, &key);
        }
        None => missing_key(ctxt, input, found),
    }
    entity.table = entity.table_token.as_ref().map_or_else(|| entity.key.clone(), LitStr::value);
    if let Some((_, Source::View(view))) = entity.sources.named.first() {
        entity.table = view.value();
    }
    entity.label = label.map_or_else(|| names::title(&entity.key), |label| label.value());
    Some(entity)
}

/// An entity with these fields, of which nothing else is said.
pub(super) fn blank<'a>(ctxt: &Ctxt, input: &DeriveInput, fields: impl Iterator<Item = &'a syn::Field>) -> Entity {
    Entity {
        ident: input.ident.clone(),
        vis: input.vis.clone(),
        key: String::new(),
        table: String::new(),
        label: String::new(),
        allow: Allow { read: Rule::Nobody, insert: Rule::Nobody, update: Rule::Nobody, delete: Rule::Nobody },
        api_filter: None,
        prefilters: Prefilters::default(),
        order_by: Vec::new(),
        indexes: Vec::new(),
        hooks: None,
        fields: fields.filter_map(|syntax| field(ctxt, &input.ident, syntax)).collect(),
        relations: Vec::new(),
        embedded: Vec::new(),
        unfit: Vec::new(),
        table_token: None,
        sources: Sources::default(),
        controller: false,
    }
}

fn named_fields<'a>(
    ctxt: &Ctxt,
    input: &'a DeriveInput,
) -> Option<&'a syn::punctuated::Punctuated<syn::Field, Token![,]>> {
    if !input.generics.params.is_empty() {
        ctxt.error(&input.generics, "an entity is one table: it cannot be generic");
        return None;
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Some(&fields.named),
            _ => {
                ctxt.error(
                    &input.ident,
                    "an entity is a struct whose fields have names: `struct Task { id: Uuid, … }`",
                );
                None
            }
        },
        Data::Enum(_) => {
            ctxt.error(
                &input.ident,
                "an entity is a struct; an enum without fields can be a field of one: #[derive(FieldEnum)]",
            );
            None
        }
        Data::Union(_) => {
            ctxt.error(&input.ident, "an entity is a struct");
            None
        }
    }
}

fn missing_key(ctxt: &Ctxt, input: &DeriveInput, found: Option<proc_macro2::Span>) {
    let example = format!("{}s", names::snake_case(&input.ident.to_string()));
    match found {
        Some(span) => ctxt.error_at(
            span,
            format!("the entity has no key: add `key = \"{example}\"`, its name in addresses, in the plural"),
        ),
        None => ctxt.error(
            &input.ident,
            format!("write #[entity(key = \"{example}\")] above it: its name in addresses, in the plural"),
        ),
    }
}

/// The names under `/api/` that are taken.
const RESERVED_KEYS: &[&str] = &["admin", "me", "stream"];

fn check_key(ctxt: &Ctxt, key: &LitStr) {
    let text = key.value();
    let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-');
    if !starts || !rest {
        ctxt.error(
            key,
            "a key is a name in addresses: lower-case letters, digits, `-` and `_`, a letter first, such as \"tasks\"",
        );
    } else if RESERVED_KEYS.contains(&text.as_str()) {
        ctxt.error(key, format!("/api/{text} is taken: choose another key"));
    }
}

fn allow(ctxt: &Ctxt, entity: &mut Entity, item: &Item) {
    let Given::List(tokens) = &item.given else {
        return ctxt.error(
            &item.name,
            "write `allow(read = …, insert = …, update = …, delete = …)`, or `allow(crud = …)` for all four",
        );
    };
    let items = items::of_list(ctxt, tokens.clone());
    let rule = |item: &Item| item.value(ctxt).map(|value| Rule::of(ctxt, value).without_self(&entity.ident));
    if let Some(crud) = items.iter().find(|item| item.is(symbol::CRUD)).and_then(rule) {
        if let Rule::Check(path) = &crud {
            ctxt.error(
                path,
                "a function cannot stand for all four: reading is judged by the identity alone, `fn(&Identity) -> bool`, writing \
                 by the record too, `fn(&Identity, &Record<…>) -> bool`; write `read = …, insert = …, update = …, delete = …`",
            );
        } else {
            if !matches!(crud, Rule::Nobody) {
                entity
                    .sources
                    .writers
                    .extend(items.iter().find(|item| item.is(symbol::CRUD)).map(|item| item.name.clone()));
            }
            entity.allow = Allow { read: crud.clone(), insert: crud.clone(), update: crud.clone(), delete: crud };
        }
    }
    for item in &items {
        let target = match item.name.to_string().as_str() {
            symbol::READ => &mut entity.allow.read,
            symbol::INSERT => &mut entity.allow.insert,
            symbol::UPDATE => &mut entity.allow.update,
            symbol::DELETE => &mut entity.allow.delete,
            symbol::CRUD => continue,
            _ => {
                items::unknown(ctxt, item, "`allow(…)`", symbol::IN_ALLOW);
                continue;
            }
        };
        if let Some(value) = item.value(ctxt) {
            *target = Rule::of(ctxt, value).without_self(&entity.ident);
            if !item.is(symbol::READ) && !matches!(target, Rule::Nobody) {
                entity.sources.writers.push(item.name.clone());
            }
        }
    }
}

fn order_by(ctxt: &Ctxt, item: &Item) -> Vec<Order> {
    let Given::List(tokens) = &item.given else {
        ctxt.error(&item.name, format!("write `{}(created_at desc, title)`", item.name));
        return Vec::new();
    };
    let orders = (|input: ParseStream| {
        let mut orders = Vec::new();
        while !input.is_empty() {
            let field = input.call(Ident::parse_any)?;
            let mut descending = false;
            if !input.is_empty() && !input.peek(Token![,]) {
                let direction = input.call(Ident::parse_any)?;
                descending = match direction.to_string().as_str() {
                    "desc" => true,
                    "asc" => false,
                    _ => return Err(syn::Error::new(direction.span(), "a direction is `asc` or `desc`")),
                };
            }
            orders.push(Order { field, descending });
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(orders)
    })
    .parse2(tokens.clone());
    ctxt.ok(orders).unwrap_or_default()
}

pub(super) fn field(ctxt: &Ctxt, entity: &Ident, syntax: &syn::Field) -> Option<Field> {
    let ident = syntax.ident.clone()?;
    let name = ident.unraw().to_string();
    let (_, items) = items::of_attributes(ctxt, &syntax.attrs, symbol::FIELD);
    let kind = Kind::of(&syntax.ty);
    let mut field = Field {
        wire: names::camel_case(&name),
        column: name.clone(),
        column_token: None,
        label: names::sentence(&name),
        vis: syntax.vis.clone(),
        ty: syntax.ty.clone(),
        kind,
        optional: super::model::option_of(&syntax.ty).is_some(),
        roles: Vec::new(),
        validators: Vec::new(),
        unique: None,
        unique_validator: None,
        index: None,
        default: None,
        api_read: None,
        allow_update: None,
        saving: None,
        input: None,
        placeholder: None,
        help: None,
        origins: Vec::new(),
        auto_increment: None,
        make: None,
        column_type: None,
        display: None,
        within: None,
        kept: false,
        ident,
        name,
    };
    for item in &items {
        field_item(ctxt, entity, &mut field, item);
    }
    Some(field)
}

fn field_item(ctxt: &Ctxt, entity: &Ident, field: &mut Field, item: &Item) {
    let name = || item.name.clone();
    let rule = || item.value(ctxt).map(|value| (name(), Rule::of(ctxt, value).without_self(entity)));
    let role = |field: &mut Field, role| {
        if item.flag(ctxt) {
            field.roles.push((name(), role));
        }
    };
    match item.name.to_string().as_str() {
        symbol::ID => role(field, Role::Id),
        symbol::CREATED_AT => role(field, Role::CreatedAt),
        symbol::UPDATED_AT => role(field, Role::UpdatedAt),
        symbol::VERSION => role(field, Role::Version),
        symbol::UNIQUE => {
            field.unique = Some(name());
            field.unique_validator = validators::parse(ctxt, entity, item);
        }
        symbol::INDEX => field.index = item.flag(ctxt).then(name),
        symbol::DEFAULT => field.default = item.value(ctxt).map(|value| (name(), value.clone())),
        symbol::LABEL => field.label = item.text(ctxt).map_or_else(|| field.label.clone(), |label| label.value()),
        symbol::COLUMN => {
            field.column_token = item.text(ctxt);
            if let Some(column) = &field.column_token {
                field.column = column.value();
            }
        }
        symbol::API_READ => field.api_read = rule(),
        symbol::ALLOW_UPDATE => field.allow_update = rule(),
        symbol::SAVING => field.saving = item.path(ctxt).map(|path| (name(), without_self(path, entity))),
        symbol::INPUT => field.input = item.text(ctxt),
        symbol::PLACEHOLDER => field.placeholder = item.text(ctxt),
        symbol::HELP => field.help = item.text(ctxt),
        symbol::AUTO_INCREMENT => field.auto_increment = item.flag(ctxt).then(name),
        symbol::MAKE => field.make = item.path(ctxt).map(|path| (name(), without_self(path, entity))),
        symbol::DISPLAY => field.display = item.path(ctxt).map(|path| (name(), without_self(path, entity))),
        symbol::COLUMN_TYPE => field.column_type = item.text(ctxt).map(|text| (name(), text)),
        symbol::DB_READ_ONLY => field.origins.extend(item.flag(ctxt).then(|| (name(), Origin::Database))),
        symbol::SQL_EXPRESSION => field.origins.extend(item.text(ctxt).map(|text| (name(), Origin::Sql(text)))),
        symbol::RELATED => {
            field.origins.extend(item.value(ctxt).map(|value| (name(), Origin::Related(value.clone()))));
        }
        symbol::EMBED => ctxt.error(&item.name, "a controller has no rows of which something is kept: leave it out"),
        symbol::SERVER_EXPRESSION => {
            let path = item.path(ctxt).map(|path| Origin::Server(without_self(path, entity)));
            field.origins.extend(path.map(|path| (name(), path)));
        }
        symbol::REQUIRED
        | symbol::LEN
        | symbol::RANGE
        | symbol::EMAIL
        | symbol::URL
        | symbol::PATTERN
        | symbol::ONE_OF
        | symbol::NOT_NULL
        | symbol::VALIDATE_ASYNC
        | symbol::VALIDATE => field.validators.extend(validators::parse(ctxt, entity, item)),
        _ => items::unknown(ctxt, item, "#[field(…)]", symbol::IN_FIELD),
    }
}
