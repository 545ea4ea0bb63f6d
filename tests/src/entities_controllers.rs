//! Controllers: fields without rows, and what their methods write.

use isoform::prelude::*;
use serde::{Deserialize, Serialize};

use crate::entities::Color;

pub fn all() -> Entities {
    entities![Visitor, Visit, Report]
}

/// Somebody who was let in. Nobody reaches them but trusted code.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "visitors")]
pub struct Visitor {
    #[field(id)]
    pub id: Uuid,
    pub email: String,
}

/// Somebody asks to be let in.
#[derive(Controller, Clone, Debug, Default, PartialEq)]
#[controller(key = "visit", label = "A visit", hooks)]
pub struct Visit {
    #[field(required, email, label = "E-mail", placeholder = "ann@example.org", help = "Where news go")]
    pub email: String,
    #[field(len(min = 8), input = "password")]
    pub password: String,
    /// Again, as people mistype.
    #[field(input = "password")]
    pub repeated: String,
    /// An answer: nobody sets it.
    #[field(allow_update = false)]
    pub greeting: String,
    /// A note of the method to itself: nobody sees it.
    #[field(api_read = false)]
    pub score: i64,
    #[field(api_read = "admin", allow_update = "admin")]
    pub discount: i32,
    #[field(api_read = is_auditor)]
    pub audit: Option<String>,
}

fn is_auditor(user: &Identity) -> bool {
    user.has_role("auditor")
}

#[hooks]
impl Hooks for Visit {
    async fn validation(visit: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if visit.repeated != visit.password {
            e.error(|v| v.repeated, "is not the same");
        }
        Ok(())
    }
}

#[backend]
impl Record<Visit> {
    /// Lets somebody in; answers how many have been.
    #[allowed(true)]
    pub async fn enter(&mut self, title: String) -> Result<u64> {
        self.password.clear();
        self.repeated.clear();
        self.greeting = format!("Welcome, {title} {}", self.email);
        self.score += 1;
        let email = self.email.clone();
        repo::<Visitor>().insert(Visitor { email, ..Visitor::blank() }).await?;
        repo::<Visitor>().count().await
    }

    /// Lets in, and then not.
    #[allowed(true)]
    pub async fn enter_and_fail(&mut self) -> Result<()> {
        let email = self.email.clone();
        repo::<Visitor>().insert(Visitor { email, ..Visitor::blank() }).await?;
        self.greeting = "Not to be seen".into();
        Err(Error::invalid("The door is shut.").with_code("shut"))
    }

    /// As the other one, without a transaction.
    #[allowed(true, transaction = false)]
    pub async fn enter_and_fail_for_good(&mut self) -> Result<()> {
        let email = self.email.clone();
        repo::<Visitor>().insert(Visitor { email, ..Visitor::blank() }).await?;
        Err(Error::invalid("The door is shut."))
    }

    /// Says at the fields what is wrong, and lets nobody in.
    #[allowed(true)]
    pub async fn refuse(&mut self) -> Result<()> {
        self.set_error(|v| v.email, "is not on the list");
        self.set_error(|v| v.score, "is hidden, and its message too");
        Err(Error::forbidden("Nobody is let in."))
    }

    /// Says at a field what it does not like, and goes on.
    #[allowed(true)]
    pub async fn frown(&mut self) -> Result<()> {
        self.set_error(|v| v.email, "looks odd");
        self.set_error(|v| v.score, "is hidden, and its message too");
        Ok(())
    }

    /// What the method was called with.
    #[allowed(true)]
    pub async fn echo(&mut self) -> Result<(String, i64, i32, Option<String>)> {
        Ok((self.greeting.clone(), self.score, self.discount, self.audit.clone()))
    }

    /// At an address of its own, and not too often.
    #[allowed(authenticated, prefix = "doors", rate_limit(2 per hour))]
    pub async fn knock(&mut self) -> Result<()> {
        self.greeting = "Who is there?".into();
        Ok(())
    }

    /// Fills in everything.
    #[allowed(true)]
    pub async fn fill(&mut self) -> Result<()> {
        (self.greeting, self.score, self.discount, self.audit) = ("hello".into(), 7, 20, Some("seen".into()));
        Ok(())
    }
}

#[backend]
impl Visit {
    /// How many have been let in.
    #[allowed(authenticated)]
    pub async fn count() -> Result<u64> {
        repo::<Visitor>().count().await
    }
}

/// How a report is grouped.
#[derive(FieldEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// By day.
    #[default]
    Day,
    /// By month.
    #[field_enum(label = "Each month")]
    Month,
}

/// A line of a report.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct Line {
    pub what: String,
    pub amount: Decimal,
}

/// A report, asked for in steps.
#[derive(Controller, Clone, Debug, PartialEq)]
#[controller(key = "report", hooks)]
pub struct Report {
    #[field(required)]
    pub first_day: NaiveDate,
    pub last_day: Option<NaiveDate>,
    #[field(range(min = 0, max = 100), default = Decimal::from(19))]
    pub rate: Decimal,
    pub grouping: Grouping,
    #[field(one_of("all", "open"), default = "all")]
    pub kind: String,
    pub tags: Vec<String>,
    pub color: Option<Color>,
    pub time: NaiveTime,
    pub customer: Option<Uuid>,
    #[field(default = 1, range(1..=3))]
    pub step: i32,
    #[field(allow_update = false)]
    pub lines: Json<Vec<Line>>,
    #[field(allow_update = false)]
    pub total: Decimal,
}

#[hooks]
impl Hooks for Report {
    async fn validation(report: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if report.last_day.is_some_and(|last| last < report.first_day) {
            e.error(|r| r.last_day, "must not be before the first day");
        }
        Ok(())
    }
}

fn is_about(user: &Identity, report: &Record<Report>) -> bool {
    user.has_role("admin") || report.tags.contains(&user.id)
}

#[backend]
impl Record<Report> {
    /// The next step.
    #[allowed(authenticated)]
    pub async fn next(&mut self) -> Result<()> {
        self.step += 1;
        let tag = format!("step {}", self.step);
        self.tags.push(tag);
        Ok(())
    }

    /// Computes it; answers the number of lines.
    #[allowed(is_about)]
    pub async fn compute(&mut self, amounts: Vec<Decimal>) -> Result<usize> {
        let rate = self.rate / Decimal::from(100);
        let lines = amounts.into_iter().enumerate();
        self.lines = Json(lines.map(|(n, amount)| Line { what: format!("line {n}"), amount: amount * rate }).collect());
        self.total = self.lines.iter().map(|line| line.amount).sum();
        Ok(self.lines.len())
    }

    /// For admins.
    #[allowed("admin")]
    pub async fn close(&mut self) -> Result<()> {
        self.kind = "open".into();
        Ok(())
    }

    /// For nobody.
    #[allowed(false)]
    pub async fn never(&mut self) -> Result<()> {
        Ok(())
    }
}
