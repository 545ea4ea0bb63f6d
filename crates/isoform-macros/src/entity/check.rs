//! What must hold across attributes: each rule is a function.

use syn::{Expr, Lit, LitStr, UnOp};

use super::model::{Check, Entity, Field, Kind, MAX_IDS, Role, Validator};
use super::{origin, source};
use crate::ctxt::Ctxt;
use crate::{names, pattern};

/// As many as a `FieldMask` holds.
const MAX_FIELDS: usize = 128;

/// The longest name that every database takes.
const MAX_NAME: usize = 63;

/// The types of `<input>` in which a value is edited, and `textarea`.
const INPUTS: &[&str] = &[
    "text",
    "textarea",
    "email",
    "url",
    "tel",
    "password",
    "search",
    "number",
    "range",
    "date",
    "datetime-local",
    "time",
    "month",
    "week",
    "color",
    "checkbox",
    "hidden",
];

/// Checks everything; answers whether there is enough of an entity to expand.
///
/// A validator that is wrong is left out, so that nothing else is said about it.
pub fn entity(ctxt: &Ctxt, entity: &mut Entity) -> bool {
    has_an_id(ctxt, entity);
    one_version(ctxt, entity);
    not_too_many_fields(ctxt, entity);
    table_is_a_name(ctxt, entity);
    distinct_names(ctxt, entity);
    order_names_fields(ctxt, entity);
    entity.fields.iter().for_each(|field| origin::check(ctxt, entity, field));
    for field in &mut entity.fields {
        name_is_snake_case(ctxt, field);
        one_role(ctxt, field);
        lazy_is_plain(ctxt, field);
        id_can_be_one(ctxt, field);
        stamps_have_their_type(ctxt, field);
        stamps_are_kept_by_the_framework(ctxt, field);
        column_is_a_name(ctxt, field);
        input_is_known(ctxt, field);
        index_is_of_use(ctxt, field);
        validators_fit(ctxt, field);
    }
    source::check(ctxt, entity);
    relations_join_fields(ctxt, entity);
    relations_name_ids(ctxt, entity);
    !entity.fields.is_empty()
}

/// As [`entity`], of a controller.
pub fn controller(ctxt: &Ctxt, controller: &mut Entity) -> bool {
    not_too_many_fields(ctxt, controller);
    distinct_names(ctxt, controller);
    super::controller::check(ctxt, controller);
    for field in &mut controller.fields {
        name_is_snake_case(ctxt, field);
        input_is_known(ctxt, field);
        validators_fit(ctxt, field);
    }
    !controller.fields.is_empty()
}

/// Keeps the validators that make sense for a field.
fn validators_fit(ctxt: &Ctxt, field: &mut Field) {
    let (kind, optional) = (field.kind, field.optional);
    field.validators.retain(|validator| {
        validator_fits_the_type(ctxt, kind, validator)
            && null_is_possible(ctxt, optional, validator)
            && limits_are_right(ctxt, kind, validator)
            && pattern_is_right(ctxt, validator)
    });
}

fn has_an_id(ctxt: &Ctxt, entity: &Entity) {
    let mut ids = entity.with_role(Role::Id);
    let Some((_, first)) = ids.next() else {
        let message = match entity.field("id") {
            Some(_) => format!("`{}` has no id: write #[field(id)] above `id`", entity.ident),
            None => format!("`{}` has no id: add a field such as `#[field(id)] pub id: Uuid`", entity.ident),
        };
        return ctxt.error(&entity.ident, message);
    };
    for (position, (_, field)) in ids.enumerate() {
        if position + 1 >= MAX_IDS {
            at_role(ctxt, field, Role::Id, &format!("an id has at most {MAX_IDS} fields"));
        }
        if let Some(token) = [first, field].into_iter().find_map(|field| field.auto_increment.as_ref()) {
            ctxt.error(
                token,
                format!(
                    "the database counts up an id of one field: `{}` and `{}` are both `id` here",
                    first.name, field.name
                ),
            );
        }
    }
}

fn one_version(ctxt: &Ctxt, entity: &Entity) {
    let mut versions = entity.with_role(Role::Version);
    if let Some((_, first)) = versions.next() {
        for (_, field) in versions {
            at_role(
                ctxt,
                field,
                Role::Version,
                &format!("`{}` is the version already: an entity has at most one", first.name),
            );
        }
    }
}

