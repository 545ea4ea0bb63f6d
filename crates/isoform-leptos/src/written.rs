//! Answers that the server writes into the page, and the browser finds there.
//!
//! Leptos numbers its resources in the order in which they are made. The server makes what depends on another answer
//! several times, until that is there, and the browser once: from a query in a row of a list on it counts further than the
//! browser does, which would then take one answer for another. So ours are found by where something was asked, the line of
//! the program, and by what, a fingerprint of the question. What several rows ask alike is asked and written once.

use std::hash::{Hash, Hasher};
use std::panic::Location;

use hydration_context::SerializedDataId;

use crate::answer::{Answer, Question};

#[cfg(target_arch = "wasm32")]
pub(crate) use browser::found;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use server::{Answers, asked};

/// Where something is asked: the call of `use_query` and its like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(u64);

impl Place {
    #[track_caller]
    pub fn here() -> Self {
        let here = Location::caller();
        // The server and the wasm may have been built in different folders.
        let file = here.file().rsplit(['/', '\\']).next().unwrap_or_default();
        let mut hasher = Fingerprint::default();
        (file, here.line(), here.column()).hash(&mut hasher);
        Self(hasher.finish())
    }

    /// Where in the page it is written: an index in JavaScript, far beyond those of Leptos.
    fn id(self) -> SerializedDataId {
        SerializedDataId::new((self.0 >> 34) as usize | 1 << 30)
    }

    fn key(self, question: &Question) -> u64 {
        let mut hasher = Fingerprint(self.0);
        question.ask.fingerprint(&mut hasher);
        hasher.finish()
    }
}

/// FNV-1a: the same on all machines, whatever the size of their pointers.
pub(crate) struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_i64(number as i64);
    }
}

/// How many digits a place and a key have.
const DIGITS: usize = 16;

fn digits(number: u64) -> String {
    format!("{number:0DIGITS$x}")
}

/// The answers of a place, by key, the latest last: a line for each, as JSON has none of its own.
#[cfg(any(test, target_arch = "wasm32"))]
fn read(place: Place, text: &str) -> Vec<(u64, Answer)> {
    let Some(lines) = text.strip_prefix(&digits(place.0)) else { return Vec::new() };
    let answer = |line: &str| {
        let (key, json) = line.split_at_checked(DIGITS)?;
        Some((u64::from_str_radix(key, 16).ok()?, Answer::Written(json.into(), Default::default())))
    };
    lines.split('\n').filter_map(answer).collect()
}

/// The answer to a question. One that is another one by now, as one about the time, has the answer of its place where that was asked
/// nothing else; where rows of a list have asked, nobody knows which of them it was.
#[cfg(any(test, target_arch = "wasm32"))]
fn of_question(answers: &[(u64, Answer)], key: u64) -> Option<&Answer> {
    let only = match answers {
        [only] => Some(only),
        _ => None,
    };
    answers.iter().find(|(of, _)| *of == key).or(only).map(|(_, answer)| answer)
}

#[cfg(target_arch = "wasm32")]
mod browser {
    use std::cell::RefCell;

    use leptos::prelude::*;

    use super::{Answer, Place, Question, of_question, read};

    type Read = Vec<(Place, Vec<(u64, Answer)>)>;

    thread_local! {
        /// What has been read of the page: rows that ask alike share it.
        static READ: RefCell<Read> = const { RefCell::new(Vec::new()) };
    }

