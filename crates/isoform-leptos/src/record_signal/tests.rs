use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use isoform::prelude::*;

use super::*;

/// Something to plan.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "plans", allow(crud = true))]
struct Plan {
    #[field(id)]
    id: String,
    #[field(len(min = 3))]
    title: String,
    hours: i32,
    budget: Option<f64>,
    due: Option<NaiveDate>,
    urgency: Urgency,
}

/// How soon.
#[derive(FieldEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Urgency {
    /// Some day.
    Low,
    /// Now.
    High,
}

/// Runs with an owner, as a component does.
fn in_page(test: impl FnOnce(RecordSignal<Plan>)) {
    let owner = Owner::new();
    owner.with(|| test(RecordSignal::new(plan())));
}

fn plan() -> Record<Plan> {
    let mut plan = Record::<Plan>::new();
    plan.id = "p1".into();
    plan.title = "a walk".into();
    plan.hours = 2;
    plan
}

/// Runs a call to its end.
fn run<R: 'static>(plan: RecordSignal<Plan>, call: impl AsyncFnOnce(&mut Record<Plan>) -> Result<R> + 'static) -> bool {
    let begun = plan.begin(Box::new(|mut record| {
        Box::pin(async move {
            let result = call(&mut record).await;
            (record, result.map(|_| Box::new(|_: &_| ()) as Then<Plan>))
        })
    }));
    begun.map(futures::executor::block_on).is_some()
}

#[test]
fn changing_a_field_redraws_only_that_field() {
    in_page(|plan| {
        let (titles, hours) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let title = Memo::new({
            let (titles, value) = (titles.clone(), plan.value(|p| p.title));
            move |_| {
                titles.fetch_add(1, Ordering::Relaxed);
                value.get()
            }
        });
        let hour = Memo::new({
            let (hours, value) = (hours.clone(), plan.value(|p| p.hours));
            move |_| {
                hours.fetch_add(1, Ordering::Relaxed);
                value.get()
            }
        });
        assert_eq!((title.get(), hour.get()), ("a walk".into(), 2));
        plan.field(|p| p.title).set("a long walk".into());
        assert_eq!((title.get(), hour.get()), ("a long walk".into(), 2));
        assert_eq!((titles.load(Ordering::Relaxed), hours.load(Ordering::Relaxed)), (2, 1));
        assert!(plan.is_changed());
    });
}

#[test]
fn what_is_no_number_stays_and_nothing_is_sent() {
    in_page(|plan| {
        let hours = plan.field(|p| p.hours).any();
        hours.enter("12x");
        assert_eq!((hours.text(), hours.get()), ("12x".into(), Value::Int(2)));
        assert_eq!(hours.error(), None, "not at the first keystroke");
        assert!(!run(plan, async |_| -> Result<()> { panic!("nothing is sent") }));
        let message = hours.error().unwrap_or_default();
        assert!(message.starts_with("must be a whole number"), "{message}");
        assert_eq!(plan.error().map(|error| error.status()), Some(400));
        hours.enter("12");
        assert_eq!((hours.error(), hours.get()), (None, Value::Int(12)));
        assert!(run(plan, async |_| Ok(())));
    });
}

#[test]
fn a_number_may_be_written_in_more_than_one_way_until_the_input_is_left() {
    in_page(|plan| {
        let budget = plan.field(|p| p.budget);
        for (typed, value) in [("1", 1.0), ("1.", 1.0), ("1.5", 1.5), ("1.50", 1.5)] {
            budget.any().enter(typed);
            assert_eq!((budget.any().text().as_str(), budget.get()), (typed, Some(value)));
        }
        budget.any().leave();
        assert_eq!(budget.any().text(), "1.5");
    });
}

#[test]
fn an_empty_input_is_nothing_where_nothing_may_be() {
    in_page(|plan| {
        plan.field(|p| p.budget).set(Some(3.0));
        plan.field(|p| p.budget).any().enter("");
        assert_eq!(plan.field(|p| p.budget).get(), None);
        plan.field(|p| p.due).any().enter("2026-02-03");
        assert_eq!(plan.field(|p| p.due).get(), NaiveDate::from_ymd_opt(2026, 2, 3));
        plan.field(|p| p.due).any().enter("");
        assert_eq!(plan.field(|p| p.due).get(), None);
        let hours = plan.field(|p| p.hours).any();
        hours.enter("");
        hours.leave();
        assert_eq!((hours.error().as_deref(), hours.text().as_str()), (Some("is required"), ""));
    });
}

#[test]
fn a_message_comes_when_the_input_is_left_and_goes_when_it_is_put_right() {
    in_page(|plan| {
        let title = plan.field(|p| p.title).any();
        title.enter("ab");
        assert_eq!(title.error(), None);
        title.leave();
        assert_eq!(title.error().as_deref(), Some("must have at least 3 characters"));
        title.enter("abc");
        assert_eq!(title.error(), None);
    });
}

#[test]
fn a_choice_is_entered_by_its_stored_name() {
    in_page(|plan| {
        let urgency = plan.field(|p| p.urgency);
        urgency.any().enter("high");
        assert_eq!((urgency.get(), urgency.any().text().as_str()), (Urgency::High, "high"));
    });
}

