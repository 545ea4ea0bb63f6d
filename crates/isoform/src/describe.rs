//! What an entity is, as data: for programs that know it only at run time, such as forms, admin pages and generators.
//!
//! It says no more than the asker may know: neither hidden fields nor relations to what they may not read.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as JsonValue;

use crate::context::{Context, Source};
use crate::entity::Entity;
#[cfg(not(target_arch = "wasm32"))]
use crate::operations;
use crate::repository::Repository;
use crate::{Error, Result, json};

/// An entity as its asker may know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// The name in addresses.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// The fields that are the id, by their names on the wire.
    pub ids: Vec<String>,
    /// The field that counts the versions of a row, where the asker may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What the asker may do with rows.
    pub allowed: AllowedWrites,
    /// The fields that the asker may see or write, in the order of their declaration.
    pub fields: Vec<FieldDescription>,
    /// The relations that the asker may use.
    pub relations: Vec<RelationDescription>,
}

/// An entity in the list of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntitySummary {
    /// The name in addresses.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// What the asker may do with rows.
    pub allowed: AllowedWrites,
}

/// What somebody may do with rows of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedWrites {
    /// See them.
    pub read: Permission,
    /// Add one.
    pub insert: Permission,
    /// Change one.
    pub update: Permission,
    /// Delete one.
    pub delete: Permission,
}

/// What somebody may do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedField {
    /// See it.
    pub read: Permission,
    /// Give it in a new row.
    pub insert: Permission,
    /// Change it.
    pub update: Permission,
}

/// May somebody do something? On the wire `true`, `false`, or `"byRecord"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Of no row.
    No,
    /// Of every row that is within their reach.
    Yes,
    /// The record decides.
    ByRecord,
}

impl Permission {
    /// May they do it to some row at least?
    #[must_use]
    pub const fn is_possible(self) -> bool {
        !matches!(self, Self::No)
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::No => serializer.serialize_bool(false),
            Self::Yes => serializer.serialize_bool(true),
            Self::ByRecord => serializer.serialize_str("byRecord"),
        }
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match JsonValue::deserialize(deserializer)? {
            JsonValue::Bool(true) => Ok(Self::Yes),
            JsonValue::Bool(false) => Ok(Self::No),
            JsonValue::String(text) if text == "byRecord" => Ok(Self::ByRecord),
            _ => Err(D::Error::custom("a permission is true, false or \"byRecord\"")),
        }
    }
}

/// A field as its asker may know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldDescription {
    /// The name on the wire.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub field_type: TypeDescription,
    /// May it be null?
    pub nullable: bool,
    /// Do no two rows have the same value?
    #[serde(default, skip_serializing_if = "is_false")]
    pub unique: bool,
    /// Is it left out of rows unless it is asked for?
    #[serde(default, skip_serializing_if = "is_false")]
    pub lazy: bool,
    /// What must hold of its value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validators: Vec<ValidatorDescription>,
    /// What the asker may do with it.
    pub allowed: AllowedField,
    /// The `type` of the HTML input, where it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The placeholder of the HTML input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
    /// A sentence of help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeDescription {
    /// `text`, `boolean`, `int32`, `int64`, `float`, `decimal`, `uuid`, `dateTime`, `date`, `time`, `duration`, `bytes`, `enum`,
    /// `json` or `list`.
    pub kind: String,
    /// The values of an enum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<ValueDescription>,
    /// What the items of a list are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<TypeDescription>>,
}

/// A value of an enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueDescription {
    /// What is stored and sent.
    pub value: String,
    /// What people read.
    pub label: String,
}

/// A validator with its parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ValidatorDescription {
    /// `required`, `len`, `range`, `email`, `url`, `pattern`, `oneOf`, `partOfId`, `notNull`, `unique`, `exists`, or `custom`, which the
    /// server alone knows.
    pub check: String,
    /// The least length or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<JsonValue>,
    /// The greatest length or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<JsonValue>,
    /// The regular expression that the whole text matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The texts that it can be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// What is said where it does not hold, where that is not the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A relation as its asker may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationDescription {
    /// The name on the wire.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Can there be several related rows?
    pub many: bool,
    /// The key of the entity at the other end.
    pub entity: String,
    /// The key of the entity in between, where many are related to many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// Which fields are equal: own ones, and those of the other entity, or of the one in between.
    pub keys: Vec<KeyDescription>,
    /// Does it always come along?
    #[serde(default, skip_serializing_if = "is_false")]
    pub included: bool,
}

/// Two fields that are equal in related rows, by their names on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyDescription {
    /// That of the entity itself.
    pub own: String,
    /// That of the other one.
    pub other: String,
}

impl<E: Entity> Repository<E> {
    /// What the entity is, as whoever asks may know it: fields with their types and validators, relations, and what they may do.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tasks", allow(crud = true))]
    /// # pub struct Task { #[field(id)] pub id: Uuid, #[field(len(max = 200))] pub title: String }
    /// # async fn example() -> Result<()> {
    /// let tasks = repo::<Task>().describe().await?;
    /// for field in tasks.fields.iter().filter(|field| field.allowed.update.is_possible()) {
    ///     println!("{}: {}", field.label, field.field_type.kind);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// 401 or 403 where they may do nothing with it.
    pub async fn describe(self) -> Result<Description> {
        let context = Context::current()?;
        match context.source() {
            Source::Remote(remote) => {
                let path = format!("{}?__action=describe", E::meta().key);
                read(remote.request("GET", &path, None).await?)
            }
            #[cfg(not(target_arch = "wasm32"))]
            Source::Local(_) => operations::describe(&context, E::meta()).await,
        }
    }
}

/// The entities that are served, as far as whoever asks may do anything with them, in the order of their keys.
///
/// # Errors
/// 503 where the server cannot be reached.
pub async fn describe_entities() -> Result<Vec<EntitySummary>> {
    let context = Context::current()?;
    match context.source() {
        Source::Remote(remote) => read(remote.request("GET", "", None).await?),
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) => operations::describe_entities(&context).await,
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: JsonValue) -> Result<T> {
    json::typed(answer)
        .map_err(|error| Error::unavailable(format!("describe: the server answered something else: {error}")))
}
