//! The names that users write in attributes, each of them once.

/// `#[entity(…)]`
pub const ENTITY: &str = "entity";
/// `#[controller(…)]`
pub const CONTROLLER: &str = "controller";
/// `#[field(…)]`
pub const FIELD: &str = "field";
/// `#[relation(…)]`
pub const RELATION: &str = "relation";
/// `#[field_enum(…)]`
pub const FIELD_ENUM: &str = "field_enum";
/// `#[allowed(…)]`
pub const ALLOWED: &str = "allowed";

pub const ALLOW: &str = "allow";
pub const ALLOW_UPDATE: &str = "allow_update";
pub const API_FILTER: &str = "api_filter";
pub const API_READ: &str = "api_read";
pub const ARGUMENTS: &str = "arguments";
pub const AUTO_INCREMENT: &str = "auto_increment";
pub const AUTHENTICATED: &str = "authenticated";
pub const COLUMN: &str = "column";
pub const COLUMN_TYPE: &str = "column_type";
pub const CREATED_AT: &str = "created_at";
pub const CRUD: &str = "crud";
pub const DB_READ_ONLY: &str = "db_read_only";
pub const DEFAULT: &str = "default";
pub const DELETE: &str = "delete";
pub const DISPLAY: &str = "display";
pub const EXISTS: &str = "exists";
pub const EMAIL: &str = "email";
pub const EMBED: &str = "embed";
pub const FILTER: &str = "filter";
pub const HELP: &str = "help";
pub const HOOKS: &str = "hooks";
pub const ID: &str = "id";
pub const INDEX: &str = "index";
pub const INPUT: &str = "input";
pub const INCLUDE: &str = "include";
pub const INSERT: &str = "insert";
pub const KEY: &str = "key";
pub const LABEL: &str = "label";
pub const LEN: &str = "len";
pub const MAKE: &str = "make";
pub const MAX: &str = "max";
pub const MESSAGE: &str = "message";
pub const MIN: &str = "min";
pub const NOT_NULL: &str = "not_null";
pub const ON_DELETE: &str = "on_delete";
pub const ONE_OF: &str = "one_of";
pub const ORDER_BY: &str = "order_by";
pub const ON_PURPOSE: &str = "on_purpose";
pub const PATTERN: &str = "pattern";
pub const PLACEHOLDER: &str = "placeholder";
pub const PREFIX: &str = "prefix";
pub const RANGE: &str = "range";
pub const RATE_LIMIT: &str = "rate_limit";
pub const RELATED: &str = "related";
pub const READ: &str = "read";
pub const REQUIRED: &str = "required";
pub const SAVING: &str = "saving";
pub const SERVER_EXPRESSION: &str = "server_expression";
pub const SQL: &str = "sql";
pub const SQL_EXPRESSION: &str = "sql_expression";
pub const TABLE: &str = "table";
pub const THROUGH: &str = "through";
pub const TIME_LIMIT: &str = "time_limit";
pub const TRANSACTION: &str = "transaction";
pub const UNIQUE: &str = "unique";
pub const UPDATE: &str = "update";
pub const UPDATED_AT: &str = "updated_at";
pub const URL: &str = "url";
pub const VALIDATE: &str = "validate";
pub const VALIDATE_ASYNC: &str = "validate_async";
pub const VALUE: &str = "value";
pub const VERSION: &str = "version";
pub const VIEW: &str = "view";

pub const API_PREPROCESS_FILTER: &str = "api_preprocess_filter";
pub const API_REQUIRE_ID: &str = "api_require_id";
pub const BACKEND_FILTER: &str = "backend_filter";
pub const BACKEND_PREPROCESS_FILTER: &str = "backend_preprocess_filter";

/// What `#[entity(…)]` knows.
pub const IN_ENTITY: &[&str] = &[
    KEY,
    TABLE,
    LABEL,
    ALLOW,
    API_FILTER,
    API_PREPROCESS_FILTER,
    API_REQUIRE_ID,
    BACKEND_FILTER,
    BACKEND_PREPROCESS_FILTER,
    ORDER_BY,
    INDEX,
    HOOKS,
    VIEW,
    SQL,
    ARGUMENTS,
];
/// What `#[controller(…)]` knows.
pub const IN_CONTROLLER: &[&str] = &[KEY, LABEL, HOOKS];
/// What `#[field(…)]` knows.
pub const IN_FIELD: &[&str] = &[
    ID,
    REQUIRED,
    LEN,
    RANGE,
    EMAIL,
    URL,
    PATTERN,
    ONE_OF,
    VALIDATE,
    UNIQUE,
    INDEX,
    DEFAULT,
    LABEL,
    COLUMN,
    CREATED_AT,
    UPDATED_AT,
    VERSION,
    API_READ,
    ALLOW_UPDATE,
    SAVING,
    INPUT,
    PLACEHOLDER,
    HELP,
    AUTO_INCREMENT,
    MAKE,
    COLUMN_TYPE,
    DB_READ_ONLY,
    SQL_EXPRESSION,
    SERVER_EXPRESSION,
    DISPLAY,
    RELATED,
    EMBED,
    NOT_NULL,
    VALIDATE_ASYNC,
];
/// What `#[allowed(…)]` knows behind its rule.
pub const IN_ALLOWED: &[&str] = &[TRANSACTION, PREFIX, TIME_LIMIT, RATE_LIMIT, ON_PURPOSE];
/// What `allow(…)` knows.
pub const IN_ALLOW: &[&str] = &[CRUD, READ, INSERT, UPDATE, DELETE];
/// What `#[field_enum(…)]` knows.
pub const IN_FIELD_ENUM: &[&str] = &[VALUE, LABEL];
/// What `len(…)` and `range(…)` know.
pub const IN_LIMITS: &[&str] = &[MIN, MAX, MESSAGE];
/// What `#[hooks]` knows: the hook that runs everywhere, and those that run on the server only.
pub const HOOK_EVERYWHERE: &str = "validation";
/// The hooks that run on the server only.
pub const HOOKS_ON_SERVER: &[&str] = &["saving", "saving_many", "saved", "deleting", "deleted"];
/// What `#[relation(…)]` knows beside its keys.
pub const IN_RELATION: &[&str] = &[THROUGH, FILTER, INCLUDE, ON_DELETE, API_READ, LABEL, EXISTS];
/// What `on_delete = …` knows.
pub const ON_DELETES: &[&str] = &["restrict", "cascade", "set_null", "unwatched"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The names behind `before`, up to `end`.
    fn names<'a>(text: &'a str, begin: &str, end: &str, before: &str) -> BTreeSet<&'a str> {
        let rest = text.split_once(begin).map_or("", |(_, rest)| rest);
        let part = rest.split_once(end).map_or("", |(part, _)| part);
        let name = |piece: &'a str| {
            let end = piece.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(piece.len());
            &piece[..end]
        };
        part.split(before).skip(1).map(name).filter(|name| !name.is_empty()).collect()
    }

    #[test]
    fn what_is_read_of_a_field_is_what_its_errors_list() {
        let read = names(include_str!("entity/attr.rs"), "fn field_item(", "symbol::IN_FIELD", "symbol::");
        let listed = names(include_str!("symbol.rs"), "pub const IN_FIELD", "];", "\n    ");
        assert_eq!(read, listed);
        assert!(read.len() > 30);
    }
}
