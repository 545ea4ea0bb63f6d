//! The request that an operation came with, and what its answer is to have beside the result.

use std::sync::{LazyLock, Mutex, PoisonError};

use crate::{Error, Result};

/// Headers of an answer that say how it is carried: they are the server's.
const CARRYING: [&str; 6] =
    ["connection", "content-length", "content-type", "keep-alive", "transfer-encoding", "upgrade"];

/// Headers by their names, in the order in which they came.
type Headers = Vec<(String, String)>;

/// A request over HTTP: its headers, and the status and headers that handlers give its answer.
#[derive(Debug)]
pub struct Exchange {
    /// Most handlers never look at them.
    headers: LazyLock<Headers, Box<dyn FnOnce() -> Headers + Send + Sync>>,
    reply: Mutex<Reply>,
}

/// What handlers have said of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Another status, where the answer is no error: errors have their own.
    pub status: Option<u16>,
    /// More headers, by their names in small letters.
    pub headers: Vec<(String, String)>,
}

impl Exchange {
    /// The exchange of a request with the headers that a function tells, once somebody asks for them.
    #[must_use]
    pub fn new(headers: impl FnOnce() -> Vec<(String, String)> + Send + Sync + 'static) -> Self {
        let named = || headers().into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        Self { headers: LazyLock::new(Box::new(named)), reply: Mutex::default() }
    }

    /// A header of the request; of several with this name the first.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The headers of the request, by their names in small letters.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What handlers have said of the answer so far.
    #[must_use]
    pub fn reply(&self) -> Reply {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_status(&self, status: u16) -> Result<()> {
        if !(200..400).contains(&status) {
            return Err(Error::internal(format!(
                "a handler set the status {status}: it must be 200 to 399; an error has its own, `Error::with_status`"
            )));
        }
        self.reply.lock().unwrap_or_else(PoisonError::into_inner).status = Some(status);
        Ok(())
    }

    pub(crate) fn set_header(&self, name: &str, value: &str) -> Result<()> {
        let name = name.to_ascii_lowercase();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let is_value = |byte: u8| byte == b'\t' || (b' '..=b'~').contains(&byte);
        let problem = if name.is_empty() || !name.bytes().all(is_token) {
            "has a name that is none of a header"
        } else if CARRYING.contains(&name.as_str()) {
            "is the server's to set"
        } else if !value.bytes().all(is_value) {
            "must have visible ASCII letters only"
        } else {
            let headers = &mut self.reply.lock().unwrap_or_else(PoisonError::into_inner).headers;
            headers.retain(|(known, _)| *known != name);
            headers.push((name, value.to_owned()));
            return Ok(());
        };
        Err(Error::internal(format!("a handler set the header \"{}\", which {problem}", name.escape_debug())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_cannot_smuggle_another_one_in() {
        let exchange = Exchange::new(|| vec![("X-One".to_owned(), "1".to_owned())]);
        assert_eq!(exchange.header("x-ONE"), Some("1"));
        assert!(exchange.set_header("x-two", "2\r\nset-cookie: a=b").is_err());
        assert!(exchange.set_header("x two", "2").is_err());
        assert!(exchange.set_header("Content-Length", "2").is_err());
        assert!(exchange.set_status(500).is_err());
        assert!(exchange.set_header("X-Two", "1").is_ok() && exchange.set_header("x-two", "2").is_ok());
        assert_eq!(exchange.reply().headers, [("x-two".to_owned(), "2".to_owned())]);
    }
}
