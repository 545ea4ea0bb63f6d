//! Who asks.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value as JsonValue};

use crate::{Context, Error, Result, json};

/// Somebody who is signed in.
///
/// ```
/// use isoform::Identity;
/// let ann = Identity::new("7", "Ann").role("admin");
/// assert!(ann.has_role("admin"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Identity {
    /// Who it is, for programs: the key that other tables refer to.
    pub id: String,
    /// Who it is, for people.
    pub name: String,
    /// What the identity is allowed to be.
    pub roles: Vec<String>,
    /// What else the application wants to know, on both sides: `GET /api/me` answers it.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub claims: Map<String, JsonValue>,
    /// What else the application wants to know, on the server only: never sent.
    #[serde(skip)]
    pub server_claims: Map<String, JsonValue>,
}

/// Read by hand: what serde derives would be a part of every page.
impl<'de> Deserialize<'de> for Identity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut object = Map::deserialize(deserializer)?;
        let (id, name) = (json::take(&mut object, "id"), json::take(&mut object, "name"));
        let (JsonValue::String(id), JsonValue::String(name)) = (id, name) else {
            return Err(de::Error::custom("an identity has an id and a name"));
        };
        let roles = match json::take(&mut object, "roles") {
            JsonValue::Array(roles) => roles.into_iter().filter_map(|role| role.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        };
        Ok(Self { id, name, roles, claims: json::take_object(&mut object, "claims"), ..Self::default() })
    }
}

impl Identity {
    /// An identity without roles or claims.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), ..Self::default() }
    }

    /// The same identity with one more role.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// The same identity with a claim that the browser sees too.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<JsonValue>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Does the identity have this role?
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }

    /// Does the identity have one of these roles?
    #[must_use]
    pub fn has_any_role(&self, roles: &[&str]) -> bool {
        roles.iter().any(|role| self.has_role(role))
    }

    /// The identity of the current [`Context`].
    ///
    /// # Errors
    /// 401 where nobody is signed in; and where there is no context.
    pub fn current() -> Result<Self> {
        Context::current()?.identity().cloned().ok_or_else(Error::unauthenticated)
    }
}