    /// What the server has answered, while the page is taken over.
    pub fn found(place: Place, question: &Question) -> Option<Answer> {
        let page = Owner::current_shared_context()?;
        if !page.during_hydration() {
            READ.take();
            return None;
        }
        READ.with_borrow_mut(|all| {
            let at = all.iter().position(|(of, _)| *of == place).unwrap_or_else(|| {
                let text = page.read_data(&place.id());
                all.push((place, text.map(|text| read(place, &text)).unwrap_or_default()));
                all.len() - 1
            });
            let (_, answers) = all.get(at)?;
            of_question(answers, place.key(question)).cloned()
        })
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod server {
    use std::collections::HashMap;
    use std::sync::{Arc, Mutex, PoisonError};

    use futures::FutureExt as _;
    use futures::future::Shared;
    use isoform::future::BoxFuture;
    use leptos::prelude::*;

    use super::{Answer, Place, Question, digits};

    type Answering = Shared<BoxFuture<'static, Answer>>;

    struct Asked {
        key: u64,
        question: Question,
        answer: Answering,
    }

    /// What a page has asked so far, by place; provided for each page.
    #[derive(Clone, Default)]
    pub struct Answers(Arc<Mutex<HashMap<u64, Vec<Asked>>>>);

    /// The answer to a question, which is asked unless it was already, and is written into the page.
    pub fn asked(
        place: Place,
        question: Question,
        ask: impl FnOnce(&Question) -> BoxFuture<'static, Answer>,
    ) -> Answering {
        let answers = use_context::<Answers>().unwrap_or_else(|| {
            let answers = Answers::default();
            provide_context(answers.clone());
            answers
        });
        let (answer, is_first) = answers.ask(place, question, ask);
        let page = Owner::current_shared_context().filter(|page| is_first && page.get_is_hydrating());
        if let Some(page) = page {
            // Once the page is rendered.
            page.write_async(place.id(), Box::pin(async move { answers.written(place).await }));
        }
        answer
    }

    impl Answers {
        /// Also whether it is the first question of its place.
        pub(super) fn ask(
            &self,
            place: Place,
            question: Question,
            ask: impl FnOnce(&Question) -> BoxFuture<'static, Answer>,
        ) -> (Answering, bool) {
            let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let of_place = places.entry(place.0).or_default();
            let (key, is_first) = (place.key(&question), of_place.is_empty());
            let before = of_place.iter().position(|asked| asked.key == key).map(|at| of_place.remove(at));
            let asked = before.filter(|asked| asked.question == question).unwrap_or_else(|| {
                let answer = ask(&question).shared();
                Asked { key, question, answer }
            });
            let answer = asked.answer.clone();
            of_place.push(asked);
            (answer, is_first)
        }

        pub(super) async fn written(&self, place: Place) -> String {
            let asked: Vec<_> = {
                let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                places.get(&place.0).into_iter().flatten().map(|asked| (asked.key, asked.answer.clone())).collect()
            };
            let mut text = digits(place.0);
            for (key, answer) in asked {
                text = [&*text, &digits(key), &answer.await.write(), "\n"].concat();
            }
            text
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use std::future::ready;
    use std::sync::Arc;

    use isoform::{Error, Result};

    use super::*;
    use crate::answer::AskWith;

    fn question(source: i32) -> Question {
        let fetch = Arc::new(|source: i32| ready(if source == 0 { Err(Error::invalid("<a\nb>")) } else { Ok(source) }));
        Question { ask: Arc::new(AskWith { source, fetch }), asker: None }
    }

    async fn answered(answers: &Answers, place: Place, source: i32) -> Result<i32> {
        answers.ask(place, question(source), |question| question.ask.run()).0.await.typed()
    }

    #[test]
    fn what_is_asked_twice_at_one_place_is_asked_once() {
        futures::executor::block_on(async {
            let (answers, place) = (Answers::default(), Place::here());
            assert_eq!(answered(&answers, place, 3).await, Ok(3));
            let again = answers.ask(place, question(3), |_| panic!("it is asked a second time"));
            assert_eq!((again.0.await.typed(), again.1), (Ok(3), false));
            let elsewhere = answers.ask(Place::here(), question(3), |question| question.ask.run());
            assert!(elsewhere.1, "another place asks for itself");
        });
    }

    #[test]
    fn answers_are_found_by_what_was_asked_and_where() {
        futures::executor::block_on(async {
            let (answers, place) = (Answers::default(), Place::here());
            for source in [3, 0, 4, 3] {
                let _ = answered(&answers, place, source).await;
            }
            let text = answers.written(place).await;
            let found = read(place, &text);
            let typed: Vec<Result<i32>> = found.iter().map(|(_, answer)| answer.typed()).collect();
            assert_eq!(typed, [Err(Error::invalid("<a\nb>")), Ok(4), Ok(3)], "the latest is the last");
            assert!(found.iter().any(|(key, _)| *key == place.key(&question(4))));
            assert!(read(Place::here(), &text).is_empty(), "another place");
        });
    }

    #[test]
    fn a_question_that_has_changed_finds_the_answer_of_its_place_only_where_that_is_the_only_one() {
        futures::executor::block_on(async {
            let (answers, place) = (Answers::default(), Place::here());
            let found = async |source: i32| {
                let answers = read(place, &answers.written(place).await);
                of_question(&answers, place.key(&question(source))).map(crate::answer::Answer::typed::<i32>)
            };
            assert_eq!(found(3).await, None);
            let _ = answered(&answers, place, 3).await;
            assert_eq!(found(5).await, Some(Ok(3)), "as one about the time");
            let _ = answered(&answers, place, 4).await;
            assert_eq!(found(3).await, Some(Ok(3)));
            assert_eq!(found(4).await, Some(Ok(4)));
            assert_eq!(found(5).await, None, "no row of a list takes the answer of another one");
        });
    }

    #[test]
    fn a_fingerprint_knows_no_size_of_pointers() {
        let of = |write: fn(&mut Fingerprint)| {
            let mut hasher = Fingerprint::default();
            write(&mut hasher);
            hasher.finish()
        };
        assert_eq!(of(|h| h.write_usize(7)), of(|h| h.write_u64(7)));
        assert_eq!(of(|h| Some(7_u8).hash(h)), of(|h| (1_i64, 7_u8).hash(h)));
    }
}
