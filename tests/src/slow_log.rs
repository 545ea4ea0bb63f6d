//! The log of slow statements, kept.

use std::sync::{Arc, Mutex};

/// Keeps the slow log, a line for each statement: its level, and its fields with their values.
#[derive(Clone, Default)]
pub struct SlowLog(Arc<Mutex<Vec<String>>>);

impl tracing::field::Visit for SlowLog {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0.lock().unwrap().push(format!("{field}={value:?}"));
    }
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
        let one = Self::default();
        event.record(&mut one.clone());
        let line = one.0.lock().unwrap().join(" ");
        self.0.lock().unwrap().push(format!("{} {line}", event.metadata().level()));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

impl SlowLog {
    /// The lines since they were taken last.
    pub fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// The number of rows of each statement that begins with a word.
    pub fn of(&self, word: &str) -> Vec<u64> {
        let after = |line: &str, name: &str| {
            let (_, value) = line.split_once(name).unwrap_or_else(|| panic!("{name} is missing: {line}"));
            value.split([' ', '"']).next().unwrap_or_default().to_owned()
        };
        let lines = self.0.lock().unwrap();
        let begin_so = lines.iter().filter(|line| after(line, "sql=\"") == word);
        begin_so.map(|line| after(line, "rows=").parse().unwrap()).collect()
    }
}