fn at_role(ctxt: &Ctxt, field: &Field, role: Role, message: &str) {
    for (token, _) in field.roles.iter().filter(|(_, own)| *own == role) {
        ctxt.error(token, message);
    }
}

fn not_too_many_fields(ctxt: &Ctxt, entity: &Entity) {
    if let Some(field) = entity.fields.get(MAX_FIELDS) {
        ctxt.error(
            &field.ident,
            format!("an entity has at most {MAX_FIELDS} fields: put what belongs together into a `Json<…>`"),
        );
    }
}

fn table_is_a_name(ctxt: &Ctxt, entity: &Entity) {
    if let Some(token) = &entity.table_token {
        is_a_name(ctxt, token);
    }
}

fn column_is_a_name(ctxt: &Ctxt, field: &Field) {
    if let Some(token) = &field.column_token {
        is_a_name(ctxt, token);
    }
}

pub(super) fn is_a_name(ctxt: &Ctxt, token: &LitStr) {
    let name = token.value();
    if name.is_empty()
        || name.len() > MAX_NAME
        || name.chars().any(|c| c.is_control() || matches!(c, '"' | '`' | '\'' | '[' | ']'))
    {
        ctxt.error(token, format!("not a name that every database takes: 1 to {MAX_NAME} bytes, without quotes"));
    }
}

fn distinct_names(ctxt: &Ctxt, entity: &Entity) {
    for (index, field) in entity.fields.iter().enumerate() {
        for other in entity.fields.iter().take(index) {
            // Databases compare the names of columns without case.
            if field.column.eq_ignore_ascii_case(&other.column) {
                let message = format!("`{}` is stored in the column \"{}\" already", other.name, other.column);
                match &field.column_token {
                    Some(token) => ctxt.error(token, message),
                    None => ctxt.error(&field.ident, message),
                }
            }
            if field.wire == other.wire {
                let message = format!(
                    "`{}` and `{}` are both `{}` on the wire: rename one of them",
                    other.name, field.name, field.wire
                );
                ctxt.error(&field.ident, message);
            }
        }
    }
}

fn order_names_fields(ctxt: &Ctxt, entity: &Entity) {
    let known: Vec<_> = entity.fields.iter().map(|field| field.name.as_str()).collect();
    for list in std::iter::once(&entity.order_by).chain(&entity.indexes) {
        for (index, order) in list.iter().enumerate() {
            let name = syn::ext::IdentExt::unraw(&order.field).to_string();
            if entity.field(&name).is_none() {
                ctxt.error(
                    &order.field,
                    format!("`{}` has no field `{name}`; {}", entity.ident, names::known(&name, &known)),
                );
            } else if list.iter().take(index).any(|other| other.field == order.field) {
                ctxt.error(&order.field, format!("`{name}` is there twice: leave one of them out"));
            }
        }
    }
}

/// A key that is left out is the id, which has to be one field then.
fn relations_name_ids(ctxt: &Ctxt, entity: &mut Entity) {
    let ids: Vec<_> = entity.ids().map(|(_, field)| field.name.clone()).collect();
    let [first, second, ..] = ids.as_slice() else { return };
    let ident = &entity.ident;
    let unfit = &mut entity.unfit;
    entity.relations.retain(|relation| {
        let left_out = relation.keys.iter().find(|key| key.own.is_none()).and_then(|key| key.other.as_ref());
        let Some(path) = left_out else { return true };
        let other = path.segments.first().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let message = if relation.through.is_some() {
            format!("many to many joins ids of one field, and `{ident}` has several")
        } else {
            format!("the id of `{ident}` has several fields: name the pairs, #[relation({first} = {other}::…, {second} = {other}::…)]")
        };
        ctxt.error(path, message);
        unfit.push(relation.ident.clone());
        false
    });
}

