//! What the attributes of an entity say.

use proc_macro2::Span;
use syn::{Expr, GenericArgument, Ident, LitStr, Path, PathArguments, Type, Visibility};

use super::origin::Origin;
use super::source::Sources;
use crate::rule::Rule;

/// As many fields as an id may have: `IntoId` knows tuples of so many.
pub const MAX_IDS: usize = 4;

/// An entity.
pub struct Entity {
    pub ident: Ident,
    pub vis: Visibility,
    pub key: String,
    pub table: String,
    pub label: String,
    pub allow: Allow,
    pub api_filter: Option<Path>,
    pub prefilters: super::prefilters::Prefilters,
    pub order_by: Vec<Order>,
    /// The indexes over several fields.
    pub indexes: Vec<Vec<Order>>,
    /// Where it says `hooks`.
    pub hooks: Option<Span>,
    pub fields: Vec<Field>,
    pub relations: Vec<Relation>,
    /// Fields of the struct that are several of these.
    pub embedded: Vec<super::embed::Embedded>,
    /// The fields of relations that could not be understood.
    pub unfit: Vec<Ident>,
    /// Where the table was written, for errors.
    pub table_token: Option<LitStr>,
    /// What rows are read from, where that is no table of its own.
    pub sources: Sources,
    /// Is it a controller: fields without rows?
    pub controller: bool,
}

impl Entity {
    /// The positions of the fields that hold a role.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = (usize, &Field)> {
        self.fields.iter().enumerate().filter(move |(_, field)| field.roles.iter().any(|(_, own)| *own == role))
    }

    /// The fields that are the id; where none says so the first one stands for it, so that nothing but that is reported.
    pub fn ids(&self) -> impl Iterator<Item = (usize, &Field)> {
        let said = self.with_role(Role::Id).count();
        let stands_in = self.fields.first().filter(|_| said == 0 && !self.controller).map(|field| (0, field));
        self.with_role(Role::Id).take(MAX_IDS).chain(stands_in)
    }

    /// The position of a field by its name in Rust.
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

/// Who may do what.
pub struct Allow {
    pub read: Rule,
    pub insert: Rule,
    pub update: Rule,
    pub delete: Rule,
}

/// One field of the order of a query that names none, or of an index.
pub struct Order {
    pub field: Ident,
    pub descending: bool,
}

/// A field.
pub struct Field {
    pub ident: Ident,
    /// The name in Rust, without `r#`.
    pub name: String,
    pub wire: String,
    pub column: String,
    pub column_token: Option<LitStr>,
    pub label: String,
    pub vis: Visibility,
    pub ty: Type,
    pub kind: Kind,
    pub optional: bool,
    /// What the framework does with it on its own: at most one, or it is an error.
    pub roles: Vec<(Ident, Role)>,
    pub validators: Vec<Validator>,
    pub unique: Option<Ident>,
    pub unique_validator: Option<Validator>,
    pub index: Option<Ident>,
    pub default: Option<(Ident, Expr)>,
    pub api_read: Option<(Ident, Rule)>,
    pub allow_update: Option<(Ident, Rule)>,
    pub saving: Option<(Ident, Path)>,
    pub input: Option<LitStr>,
    pub placeholder: Option<LitStr>,
    pub help: Option<LitStr>,
    /// Where its value comes from: at most one, or it is an error.
    pub origins: Vec<(Ident, Origin)>,
    pub auto_increment: Option<Ident>,
    pub make: Option<(Ident, Path)>,
    pub column_type: Option<(Ident, LitStr)>,
    pub display: Option<(Ident, Path)>,
    /// The embedded struct that it is in.
    pub within: Option<Ident>,
    /// Does the server alone fill it in?
    pub kept: bool,
}

