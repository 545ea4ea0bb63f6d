//! What the derives make of an entity, seen through the public interface.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, missing_docs, reason = "what fails here fails the test")]

use isoform::backend::{Args, Body};
use isoform::hooks::HookSet;
use isoform::meta::{Check, Direction, FieldMask, FieldRole, Number, Rule};
use isoform::prelude::*;
use isoform::{Condition, FieldType, FieldValue as _, Value};

const ADMIN: &str = "admin";

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "project-tasks",
    table = "tasks",
    allow(crud = authenticated, read = true, update = owner, delete = ["admin", "owner"]),
    api_filter = own,
    order_by(created_at desc, title),
    hooks
)]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[field(required(message = "say it"), len(3..=9), pattern = "[a-z]+", one_of("one", "three"), default = "three", saving = trimmed)]
    pub title: String,
    #[field(range(min = -1, max = 5), validate = even, default = 2)]
    pub effort: i32,
    #[field(range(min = 0.5), default = 0.75)]
    pub share: Option<f64>,
    #[field(column = "kind", label = "Kind", allow_update = ADMIN)]
    pub r#type: State,
    #[field(api_read = false, unique, input = "tel", placeholder = "+…", help = "With the country.")]
    pub phone_number: Option<String>,
    pub tags: Json<Vec<String>>,
    #[field(created_at)]
    pub created_at: DateTime<Utc>,
    #[field(updated_at)]
    pub updated_at: DateTime<Utc>,
    #[field(version)]
    pub version: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "notes")]
pub struct Note {
    #[field(id)]
    pub id: String,
}

#[derive(FieldEnum, Clone, Copy, Debug, PartialEq)]
pub enum State {
    Open,
    #[default]
    InProgress,
    #[field_enum(value = "gone", label = "All done")]
    Done,
}

fn owner(user: &Identity, task: &Record<Task>) -> bool {
    task.title == user.id
}

fn own(user: Option<&Identity>) -> Filter<Task> {
    user.map_or_else(Filter::nothing, |user| Task::filter(|t| t.title.eq(&user.id)))
}

fn even(effort: &i32) -> std::result::Result<(), String> {
    if effort % 2 == 0 { Ok(()) } else { Err(format!("must be even, not {effort}")) }
}

async fn trimmed(task: &mut Record<Task>, _: Column<Task, String>, _: &mut LifecycleEvent<Task>) -> Result<()> {
    task.title = task.title.trim().to_owned();
    Ok(())
}

#[hooks]
impl Hooks for Task {
    async fn validation(task: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if task.effort == 4 {
            e.error(|t| t.effort, "is four");
        }
        Ok(())
    }

    async fn saved(_: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }
}

#[backend]
impl Record<Task> {
    #[allowed(owner)]
    pub async fn rename_to(&mut self, title: String) -> Result<String> {
        Ok(std::mem::replace(&mut self.title, title))
    }
}

#[backend]
impl Task {
    #[allowed(true, transaction = false)]
    pub async fn add(a: i64, b: Option<i64>) -> Result<i64> {
        Ok(a + b.unwrap_or_default())
    }
}

#[test]
fn names_are_made_from_the_rust_names_unless_they_are_said() {
    let meta = Task::meta();
    assert_eq!((meta.key, meta.table, meta.label, meta.rust_name), ("project-tasks", "tasks", "Project Tasks", "Task"));
    let phone = Task::FIELDS.phone_number.meta();
    assert_eq!(
        (phone.name, phone.wire, phone.column, phone.label),
        ("phone_number", "phoneNumber", "phone_number", "Phone number")
    );
    let raw = Task::FIELDS.r#type.meta();
    assert_eq!((raw.name, raw.wire, raw.column, raw.label), ("type", "type", "kind", "Kind"));
    assert_eq!((phone.input, phone.placeholder, phone.help), (Some("tel"), Some("+…"), Some("With the country.")));
    assert_eq!((Note::meta().table, Note::meta().label), ("notes", "Notes"));
}

#[test]
fn fields_have_their_type_and_their_role() {
    let meta = Task::meta();
    assert_eq!((meta.ids, meta.version), (&[0][..], Some(9)));
    assert_eq!(meta.with_role(FieldRole::CreatedAt).collect::<Vec<_>>(), [7]);
    assert_eq!(meta.with_role(FieldRole::UpdatedAt).collect::<Vec<_>>(), [8]);
    assert_eq!((meta.fields[3].field_type, meta.fields[3].nullable), (FieldType::Float, true));
    assert!(matches!(meta.fields[4].field_type, FieldType::Enum(variants) if variants.len() == 3));
    assert!(meta.fields[5].unique && !meta.fields[1].unique);
    assert_eq!(meta.order_by, [(7, Direction::Desc), (1, Direction::Asc)]);
    assert_eq!(Note::meta().version, None);
}

