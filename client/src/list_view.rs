//! What the address says about the list: `?show=open&q=tax&project=…&sort=due&page=2`.

use leptos_router::params::ParamsMap;
use shared::prelude::*;

use crate::finder::address;

/// How many tasks a page of the list has.
pub const PAGE_SIZE: u64 = 10;

/// Which tasks, in what order, which page.
#[derive(Clone, Debug, PartialEq)]
pub struct ListView {
    /// Which tasks by their state.
    pub show: Show,
    /// What the title must contain.
    pub search: String,
    /// Of which project.
    pub project: Option<Uuid>,
    /// In what order.
    pub sort: Sort,
    /// Which page, counted from 1.
    pub page: u64,
}

/// Which tasks by their state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// All of them.
    All,
    /// Those still to be done.
    Open,
    /// Those that are done.
    Done,
}

impl Show {
    /// Each, with its value in the address and its label.
    pub const EACH: [(Self, &str, &str); 3] =
        [(Self::All, "", "All"), (Self::Open, "open", "Open"), (Self::Done, "done", "Done")];
}

/// In what order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// The newest first.
    Newest,
    /// What is due soonest first.
    Due,
    /// By the title.
    Title,
    /// The most urgent first.
    Priority,
}

impl Sort {
    /// Each, with its value in the address and its label.
    pub const EACH: [(Self, &str, &str); 4] = [
        (Self::Newest, "", "Newest first"),
        (Self::Due, "due", "Due soonest"),
        (Self::Title, "title", "Title A–Z"),
        (Self::Priority, "priority", "Most urgent"),
    ];
}

/// The choice with a value in the address; the first one where there is none.
fn choice<T: Copy, const N: usize>(each: &[(T, &str, &str); N], value: Option<&str>) -> T {
    each.iter().find(|(_, name, _)| Some(*name) == value).unwrap_or(&each[0]).0
}

/// The value of a choice in the address; empty for the first one.
pub fn value_of<T: PartialEq, const N: usize>(each: &[(T, &'static str, &'static str); N], wanted: &T) -> &'static str {
    each.iter().find(|(one, ..)| one == wanted).map_or("", |(_, value, _)| value)
}

impl ListView {
    /// What an address says.
    pub fn of(params: &ParamsMap) -> Self {
        Self {
            show: choice(&Show::EACH, params.get_str("show")),
            search: params.get_str("q").unwrap_or_default().trim().to_owned(),
            project: params.get_str("project").and_then(|id| id.parse().ok()),
            sort: choice(&Sort::EACH, params.get_str("sort")),
            page: params.get_str("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1),
        }
    }

    /// The address of this view: what is as usual is left out.
    pub fn href(&self) -> String {
        let values = [
            ("show", value_of(&Show::EACH, &self.show).to_owned()),
            ("q", self.search.clone()),
            ("project", self.project.map(|id| id.to_string()).unwrap_or_default()),
            ("sort", value_of(&Sort::EACH, &self.sort).to_owned()),
            ("page", if self.page > 1 { self.page.to_string() } else { String::new() }),
        ];
        address("/", values)
    }

    /// The same with another choice of tasks, from the first page.
    pub fn showing(&self, show: Show) -> Self {
        Self { show, page: 1, ..self.clone() }
    }

    /// The same at another page.
    pub fn at(&self, page: u64) -> Self {
        Self { page, ..self.clone() }
    }

    /// The query of the page.
    pub fn query(&self) -> Query<Task> {
        let query = match self.show {
            Show::All => self.searched(),
            Show::Open => self.searched().filter(|t| t.completed.eq(false)),
            Show::Done => self.searched().filter(|t| t.completed.eq(true)),
        };
        let query = match self.sort {
            Sort::Newest => query.order_by(|t| t.created_at.desc()),
            Sort::Due => query.order_by(|t| (t.due_date.asc(), t.created_at.desc())),
            Sort::Title => query.order_by(|t| t.title.asc()),
            Sort::Priority => query.order_by(|t| (t.priority.desc(), t.created_at.desc())),
        };
        query.include(|t| t.project).include(|t| t.tags).page(self.page).limit(PAGE_SIZE)
    }

    /// The tasks that the search finds, done or not.
    pub fn searched(&self) -> Query<Task> {
        let query = match self.project {
            Some(project) => Task::query().filter(|t| t.project_id.eq(project)),
            None => Task::query(),
        };
        if self.search.is_empty() { query } else { query.filter(|t| t.title.contains(self.search.as_str())) }
    }
}

#[cfg(test)]
mod tests {
    use super::{ListView, Show, Sort};
    use leptos_router::params::ParamsMap;

    fn of(pairs: &[(&'static str, &'static str)]) -> ListView {
        ListView::of(&pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<ParamsMap>())
    }

    #[test]
    fn an_address_there_and_back() {
        let view = of(&[("show", "open"), ("q", " tax & more "), ("sort", "due"), ("page", "2")]);
        let search = "tax & more".into();
        assert_eq!(view, ListView { show: Show::Open, search, project: None, sort: Sort::Due, page: 2 });
        assert_eq!(view.href(), "/?show=open&q=tax%20%26%20more&sort=due&page=2");
        assert_eq!(view.showing(Show::All).href(), "/?q=tax%20%26%20more&sort=due");
    }

    #[test]
    fn nonsense_is_as_usual() {
        let view = of(&[("show", "none"), ("sort", "; drop"), ("page", "-3"), ("project", "any")]);
        let search = String::new();
        assert_eq!(view, ListView { show: Show::All, search, project: None, sort: Sort::Newest, page: 1 });
        assert_eq!(view.href(), "/");
        assert_eq!(of(&[("page", "0")]).page, 1);
    }
}
