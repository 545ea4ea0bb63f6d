//! Backend methods with options: prefixes, limits, and what they say at the fields of their record.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use isoform::prelude::*;

pub fn all() -> Entities {
    entities![Job, Crew]
}

/// Who does jobs.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "crews", allow(crud = true))]
pub struct Crew {
    #[field(id)]
    pub id: String,
    pub name: String,
}

/// Something to be done. Whoever signed in writes it, and its rules on methods ask for the owner.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "jobs", allow(crud = authenticated), order_by(title))]
pub struct Job {
    #[field(id)]
    pub id: Uuid,
    #[field(len(min = 3, max = 100))]
    pub title: String,
    pub owner: String,
    pub runs: i32,
    #[field(api_read = false, allow_update = false)]
    pub secret: Option<String>,
    pub crew_id: Option<String>,
    #[relation(crew_id, on_delete = set_null)]
    pub crew: ToOne<Crew>,
    #[field(version)]
    pub version: i64,
}

fn owner(user: &Identity, job: &Record<Job>) -> bool {
    job.owner == user.id
}

#[backend]
impl Record<Job> {
    /// Runs it: for its owner, before and after what came along.
    #[allowed(owner)]
    pub async fn run(&mut self) -> Result<i32> {
        self.runs += 1;
        self.save().await?;
        Ok(self.runs)
    }

    /// The key of its crew as it came along, and whom that leads to.
    #[allowed(owner)]
    pub async fn crew_of(&mut self) -> Result<(Option<String>, Option<String>)> {
        let crew = self.crew().await?.map(|crew| crew.name.clone());
        Ok((self.crew_id.clone(), crew))
    }

    /// Leaves it in one of the states that a record can be in.
    #[allowed(owner)]
    pub async fn leave(&mut self, state: String) -> Result<()> {
        match state.as_str() {
            "saved" => self.save().await,
            "changed" => {
                self.runs = 77;
                Ok(())
            }
            "saved and changed" => {
                self.save().await?;
                self.runs = 77;
                Ok(())
            }
            "undone" => {
                self.undo();
                Ok(())
            }
            "deleted" => self.delete().await,
            "wrong" => {
                self.set_error(|j| j.title, "is dull");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Finds fault with it, and then answers an error, with one at a field too.
    #[allowed(owner)]
    pub async fn find_fault(&mut self) -> Result<()> {
        self.runs = 5;
        self.save().await?;
        self.set_error(|j| j.title, "is dull");
        self.set_error(|j| j.runs, "are too many");
        self.set_error(|j| j.secret, "is a secret");
        let at_a_field = vec![("runs".to_owned(), "are five".to_owned())];
        Err(Error::invalid("There is something wrong with it.").with_code("faults").with_fields(at_a_field))
    }

    /// Saves it, and then takes its time.
    #[allowed(owner, time_limit = 0.3)]
    pub async fn dawdle(&mut self, milliseconds: u64) -> Result<()> {
        self.runs = 50;
        self.save().await?;
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Ok(())
    }

    /// Saves it, and then fails: without a transaction that stays.
    #[allowed(owner, transaction = false)]
    pub async fn save_and_fail(&mut self) -> Result<()> {
        self.runs = 60;
        self.save().await?;
        Err(Error::invalid("too late"))
    }

    /// Under a prefix of its own.
    #[allowed(owner, prefix = "jobs-done")]
    pub async fn finish(&mut self) -> Result<String> {
        Ok(format!("{} is done", self.title))
    }
}

/// How many run at once, and how many did at most, by a name.
static LINGERING: LazyLock<Mutex<HashMap<String, (u32, u32)>>> = LazyLock::new(Mutex::default);

#[backend(prefix = "job-reports", time_limit = 20)]
impl Job {
    /// How many there are.
    #[allowed(authenticated, on_purpose)]
    pub async fn count_all() -> Result<u64> {
        repo::<Job>().count().await
    }

    /// Twice an hour.
    #[allowed(true, on_purpose, rate_limit(2 per hour))]
    pub async fn ping() -> Result<()> {
        Ok(())
    }

    /// Adds one, where the server's own path is.
    #[allowed(authenticated, prefix = "jobs")]
    pub async fn add(title: String) -> Result<Uuid> {
        Ok(repo::<Job>().insert(Job { title, ..Job::blank() }).await?.id)
    }

    /// Adds one, outside of a transaction, and takes its time.
    #[allowed(authenticated, transaction = false)]
    pub async fn add_slowly(title: String, milliseconds: u64) -> Result<Uuid> {
        let id = repo::<Job>().insert(Job { title, ..Job::blank() }).await?.id;
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Ok(id)
    }

    /// Stays for a while; answers how many have stayed at once so far.
    #[allowed(true, on_purpose)]
    pub async fn linger(name: String, milliseconds: u64) -> Result<u32> {
        let most = |change: fn(u32) -> u32| {
            let mut lingering = LINGERING.lock().unwrap();
            let (now, most) = lingering.entry(name.clone()).or_default();
            *now = change(*now);
            *most = (*most).max(*now);
            *most
        };
        most(|now| now + 1);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Ok(most(|now| now - 1))
    }

    /// A long answer.
    #[allowed(authenticated)]
    pub async fn recite(title: String, length: usize) -> Result<String> {
        repo::<Job>().insert(Job { title, ..Job::blank() }).await?;
        Ok("x".repeat(length))
    }
}
