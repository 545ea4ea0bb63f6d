//! A started server.

use std::error::Error;
use std::fmt::Display;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use benches::Result;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::client::Connection;
use crate::requests;
use crate::seed;
use crate::subject::{Left, Ready, SignIn, Subject};

const START_LIMIT: Duration = Duration::from_secs(30);

/// A running child process; it ends when this is dropped.
pub struct Server {
    /// What it is.
    pub subject: &'static Subject,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its SQLite file.
    pub db: PathBuf,
    /// The `Cookie` header of each request.
    pub cookie: Option<String>,
    /// The signed-in user.
    pub user_id: String,
    /// Resident memory after the start, before the first request.
    pub idle_kib: u64,
    log: PathBuf,
    child: Child,
}

impl Server {
    /// Starts a server and waits until it is ready. One that ends at once without an error takes no part.
    pub async fn start(subject: &'static Subject, scratch: &Path) -> Result<Result<Self, Left>> {
        let file = |extension: &str| scratch.join(subject.name.replace(' ', "-")).with_extension(extension);
        let (db, log) = (file("db"), file("log"));
        let addr = free_address()?;
        let mut child = Command::from(subject.command(&db, addr.port()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let pid = child.id().ok_or("no process id")?;
        let mut server = Self { subject, addr, db, cookie: None, user_id: "member".into(), idle_kib: 0, log, child };
        match timeout(START_LIMIT, server.ready(stdout)).await {
            Err(_) => Err(server.blame("not ready after 30 s")),
            Ok(Err(error)) => Err(server.blame(error)),
            Ok(Ok(Some(status))) if status.success() => {
                Ok(Err(Left("it ended without serving; is it written yet?".into())))
            }
            Ok(Ok(Some(status))) => Err(server.blame(format!("ended with {status}"))),
            Ok(Ok(None)) => {
                sleep(Duration::from_millis(500)).await;
                server.idle_kib = resident_kib(pid)?;
                Ok(Ok(server))
            }
        }
    }

    /// `None` once it is ready, the status if it ended before.
    async fn ready(&mut self, stdout: impl AsyncRead + Unpin + Send + 'static) -> Result<Option<ExitStatus>> {
        let mut lines = BufReader::new(stdout).lines();
        if matches!(self.subject.ready, Ready::Line) {
            loop {
                match lines.next_line().await? {
                    Some(line) if line == "ready" => break,
                    Some(_) => {}
                    None => return Ok(Some(self.child.wait().await?)),
                }
            }
        }
        // A server whose stdout nobody reads would stop at a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        if let Ready::Get(path) = self.subject.ready {
            while self.get(path).await.is_err() {
                if let Some(status) = self.child.try_wait()? {
                    return Ok(Some(status));
                }
                sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(None)
    }

    async fn get(&self, path: &str) -> Result<serde_json::Value> {
        let mut connection = Connection::open(self.addr).await?;
        let reply = connection.send(&requests::bytes(self, "GET", path, "")).await?;
        reply.expect_status(200)?;
        reply.json()
    }

    /// Gets the cookie that the requests carry, and the id of the user whose rows they touch.
    pub async fn sign_in(&mut self) -> Result<()> {
        match self.subject.sign_in {
            SignIn::Nobody => {}
            SignIn::Seeded => self.cookie = Some(seed::SESSION.into()),
            SignIn::Post { path, body } => {
                let mut connection = Connection::open(self.addr).await?;
                let reply = connection.send(&requests::bytes(self, "POST", path, body)).await?;
                reply.expect_status(200).map_err(|e| self.blame(e))?;
                self.cookie = Some(reply.cookies().ok_or_else(|| format!("{path} sets no cookie"))?);
                let me = self.get("/api/me").await?;
                self.user_id = me["id"].as_str().ok_or("/api/me names no id")?.into();
            }
        }
        Ok(())
    }

    /// Resident memory now.
    pub fn resident_kib(&self) -> Result<u64> {
        resident_kib(self.child.id().ok_or_else(|| format!("{} has ended", self.subject.name))?)
    }

    /// An error with the server's name and its last words.
    pub fn blame(&self, error: impl Display) -> Box<dyn Error + Send + Sync> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(10)..).unwrap_or_default().join("\n");
        format!("{}: {error}\n{last}", self.subject.name).into()
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn resident_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// A directory for the run's files, removed at the end.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes it among the system's temporary files.
    pub fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("isoform-bench-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing is lost if it stays.
        fs::remove_dir_all(&self.0).ok();
    }
}
