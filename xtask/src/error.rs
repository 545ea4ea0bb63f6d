//! What can go wrong here, told apart by whose mistake it is.

use std::fmt;
use std::path::Path;

/// Why a command did not succeed.
#[derive(Debug, PartialEq)]
pub enum Error {
    /// The command line was not understood.
    Usage(String),
    /// A child ended with a code of its own, which becomes ours.
    Child {
        /// What was run, as it would be typed.
        command: String,
        /// The code that it ended with.
        code: u8,
    },
    /// Anything else, said for people.
    Failed(String),
}

impl Error {
    /// The code that this process ends with.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Child { code, .. } => *code,
            Self::Failed(_) => 1,
        }
    }

    /// A file or directory that could not be read or made.
    pub fn file(path: &Path, cause: &std::io::Error) -> Self {
        Self::Failed(format!("{}: {cause}", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) => write!(f, "{message}\n\n{}", crate::arguments::help()),
            Self::Child { command, code } => write!(f, "`{command}` ended with code {code}"),
            Self::Failed(message) => f.write_str(message),
        }
    }
}
