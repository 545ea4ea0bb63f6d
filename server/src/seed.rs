//! What is in an empty database: two users, and in development a handful of everything; with `--demo-data` a lot.

mod demo;
mod handful;

use shared::prelude::*;

/// The users of an empty database: name, name to show, role, and the variable that can set the password.
const USERS: [(&str, &str, Option<&str>, &str); 2] =
    [("admin", "Ada Admin", Some(ADMIN), "ADMIN_PASSWORD"), ("member", "Max Member", None, "MEMBER_PASSWORD")];

/// Fills an empty database.
///
/// Passwords come from `ADMIN_PASSWORD` and `MEMBER_PASSWORD`. In development a password that is not given is made up and
/// printed, this once; in a release build a user without a password is not made.
pub(crate) async fn seed(demo_data: bool) -> Result<()> {
    if repo::<User>().count().await? == 0 {
        users().await?;
        if cfg!(debug_assertions) && !demo_data {
            Context::current()?.transaction(async |_| handful::insert().await).await?;
        }
    }
    if demo_data && !demo::is_there().await? {
        let start = std::time::Instant::now();
        let made = Context::current()?.transaction(async |_| demo::insert().await).await?;
        let (rows, each) = (made.iter().map(|(_, rows)| rows).sum::<u64>(), said(&made));
        info!("added {rows} rows of demonstration data in {:.1} s: {each}", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// "24 projects, 10 tags".
fn said(made: &[(&str, u64)]) -> String {
    made.iter().map(|(label, rows)| format!("{rows} {label}")).collect::<Vec<_>>().join(", ")
}

async fn users() -> Result<()> {
    for (name, shown, role, variable) in USERS {
        let given = std::env::var(variable).ok().filter(|password| !password.is_empty());
        let made_up = || Uuid::new_v4().simple().to_string().chars().take(12).collect::<String>();
        let Some(password) = given.clone().or_else(|| cfg!(debug_assertions).then(made_up)) else {
            warn!("no user {name}: set {variable} at the first start to make one");
            continue;
        };
        let roles = role.map(str::to_owned).into_iter().collect();
        let password_hash = isoform::password::hash(&password).await?;
        repo::<User>().insert(User { id: name.into(), name: shown.into(), roles: Json(roles), password_hash }).await?;
        if given.is_none() {
            println!("\n  First start: sign in as  {name}  with the password  {password}\n");
        }
    }
    Ok(())
}