fn relations_join_fields(ctxt: &Ctxt, entity: &mut Entity) {
    let names: Vec<_> = entity.fields.iter().map(|field| field.name.clone()).collect();
    let known: Vec<_> = names.iter().map(String::as_str).collect();
    let computed: Vec<_> =
        entity.fields.iter().filter(|field| origin::is_computed(field)).map(|field| field.name.clone()).collect();
    entity.relations.retain(|relation| {
        let unknown = relation.keys.iter().filter_map(|key| key.own.as_ref()).find(|own| {
            let own = syn::ext::IdentExt::unraw(*own).to_string();
            !names.contains(&own)
        });
        if let Some(own) = unknown {
            let name = syn::ext::IdentExt::unraw(own).to_string();
            ctxt.error(own, format!("`{}` has no field `{name}`; {}", entity.ident, names::known(&name, &known)));
            entity.unfit.push(relation.ident.clone());
        }
        let computed = |own: &&syn::Ident| computed.contains(&syn::ext::IdentExt::unraw(*own).to_string());
        for own in relation.keys.iter().filter_map(|key| key.own.as_ref()).filter(computed) {
            ctxt.error(
                own,
                format!("`{own}` has no column: the server computes it, so that nothing can be related by it"),
            );
        }
        unknown.is_none()
    });
}

fn index_is_of_use(ctxt: &Ctxt, field: &Field) {
    let Some(token) = &field.index else { return };
    if field.kind == Kind::Json {
        ctxt.error(token, "nothing is asked of a field of JSON that an index could answer");
    } else if field.role() == Some(Role::Id) {
        ctxt.error(token, "the id has an index already");
    }
}

fn name_is_snake_case(ctxt: &Ctxt, field: &Field) {
    let right = field.name.starts_with(|c: char| c.is_ascii_lowercase())
        && field.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !right {
        ctxt.error(
            &field.ident,
            "the name of a field is snake_case: a lower-case letter, then lower-case letters, digits and `_`",
        );
    }
}

fn one_role(ctxt: &Ctxt, field: &Field) {
    if let [(first, _), rest @ ..] = field.roles.as_slice() {
        for (token, _) in rest {
            ctxt.error(token, format!("the field is `{first}` already: it cannot be `{token}` too"));
        }
    }
}

fn lazy_is_plain(ctxt: &Ctxt, field: &Field) {
    let (option, lazy) = (super::model::option_of, super::model::lazy_of);
    if option(&field.ty).and_then(lazy).or_else(|| lazy(&field.ty).and_then(option)).is_some() {
        return ctxt.error(&field.ty, "a lazy field is never null: write `Lazy<T>` without the `Option`");
    }
    if super::model::lazy_of(&field.ty).is_none() {
        return;
    }
    for token in field.roles.iter().map(|(token, _)| token).chain(field.origins.iter().map(|(token, _)| token)) {
        ctxt.error(token, format!("`{token}` comes with every row: its field cannot be `Lazy`"));
    }
}

fn id_can_be_one(ctxt: &Ctxt, field: &Field) {
    if field.role() != Some(Role::Id) {
        return;
    }
    if field.optional || matches!(field.kind, Kind::Json | Kind::Vec | Kind::Bool | Kind::Float | Kind::Decimal) {
        ctxt.error(&field.ty, "an id is a Uuid, a String or a whole number, and never null");
    }
    if let Some((token, _)) = &field.api_read {
        ctxt.error(token, "the id is always shown to whoever may read the record");
    }
}

fn stamps_have_their_type(ctxt: &Ctxt, field: &Field) {
    match field.role() {
        Some(Role::Version) if field.kind != Kind::Int64 || field.optional => {
            ctxt.error(&field.ty, "a version is an `i64`");
        }
        Some(Role::CreatedAt | Role::UpdatedAt) if field.kind != Kind::Time || field.optional => {
            ctxt.error(&field.ty, "this is a `DateTime<Utc>`");
        }
        _ => {}
    }
}

fn stamps_are_kept_by_the_framework(ctxt: &Ctxt, field: &Field) {
    let Some((stamp, Role::CreatedAt | Role::UpdatedAt | Role::Version)) = field.roles.first() else { return };
    let others = [
        field.unique.as_ref(),
        field.default.as_ref().map(|(token, _)| token),
        field.allow_update.as_ref().map(|(token, _)| token),
        field.saving.as_ref().map(|(token, _)| token),
    ];
    for token in field.validators.iter().map(|validator| &validator.name).chain(others.into_iter().flatten()) {
        ctxt.error(token, format!("nobody but the framework writes a `{stamp}`: leave `{token}` out"));
    }
}

fn input_is_known(ctxt: &Ctxt, field: &Field) {
    if let Some(input) = &field.input
        && !INPUTS.contains(&input.value().as_str())
    {
        ctxt.error(input, format!("not a type of input for a value; {}", names::known(&input.value(), INPUTS)));
    }
}