#[test]
fn what_was_typed_during_a_call_stays() {
    in_page(|plan| {
        let done = run(plan, async move |record| {
            plan.field(|p| p.hours).set(7);
            record.title = "as the server has it".into();
            Ok(())
        });
        assert!(done);
        assert_eq!(plan.with(|record| (record.title.clone(), record.hours)), ("as the server has it".into(), 7));
    });
}

#[test]
fn a_second_call_is_ignored_while_one_is_under_way() {
    in_page(|plan| {
        let inner = Rc::new(RefCell::new(None));
        let outer = inner.clone();
        assert!(run(plan, async move |_| {
            assert!(plan.pending());
            *inner.borrow_mut() = Some(run(plan, async |_| Ok(())));
            Ok(())
        }));
        assert_eq!((*outer.borrow(), plan.pending()), (Some(false), false));
    });
}

#[test]
fn a_second_call_that_is_wanted_goes_after_the_one_under_way() {
    use futures::FutureExt as _;
    in_page(|plan| {
        let gone = plan.turn();
        assert_eq!(gone.now_or_never(), Some(true), "nobody is waited for");
        assert!(run(plan, async move |record| {
            let (mut first, mut second) = (Box::pin(plan.turn()), Box::pin(plan.turn()));
            assert_eq!((first.as_mut().now_or_never(), second.as_mut().now_or_never()), (None, None));
            record.hours = 3;
            Ok(())
        }));
        let woken = Arc::new(AtomicUsize::new(0));
        let counted = woken.clone();
        let mut turn = Box::pin(plan.turn());
        let waker = futures::task::waker(Arc::new(Counts(counted)));
        plan.shared.pending.set(true);
        assert!(turn.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
        plan.shared.pending.set(false);
        assert!(run(plan, async |record| {
            record.hours += 1;
            Ok(())
        }));
        assert_eq!((woken.load(Ordering::Relaxed), plan.with(|record| record.hours)), (1, 4));
        assert!(turn.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_ready());
    });
}

struct Counts(Arc<AtomicUsize>);

impl futures::task::ArcWake for Counts {
    fn wake_by_ref(this: &Arc<Self>) {
        this.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn the_servers_errors_stand_at_the_fields() {
    in_page(|plan| {
        let refused = Error::invalid("Title is taken").with_fields(vec![("title".into(), "is taken".into())]);
        let answer = refused.clone();
        run(plan, async move |record| {
            record.set_error(|p| p.title, "is taken");
            Err::<(), _>(answer)
        });
        assert_eq!(plan.field(|p| p.title).error().as_deref(), Some("is taken"));
        assert_eq!(plan.error(), Some(refused));
        assert_eq!(plan.form_error().as_deref(), Some("Title is taken"), "no input shows the field");
        plan.field(|p| p.title).any().note_shown();
        plan.field(|p| p.title).set("another".into());
        assert_eq!((plan.field(|p| p.title).error(), plan.form_error()), (None, None));
        plan.undo();
        assert_eq!(plan.error(), None);
    });
}

#[test]
fn an_input_is_named_after_its_row_and_field() {
    in_page(|plan| {
        assert_eq!(plan.field(|p| p.due).any().input_id(), "plans-new-due");
    });
}

#[test]
fn what_happens_after_a_call_may_replace_the_record() {
    in_page(|plan| {
        let begun = plan.begin(Box::new(move |record| {
            Box::pin(async move { (record, Ok(Box::new(move |_: &_| plan.set(Record::new())) as Then<Plan>)) })
        }));
        assert!(begun.map(futures::executor::block_on).is_some());
        assert_eq!(plan.with(|record| record.title.clone()), "");
    });
}

#[test]
fn a_record_that_was_replaced_during_a_call_is_not_touched_by_its_answer() {
    in_page(|plan| {
        let seen = Rc::new(RefCell::new(String::new()));
        let noted = seen.clone();
        let begun = plan.begin(Box::new(move |mut record| {
            Box::pin(async move {
                plan.set(Record::new());
                record.title = "saved by then".into();
                let then = move |record: &Record<Plan>| noted.borrow_mut().clone_from(&record.title);
                (record, Ok(Box::new(then) as Then<Plan>))
            })
        }));
        assert!(begun.map(futures::executor::block_on).is_some());
        assert_eq!((plan.get().title.as_str(), plan.pending()), ("", false));
        assert_eq!(*seen.borrow(), "saved by then", "what follows is about the old one");
    });
}

#[test]
fn what_came_from_the_server_during_a_call_was_not_typed() {
    in_page(|plan| {
        // As a list does that was asked again: a record as it is in the table.
        let listed = |title: &str| {
            let data = serde_json::json!({"id": "p1", "title": title, "hours": 2, "urgency": "low"});
            serde_json::from_value(serde_json::json!({ "data": data })).unwrap_or_default()
        };
        plan.record.set(listed("a walk"));
        assert!(run(plan, async move |record| {
            plan.record.set(listed("changed by somebody"));
            record.hours = 3;
            Ok(())
        }));
        assert_eq!((plan.get().title.as_str(), plan.get().hours), ("a walk", 3));
    });
}
