//! The log of slow statements, kept.

use std::sync::{Arc, Mutex};

/// Keeps the slow log: the number of rows of each statement, with the word that it begins with.
#[derive(Clone, Default)]
pub struct SlowLog(Arc<Mutex<Vec<(String, u64)>>>);

#[derive(Default)]
struct Line(u64, String);

impl tracing::field::Visit for Line {
    fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
        if field.name() == "rows" {
            self.0 = value;
        }
    }

    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        if field.name() == "sql" {
            self.1 = value.split_whitespace().next().unwrap_or_default().into();
        }
    }

    fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}
}

impl tracing::Subscriber for SlowLog {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "isoform::slow"
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0.lock().unwrap().push((line.1, line.0));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

impl SlowLog {
    /// The number of rows of each statement that begins with a word.
    pub fn of(&self, word: &str) -> Vec<u64> {
        self.0.lock().unwrap().iter().filter(|(begins, _)| begins == word).map(|(_, rows)| *rows).collect()
    }
}
