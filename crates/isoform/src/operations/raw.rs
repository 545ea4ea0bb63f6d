//! SQL of one's own, for trusted code.

use super::computed;
use crate::context::{Context, Scope};
use crate::sql::{Part, RowShape, Sql};
use crate::value::Row;
use crate::{Error, Result};

/// The words that begin and end transactions.
const TRANSACTIONS: [&str; 6] = ["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"];

/// Passes SQL that may run here.
fn allowed(context: &Context, sql: &Sql) -> Result<()> {
    if context.scope() == Scope::Api {
        return Err(Error::forbidden(
            "SQL of one's own runs in trusted code only: in a backend method, a hook, a custom filter or a context of scope Backend.",
        ));
    }
    let word = sql.first_word();
    if TRANSACTIONS.iter().any(|one| word.eq_ignore_ascii_case(one)) {
        return Err(Error::internal(format!("{word}: transactions are begun and ended by `Context::transaction`")));
    }
    names_columns(sql)
}

/// Passes SQL that names only columns.
///
/// # Errors
/// Where it names a field that has none.
pub(super) fn names_columns(sql: &Sql) -> Result<()> {
    for part in sql.parts() {
        if let Part::Qualified(meta, field) | Part::Name(meta, field) = part
            && !meta.field(*field).has_column()
        {
            let name = meta.field(*field).name;
            return Err(Error::internal(format!("{}.{name} is computed by the server and has no column", meta.key)));
        }
    }
    Ok(())
}

/// The rows that SQL answers.
///
/// # Errors
/// 403 in scope `Api`; where the database cannot run it, or answers other columns.
pub(crate) async fn fetch_sql(context: &Context, sql: &Sql, shape: &RowShape) -> Result<Vec<Row>> {
    allowed(context, sql)?;
    let mut rows = if sql.only_reads() || context.in_transaction() {
        context.database()?.fetch_sql(sql, shape).await?
    } else {
        // A database may hand out what it has written before it is sure that it is: the commit says.
        context.transaction(async |inside| inside.database()?.fetch_sql(sql, shape).await).await?
    };
    if let RowShape::Entity(meta) = shape {
        computed::fill_in(context, meta, meta.all_fields(), &mut rows).await?;
    }
    Ok(rows)
}

/// How many rows SQL has changed.
///
/// # Errors
/// 403 in scope `Api`; where the database cannot run it.
pub(crate) async fn execute_sql(context: &Context, sql: &Sql) -> Result<u64> {
    allowed(context, sql)?;
    context.database()?.execute_sql(sql).await
}
