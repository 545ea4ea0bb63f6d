//! The two flags of a server under load.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Any failure: a benchmark prints it and ends.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// `--db PATH --port N`: the SQLite file to serve and the port on the loopback interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFlags {
    /// The SQLite file; created when it is not there.
    pub db: PathBuf,
    /// The port on 127.0.0.1.
    pub port: u16,
}

impl ServerFlags {
    /// Reads the process's arguments.
    ///
    /// # Errors
    /// When one of the two is missing, has no value or is unknown.
    pub fn parse() -> Result<Self> {
        Self::from_args(std::env::args().skip(1))
    }

    fn from_args(args: impl IntoIterator<Item = String>) -> Result<Self> {
        let (mut db, mut port) = (None, None);
        let mut args = args.into_iter();
        while let Some(flag) = args.next() {
            let value = args.next().ok_or_else(|| format!("{flag} needs a value"))?;
            match flag.as_str() {
                "--db" => db = Some(PathBuf::from(value)),
                "--port" => port = Some(value.parse().map_err(|e| format!("--port {value}: {e}"))?),
                _ => return Err(format!("unknown flag {flag}; known: --db PATH --port N").into()),
            }
        }
        Ok(Self { db: db.ok_or("--db PATH is missing")?, port: port.ok_or("--port N is missing")? })
    }

    /// Where to listen.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Tells `bench` that the schema is made and the port is open.
    pub fn announce_ready() {
        println!("ready");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &str) -> Result<ServerFlags> {
        ServerFlags::from_args(args.split_whitespace().map(String::from))
    }

    #[test]
    fn both_flags_are_read_in_any_order() -> Result<()> {
        let flags = parse("--port 4000 --db a.db")?;
        assert_eq!(flags, ServerFlags { db: "a.db".into(), port: 4000 });
        assert_eq!(flags.addr().to_string(), "127.0.0.1:4000");
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (args, word) in
            [("--db a.db", "--port"), ("--db", "--db"), ("--host x", "--host"), ("--port x --db a", "x")]
        {
            assert!(parse(args).is_err_and(|e| e.to_string().contains(word)), "{args}");
        }
    }
}
