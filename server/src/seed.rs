//! What is in an empty database: two users, and in development a few tasks.

use shared::prelude::*;

/// The users of an empty database: name, name to show, role, and the variable that can set the password.
const USERS: [(&str, &str, Option<&str>, &str); 2] =
    [("admin", "Ada Admin", Some(ADMIN), "ADMIN_PASSWORD"), ("member", "Max Member", None, "MEMBER_PASSWORD")];

/// The tasks of an empty database: title, owner, priority, days until due, done.
const TASKS: [(&str, &str, Priority, Option<u64>, bool); 6] = [
    ("Read the README to the end", "member", Priority::Normal, None, true),
    ("Change the label of a field in shared", "member", Priority::High, Some(1), false),
    ("Add an entity of your own", "member", Priority::Normal, Some(7), false),
    ("Call a backend method from a component", "member", Priority::Low, None, false),
    ("Look at everybody's tasks as the admin", "admin", Priority::Normal, Some(2), false),
    ("Deploy to a server with a real domain", "admin", Priority::Low, Some(30), false),
];

/// How many tasks `--demo-data` adds.
const DEMO_TASKS: usize = 500;

/// Fills an empty database.
///
/// Passwords come from `ADMIN_PASSWORD` and `MEMBER_PASSWORD`. In development a password that is not given is made up and
/// printed, this once; in a release build a user without a password is not made.
pub(crate) async fn seed(demo_data: bool) -> Result<()> {
    if repo::<User>().count().await? == 0 {
        users().await?;
        if cfg!(debug_assertions) {
            tasks().await?;
        }
    }
    if demo_data && repo::<Task>().count().await? < u64::try_from(DEMO_TASKS).unwrap_or(u64::MAX) {
        many_tasks().await?;
    }
    Ok(())
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

async fn tasks() -> Result<()> {
    for (title, owner, priority, days, completed) in TASKS {
        let mut task = Record::<Task>::new();
        task.title = title.into();
        task.owner = owner.into();
        task.priority = priority;
        task.due_date = days.and_then(|days| Utc::now().date_naive().checked_add_days(chrono::Days::new(days)));
        task.completed = completed;
        task.save().await?;
    }
    Ok(())
}

async fn many_tasks() -> Result<()> {
    const VERBS: [&str; 8] = ["Write", "Check", "Send", "Plan", "Tidy", "Buy", "Call about", "Repair"];
    const THINGS: [&str; 9] = [
        "the tax return",
        "the invoice",
        "the garden shed",
        "the train tickets",
        "the letter",
        "the bicycle",
        "the report",
        "the party",
        "the old server",
    ];
    Context::current()?
        .transaction(async |_| {
            for number in 0..DEMO_TASKS {
                let verb = VERBS[number % VERBS.len()];
                let thing = THINGS[number % THINGS.len()];
                let mut task = Record::<Task>::new();
                task.title = format!("{verb} {thing}, no. {}", number + 1);
                task.owner = if number % 5 == 0 { "admin" } else { "member" }.into();
                task.priority = [Priority::Normal, Priority::High, Priority::Low][number % 3];
                let days = u64::try_from(number % 60).unwrap_or(0);
                task.due_date = (number % 4 != 0).then(|| Utc::now().date_naive() + chrono::Days::new(days));
                task.completed = number % 3 == 0;
                task.save().await?;
            }
            info!("added {DEMO_TASKS} tasks");
            Ok(())
        })
        .await
}
