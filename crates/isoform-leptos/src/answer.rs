//! What a question to the server answered, without its type: one resource serves all entities, so that each further
//! query costs the wasm little.

use std::any::Any;
use std::convert::Infallible;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};

use isoform::future::BoxFuture;
use isoform::json::typed;
use isoform::{Error, Identity, Result};
use leptos::server::codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::written::Fingerprint;

/// What travels: any serde type that can be cloned.
pub trait Carried: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Carried for T {}

/// An answer.
#[derive(Clone)]
pub(crate) enum Answer {
    /// With its type, `Result<T>`, forgotten.
    Here(Arc<dyn AnyAnswer>),
    /// As the server wrote it into the page, and, once somebody knew its type, read.
    #[cfg_attr(not(any(test, target_arch = "wasm32")), expect(dead_code, reason = "the browser reads it"))]
    Written(Arc<str>, Arc<OnceLock<Arc<dyn AnyAnswer>>>),
}

pub(crate) trait AnyAnswer: Send + Sync {
    /// The answer as JSON.
    #[cfg(not(target_arch = "wasm32"))]
    fn write(&self) -> serde_json::Result<String>;

    fn as_any(&self) -> &dyn Any;

    fn error(&self) -> Option<&Error>;
}

impl<T: Carried> AnyAnswer for Result<T> {
    #[cfg(not(target_arch = "wasm32"))]
    fn write(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn error(&self) -> Option<&Error> {
        self.as_ref().err()
    }
}

impl Answer {
    pub fn new<T: Carried>(answer: Result<T>) -> Self {
        Self::Here(Arc::new(answer))
    }

    /// The answer, where necessary read.
    fn read<T: Carried>(&self) -> &dyn AnyAnswer {
        match self {
            Self::Here(answer) => &**answer,
            Self::Written(text, read) => &**read.get_or_init(|| {
                Arc::new(read_result::<T>(text).unwrap_or_else(|error| {
                    Err(Error::unavailable(format!("What the server wrote into the page cannot be read: {error}")))
                }))
            }),
        }
    }

    /// The answer with its type again; none where it has another one.
    pub fn look<T: Carried>(&self) -> Option<&Result<T>> {
        self.read::<T>().as_any().downcast_ref()
    }

    /// The answer as it is written into the page.
    ///
    /// This runs while the page is polled, hence in its request's context: a record in an answer shows the fields that this
    /// request's identity may see.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn write(&self) -> String {
        match self {
            Self::Here(answer) => answer.write().unwrap_or_else(|error| {
                let failed = Result::<(), Error>::Err(Error::internal(error));
                serde_json::to_string(&failed).unwrap_or_default()
            }),
            Self::Written(text, _) => text.to_string(),
        }
    }

    /// A copy of the answer with its type again.
    pub fn typed<T: Carried>(&self) -> Result<T> {
        self.look().cloned().unwrap_or_else(|| Err(Error::internal("an answer of another type")))
    }

    /// What went wrong.
    pub fn error<T: Carried>(&self) -> Option<Error> {
        self.read::<T>().error().cloned()
    }
}

/// Reads a result by way of a [`serde_json::Value`], so that no type brings a parser of its own.
fn read_result<T: DeserializeOwned>(text: &str) -> Result<Result<T>> {
    let mut json: serde_json::Value = serde_json::from_str(text).map_err(Error::internal)?;
    Ok(match json.get_mut("Ok") {
        Some(answer) => Ok(typed(answer.take()).map_err(Error::internal)?),
        None => Err(typed(json["Err"].take()).map_err(Error::internal)?),
    })
}

/// What Leptos writes into the page and reads there. Of answers that is nothing: they are [`crate::written`].
pub(crate) struct AsJson;

impl Encoder<Answer> for AsJson {
    type Error = Infallible;
    type Encoded = String;

    fn encode(_: &Answer) -> Result<String, Infallible> {
        Ok(String::new())
    }
}

impl Decoder<Answer> for AsJson {
    type Error = ();
    type Encoded = str;

    fn decode(_: &str) -> Result<Answer, ()> {
        Err(())
    }
}

/// Is it known who is signed in, and who is it?
pub(crate) type Known = (bool, Option<Identity>);

impl Encoder<Known> for AsJson {
    type Error = serde_json::Error;
    type Encoded = String;

    #[cfg(not(target_arch = "wasm32"))]
    fn encode(known: &Known) -> serde_json::Result<String> {
        serde_json::to_string(known)
    }

    /// The browser writes no pages.
    #[cfg(target_arch = "wasm32")]
    fn encode(_: &Known) -> serde_json::Result<String> {
        Ok(String::new())
    }
}

impl Decoder<Known> for AsJson {
    type Error = Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<Known> {
        let mut json: serde_json::Value = serde_json::from_str(text).map_err(Error::internal)?;
        let identity = typed(json[1].take()).map_err(Error::internal)?;
        Ok((json[0] == true, identity))
    }
}

/// A question: asked anew when it is no longer the same, or somebody else asks.
#[derive(Clone)]
pub(crate) struct Question {
    pub ask: Arc<dyn Ask>,
    pub asker: Option<Identity>,
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        self.asker == other.asker && self.ask.same(&*other.ask)
    }
}

pub(crate) trait Ask: Send + Sync {
    fn same(&self, other: &dyn Ask) -> bool;

    fn as_any(&self) -> &dyn Any;

    /// The same in the browser and on the server.
    fn fingerprint(&self, hasher: &mut Fingerprint);

    fn run(&self) -> BoxFuture<'static, Answer>;
}

/// A question that is a value, and what asks it.
pub(crate) struct AskWith<S, F> {
    pub source: S,
    pub fetch: Arc<F>,
}

/// An error as it leaves the server in a page: seen by the function that sees those of the API.
#[cfg(not(target_arch = "wasm32"))]
async fn on_its_way_out(error: Error) -> Error {
    match isoform::Context::current() {
        Ok(context) => context.error_out(error).await.told(),
        Err(_) => error.told(),
    }
}

impl<S, F, Fut, T> Ask for AskWith<S, F>
where
    S: PartialEq + Hash + Clone + Send + Sync + 'static,
    F: Fn(S) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T>> + Send + 'static,
    T: Carried,
{
    fn same(&self, other: &dyn Ask) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| other.source == self.source)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn fingerprint(&self, hasher: &mut Fingerprint) {
        self.source.hash(hasher);
    }

    fn run(&self) -> BoxFuture<'static, Answer> {
        let fut = (self.fetch)(self.source.clone());
        Box::pin(async move {
            let answer = fut.await;
            #[cfg(not(target_arch = "wasm32"))]
            let answer = match answer {
                Ok(answer) => Ok(answer),
                Err(error) => Err(on_its_way_out(error).await),
            };
            Answer::new(answer)
        })
    }
}