/// A relation: a field that is no column.
pub struct Relation {
    pub ident: Ident,
    /// The name in Rust, without `r#`.
    pub name: String,
    pub wire: String,
    pub label: String,
    pub vis: Visibility,
    /// The entity at the other end: the `E` of `ToOne<E>`.
    pub target: Type,
    pub many: bool,
    pub keys: Vec<Key>,
    /// The entity in between.
    pub through: Option<Path>,
    pub filter: Option<Path>,
    pub include: bool,
    pub api_read: Option<Rule>,
    pub on_delete: Option<Ident>,
    /// There must be a row at its other end, which a message may say.
    pub exists: Option<Validator>,
}

/// A pair of fields that are equal in related rows. What is left out is the id.
pub struct Key {
    /// The entity's own field.
    pub own: Option<Ident>,
    /// The field of the other entity, or of the one in between: `Comment::task_id`.
    pub other: Option<Path>,
}

impl Field {
    pub fn role(&self) -> Option<Role> {
        self.roles.first().map(|(_, role)| *role)
    }

    /// The type, without the `Option` or the `Lazy` around it.
    pub fn inner_type(&self) -> &Type {
        option_of(&self.ty).or_else(|| lazy_of(&self.ty)).unwrap_or(&self.ty)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Id,
    CreatedAt,
    UpdatedAt,
    Version,
}

/// Something that must hold of a field's value.
pub struct Validator {
    pub name: Ident,
    pub check: Check,
    pub message: Option<LitStr>,
}

pub enum Check {
    Required,
    Len {
        min: Option<Expr>,
        max: Option<Expr>,
    },
    Range {
        min: Option<Expr>,
        max: Option<Expr>,
    },
    Email,
    Url,
    Pattern(LitStr),
    OneOf(Vec<Expr>),
    Custom(Path),
    NotNull,
    /// No other row has the value.
    Unique,
    /// There is a row at the other end of the relation at a position.
    Exists(usize),
    /// An async function of the value and the record.
    CustomAsync(Path),
}

/// A field's type as far as its tokens tell: a macro sees no types. `Option` is taken off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Bool,
    Int32,
    Int64,
    Float,
    Decimal,
    /// `DateTime<Utc>`
    Time,
    Json,
    /// A list, or bytes.
    Vec,
    Relation,
    /// An enum, a UUID, a day, a type of one's own; or a type that cannot be stored, which the compiler says.
    Other,
}

impl Kind {
    pub fn of(ty: &Type) -> Self {
        let inner = option_of(ty).unwrap_or(ty);
        let inner = lazy_of(inner).unwrap_or(inner);
        let Some((name, arguments)) = last_segment(inner) else { return Self::Other };
        match name.as_str() {
            "String" => Self::Text,
            "bool" => Self::Bool,
            "i32" => Self::Int32,
            "i64" => Self::Int64,
            "f64" => Self::Float,
            "Decimal" => Self::Decimal,
            "Json" => Self::Json,
            "Vec" => Self::Vec,
            "ToOne" | "ToMany" => Self::Relation,
            "DateTime" if argument(arguments).and_then(last_segment).is_some_and(|(name, _)| name == "Utc") => {
                Self::Time
            }
            _ => Self::Other,
        }
    }
}

/// The `T` of `Option<T>`.
pub fn option_of(ty: &Type) -> Option<&Type> {
    let (name, arguments) = last_segment(ty)?;
    (name == "Option").then(|| argument(arguments)).flatten()
}

/// The `T` of `Lazy<T>`.
pub fn lazy_of(ty: &Type) -> Option<&Type> {
    let (name, arguments) = last_segment(ty)?;
    (name == "Lazy").then(|| argument(arguments)).flatten()
}

/// The name and the `T` of `Name<T>`.
pub fn argument_of(ty: &Type) -> Option<(String, &Type)> {
    let (name, arguments) = last_segment(ty)?;
    Some((name, argument(arguments)?))
}

fn last_segment(ty: &Type) -> Option<(String, &PathArguments)> {
    match ty {
        Type::Path(path) if path.qself.is_none() => {
            path.path.segments.last().map(|last| (last.ident.to_string(), &last.arguments))
        }
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

fn argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(list) = arguments else { return None };
    match (list.args.len(), list.args.first()) {
        (1, Some(GenericArgument::Type(ty))) => Some(ty),
        _ => None,
    }
}
