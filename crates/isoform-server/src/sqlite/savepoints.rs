//! The savepoints of a transaction: what stands before its next statement, so that none of them costs a way of its own to
//! SQLite's thread.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The savepoints of a transaction, one for each part that has asked something: `s1` of a part, `s2` of a part of that.
#[derive(Default)]
pub(super) struct Savepoints {
    begun: bool,
    /// How many there are once the next statement has begun.
    open: usize,
    /// The outermost part that is to be undone before the next statement.
    undo: Option<usize>,
    /// The outermost part that has ended since the last statement.
    release: Option<usize>,
}

impl Savepoints {
    /// Has the transaction begun, or may it have?
    pub const fn has_begun(&self) -> bool {
        self.begun
    }

    /// What stands before the next statement, which is one of a part so deep; 0 is the transaction itself.
    pub fn before(&mut self, depth: usize) -> Cow<'static, str> {
        let begins = !std::mem::replace(&mut self.begun, true);
        if self.release.is_none() && self.open >= depth {
            return Cow::Borrowed(if begins { "BEGIN IMMEDIATE; " } else { "" });
        }
        let mut text = String::from(if begins { "BEGIN IMMEDIATE; " } else { "" });
        self.end_parts(&mut text);
        for level in self.open + 1..=depth {
            let _ = write!(text, "SAVEPOINT s{level}; ");
        }
        self.open = self.open.max(depth);
        text.into()
    }

    /// What commits the transaction: with it go all savepoints, but not what is to be undone.
    pub fn commit(&mut self) -> Cow<'static, str> {
        match self.undo.take() {
            None => Cow::Borrowed("COMMIT"),
            Some(level) => format!("ROLLBACK TO s{level}; COMMIT").into(),
        }
    }

    /// A part has ended; where it is not kept, what it has written is undone before anything else is done.
    pub const fn end(&mut self, depth: usize, kept: bool) {
        // Without a statement it has no savepoint either.
        if depth > self.open {
            return;
        }
        // Parts end from within: this one is further out than those that have ended before.
        if !kept {
            self.undo = Some(depth);
        }
        self.release = Some(depth);
        self.open = depth - 1;
    }

    /// A savepoint takes those within along.
    fn end_parts(&mut self, text: &mut String) {
        if let Some(level) = self.undo.take() {
            let _ = write!(text, "ROLLBACK TO s{level}; ");
        }
        if let Some(level) = self.release.take() {
            let _ = write!(text, "RELEASE s{level}; ");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Savepoints;

    #[test]
    fn what_has_ended_is_said_before_the_next_statement_and_only_once() {
        let mut one = Savepoints::default();
        assert_eq!(one.before(0), "BEGIN IMMEDIATE; ");
        assert_eq!(one.before(0), "");
        assert_eq!(one.before(2), "SAVEPOINT s1; SAVEPOINT s2; ");
        assert_eq!(one.before(2), "");
        one.end(2, true);
        assert_eq!(one.before(2), "RELEASE s2; SAVEPOINT s2; ", "the next part of the part");
        one.end(2, false);
        one.end(1, true);
        assert_eq!(one.before(0), "ROLLBACK TO s2; RELEASE s1; ", "what is kept is kept without what was undone in it");
        assert_eq!(one.before(0), "");
        assert_eq!(one.commit(), "COMMIT");
    }

    #[test]
    fn the_outermost_part_that_is_undone_takes_those_within_along() {
        let mut one = Savepoints::default();
        assert_eq!(one.before(3), "BEGIN IMMEDIATE; SAVEPOINT s1; SAVEPOINT s2; SAVEPOINT s3; ");
        one.end(3, false);
        one.end(2, true);
        one.end(1, false);
        assert_eq!(one.commit(), "ROLLBACK TO s1; COMMIT");
        let mut unused = Savepoints::default();
        unused.before(0);
        unused.end(1, false);
        assert_eq!(unused.before(0), "", "a part that has asked nothing leaves nothing behind");
    }
}