fn validator_fits_the_type(ctxt: &Ctxt, kind: Kind, validator: &Validator) -> bool {
    let number = matches!(kind, Kind::Int32 | Kind::Int64 | Kind::Float | Kind::Decimal);
    let name = &validator.name;
    match validator.check {
        Check::Len { .. } | Check::Email | Check::Url | Check::Pattern(_) | Check::OneOf(_) if kind != Kind::Text => {
            let instead =
                if number && matches!(validator.check, Check::Len { .. }) { ": a number has a `range`" } else { "" };
            ctxt.error(name, format!("`{name}` is for texts, `String` or `Option<String>`{instead}"));
            false
        }
        Check::Range { .. } if !number => {
            let instead = if kind == Kind::Text { ": a text has a `len`" } else { "" };
            ctxt.error(
                name,
                format!("`{name}` is for numbers, `i32`, `i64`, `f64`, `Decimal` or `Option` of them{instead}"),
            );
            false
        }
        // Texts and numbers that fit, and what any type can have.
        Check::Len { .. }
        | Check::Range { .. }
        | Check::Email
        | Check::Url
        | Check::Pattern(_)
        | Check::OneOf(_)
        | Check::Required
        | Check::NotNull
        | Check::Unique
        | Check::Exists(_)
        | Check::Custom(_)
        | Check::CustomAsync(_) => true,
    }
}

fn null_is_possible(ctxt: &Ctxt, optional: bool, validator: &Validator) -> bool {
    let wrong = matches!(validator.check, Check::NotNull) && !optional;
    if wrong {
        ctxt.error(
            &validator.name,
            "only an `Option<…>` can be null: leave `not_null` out, or write `required` where a text must not be blank",
        );
    }
    !wrong
}

fn limits_are_right(ctxt: &Ctxt, kind: Kind, validator: &Validator) -> bool {
    let (min, max, whole) = match &validator.check {
        Check::Len { min, max } => (min, max, true),
        Check::Range { min, max } => (min, max, !matches!(kind, Kind::Float | Kind::Decimal)),
        _ => return true,
    };
    let mut right = true;
    let mut limit = |limit: &Expr| {
        let wrong = match number(limit) {
            Ok(Some(Literal { whole: false, .. })) if whole => "a whole number is wanted here",
            Ok(Some(Literal { value, .. })) if value < 0.0 && matches!(validator.check, Check::Len { .. }) => {
                "a length is not negative"
            }
            Ok(number) => return number.map(|number| number.value),
            Err(()) => "a number is wanted here, or a constant",
        };
        ctxt.error(limit, wrong);
        right = false;
        None
    };
    let (least, greatest) = (min.as_ref().and_then(&mut limit), max.as_ref().and_then(&mut limit));
    if let (Some(least), Some(greatest), Some(max)) = (least, greatest, max)
        && least > greatest
    {
        ctxt.error(max, format!("nothing is at least {least} and at most {greatest}"));
        right = false;
    }
    right
}

pub(super) struct Literal {
    value: f64,
    pub(super) whole: bool,
}

/// The number that a literal stands for; nothing for a constant, whose value a macro does not see.
pub(super) fn number(limit: &Expr) -> Result<Option<Literal>, ()> {
    match limit {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(int) => Ok(Some(Literal { value: int.base10_parse().map_err(|_| ())?, whole: true })),
            Lit::Float(float) => Ok(Some(Literal { value: float.base10_parse().map_err(|_| ())?, whole: false })),
            _ => Err(()),
        },
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            Ok(number(&unary.expr)?.map(|number| Literal { value: -number.value, ..number }))
        }
        Expr::Path(_) => Ok(None),
        Expr::Paren(inner) => number(&inner.expr),
        Expr::Group(inner) => number(&inner.expr),
        // An expression of constants: the compiler sees to it.
        Expr::Binary(_) | Expr::Cast(_) => Ok(None),
        _ => Err(()),
    }
}

fn pattern_is_right(ctxt: &Ctxt, validator: &Validator) -> bool {
    let Check::Pattern(pattern) = &validator.check else { return true };
    let checked = pattern::check(&pattern.value());
    if let Err(message) = &checked {
        ctxt.error(pattern, message);
    }
    checked.is_ok()
}