#[test]
fn a_new_record_has_the_declared_defaults() {
    let task = Record::<Task>::new();
    assert_eq!((task.title.as_str(), task.effort, task.share), ("three", 2, Some(0.75)));
    assert_eq!((task.r#type, task.phone_number.as_ref(), task.id.is_nil()), (State::InProgress, None, true));
    assert_eq!((Task::meta().new_record)().row().len(), 10);
}

#[test]
fn values_go_out_and_in_by_position() {
    let mut task = Task::blank();
    task.set(1, Value::Text("one".into())).unwrap();
    task.set(3, Value::Null).unwrap();
    task.set(4, Value::Text("gone".into())).unwrap();
    assert_eq!((task.get(1), task.get(3), task.r#type), (Value::Text("one".into()), Value::Null, State::Done));
    assert_eq!(task.set(2, Value::Null).unwrap_err().0, "must not be null");
    assert_eq!(task.set(4, Value::Text("lost".into())).unwrap_err().0, "must be one of open, in_progress, gone");
    assert!(task.set(2, Value::Int(i64::MAX)).is_err() && task.set(99, Value::Null).is_err());
    assert_eq!(task.get(99), Value::Null);
}

#[test]
fn an_enum_is_stored_by_the_names_of_its_variants() {
    assert_eq!(
        State::VARIANTS.iter().map(|variant| variant.label).collect::<Vec<_>>(),
        ["Open", "In progress", "All done"]
    );
    assert_eq!((State::initial(), State::blank(), State::from_index(3)), (State::InProgress, State::InProgress, None));
    assert_eq!((State::Done.to_value(), State::parse("open")), (Value::Text("gone".into()), Some(State::Open)));
    assert!(State::from_value(Value::Int(1)).is_err());
}

#[test]
fn validators_are_there_in_their_order_with_their_messages() {
    let title = Task::FIELDS.title.meta();
    assert!(title.is_required() && title.has_saving);
    assert_eq!((title.length_limits(), title.validators[0].message), (Some((3, 9)), Some("say it")));
    assert!(matches!(title.validators[2].check, Check::Pattern("[a-z]+")));
    assert!(matches!(title.validators[3].check, Check::OneOf(["one", "three"])));
    let [range, custom] = Task::FIELDS.effort.meta().validators else { panic!("two validators") };
    assert!(matches!(range.check, Check::Range { min: Some(Number::Int(-1)), max: Some(Number::Int(5)) }));
    let Check::Custom(even) = custom.check else { panic!("a function") };
    assert_eq!((even(&Value::Int(2)), even(&Value::Int(3))), (Ok(()), Err("must be even, not 3".into())));
    let share = Task::FIELDS.share.meta().validators;
    assert!(matches!(share[0].check, Check::Range { min: Some(Number::Float(0.5)), max: None }));
}

#[test]
fn nobody_may_do_what_is_not_allowed() {
    let allow = Note::meta().allow;
    assert!(matches!(allow.read, Rule::Nobody) && matches!(allow.insert, Rule::Nobody));
    assert!(matches!(allow.update, Rule::Nobody) && matches!(allow.delete, Rule::Nobody));
}

#[test]
fn rules_are_words_roles_and_functions() {
    let allow = Task::meta().allow;
    assert!(matches!(allow.read, Rule::Everyone), "what is said beside `crud` comes first");
    assert!(matches!(allow.insert, Rule::Authenticated));
    assert!(matches!(allow.delete, Rule::Roles(["admin", "owner"])));
    let Rule::Check(update) = allow.update else { panic!("a function") };
    let ann = Identity::new("three", "Ann");
    assert!(update(&ann, &Record::<Task>::new()));
    assert!(!update(&ann, &Record::<Note>::new()), "a rule is about records of its own entity");
    assert!(matches!(Task::FIELDS.r#type.meta().allow_update, Rule::Roles(["admin"])));
    assert!(matches!(Task::FIELDS.phone_number.meta().api_read, Rule::Nobody));
    let filter = Task::meta().api_filter.unwrap();
    assert_eq!(filter(None), Condition::Nothing);
    assert_eq!(filter(Some(&ann)), Task::filter(|t| t.title.eq("three")).into_condition());
    assert!(Note::meta().api_filter.is_none());
}

#[tokio::test]
async fn the_entity_knows_its_hooks_and_runs_them() {
    assert_eq!(Task::meta().hooks, HookSet { validation: true, saved: true, ..HookSet::NONE });
    assert_eq!(Note::meta().hooks, HookSet::NONE);
    let mut task = Record::<Task>::new();
    task.effort = 4;
    assert!(task.validate().await.is_err());
    assert_eq!(task.error(|t| t.effort), Some("is four"));
}

#[tokio::test]
async fn methods_are_listed_with_a_rule_and_a_body_that_reads_its_arguments() {
    let entities = entities![Task, Note];
    let lists: Vec<_> = entities.iter().map(|entity| entity.methods.clone()).collect();
    let [rename, add] = lists[0][..] else { panic!("two methods") };
    assert!(lists[1].is_empty(), "an entity without methods can be listed too");
    assert_eq!((rename.name, rename.wire, rename.options.transaction), ("rename_to", "renameTo", true));
    assert_eq!((add.wire, add.options.transaction), ("add", false));

    let (Body::Record(Rule::Check(_), run), Body::Static(Rule::Everyone, run_static)) = (rename.body, add.body) else {
        panic!("a method of a record and one of the entity")
    };
    let mut task = Record::<Task>::new();
    assert_eq!(run(&mut task, Args::new(vec!["one".into()])).await.unwrap(), "three");
    assert_eq!(task.title, "one");
    assert_eq!(run_static(Args::new(vec![1.into()])).await.unwrap(), 1, "an absent argument is null");
    let wrong = run_static(Args::new(vec!["x".into()])).await.unwrap_err();
    assert!(wrong.to_string().contains("Argument 1 (a)"), "{wrong}");
    assert!(run_static(Args::new(vec![1.into(), 2.into(), 3.into()])).await.is_err());
    assert!(run(&mut Record::<Note>::new(), Args::new(vec!["one".into()])).await.is_err());
}

#[test]
fn a_column_is_a_field_by_its_position() {
    let mask: FieldMask = [Task::FIELDS.title.index(), Task::FIELDS.version.index()].into_iter().collect();
    assert_eq!(mask.iter().collect::<Vec<_>>(), [1, 9]);
}
