//! A server of the released application with a database of its own, and a Chromium before it.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use isoform::prelude::*;
use serde_json::{Value as JsonValue, json};
use shared::prelude::*;

pub const PASSWORD: &str = "a password for tests";

/// A program that ends with the test, however the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn env_path(name: &str, default: &str) -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::var_os(name).map_or_else(|| here.join(default), PathBuf::from)
}

pub fn server_binary() -> PathBuf {
    env_path("ISOFORM_SERVER_BIN", "target/release/server")
}

pub fn site_root() -> PathBuf {
    env_path("ISOFORM_SITE_ROOT", "target/site")
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The application, served.
pub struct Application {
    port: u16,
    folder: tempfile::TempDir,
    log: Arc<Mutex<String>>,
    arguments: &'static [&'static str],
    running: Option<Running>,
}

impl Application {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With the 20,000 rows of demonstration data.
    pub async fn with_demo_data() -> Self {
        Self::with(&["--demo-data"]).await
    }

    async fn with(arguments: &'static [&'static str]) -> Self {
        let (log, folder) = (Arc::default(), tempfile::tempdir().unwrap());
        let mut application = Self { port: free_port(), folder, log, arguments, running: None };
        application.serve().await;
        application
    }

    /// Starts the server, also again after [`Application::stop`].
    pub async fn serve(&mut self) {
        let binary = server_binary();
        assert!(binary.exists(), "{} is not there: run `cargo leptos build --release` first", binary.display());
        let mut child = Command::new(binary)
            .args(self.arguments)
            .env("DATABASE_URL", format!("sqlite://{}", self.folder.path().join("app.db").display()))
            .env("LEPTOS_SITE_ADDR", format!("127.0.0.1:{}", self.port))
            .env("LEPTOS_SITE_ROOT", site_root())
            .env("LEPTOS_OUTPUT_NAME", "app")
            .env("ADMIN_PASSWORD", PASSWORD)
            .env("MEMBER_PASSWORD", PASSWORD)
            .env("RUST_LOG", "info")
            .env("NO_COLOR", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (lines, log) = (BufReader::new(child.stdout.take().unwrap()).lines(), self.log.clone());
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                log.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        self.running = Some(Running(child));
        let me = Context::remote(&self.api());
        within(&mut async || me.remote_api().unwrap().me().await.is_ok(), "the server answers").await;
    }

    pub fn stop(&mut self) {
        self.running = None;
    }

    pub fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn api(&self) -> String {
        self.address("/api")
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// A program that is signed in, to look at the table from outside.
    pub async fn program(&self, name: &str) -> Context {
        let context = Context::remote(&self.api());
        let mut sign_in = Record::from(SignIn { name: name.into(), password: PASSWORD.into() });
        context.run(sign_in.sign_in()).await.unwrap();
        context
    }
}

/// Waits until something holds; fails with its name after ten seconds.
pub async fn within(holds: &mut impl AsyncFnMut() -> bool, what: &str) {
    for _ in 0..200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("this does not come about: {what}");
}

/// One Chromium at a time: two of them starve each other on a small machine.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A Chromium and its driver.
pub struct Browser {
    pub client: Client,
    _turn: tokio::sync::MutexGuard<'static, ()>,
    _driver: Running,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub async fn open(width: u32, height: u32) -> Self {
        let turn = TURN.lock().await;
        let driver = std::env::var("ISOFORM_CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
        let chromium = std::env::var("ISOFORM_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
        let (port, profile) = (free_port(), tempfile::tempdir().unwrap());
        let child =
            Command::new(&driver).arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let driver = Running(child.unwrap_or_else(|error| panic!("{driver} cannot be started: {error}")));
        let mut arguments: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        arguments.push(format!("--window-size={width},{height}"));
        let capabilities = json!({
            "goog:chromeOptions": { "args": arguments, "binary": chromium },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let JsonValue::Object(capabilities) = capabilities else { unreachable!() };
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let mut builder = ClientBuilder::new(connector);
        builder.capabilities(capabilities);
        let address = format!("http://127.0.0.1:{port}");
        for _ in 0..100 {
            if let Ok(client) = builder.connect(&address).await {
                return Self { client, _turn: turn, _driver: driver, _profile: profile };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("chromium does not start");
    }

    /// Does something with the page, and ends the session however that ends.
    pub async fn visit(self, act: impl AsyncFnOnce(&Client)) {
        let client = self.client.clone();
        let outcome = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(act(&client))).await;
        let _ = client.close().await;
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    }
}

/// The page, with the words of the tests.
pub trait Page {
    async fn press(&self, test: &str);
    async fn enter(&self, css: &str, text: &str);
    async fn has(&self, css: &str) -> bool;
    async fn text(&self, css: &str) -> String;
    async fn see(&self, css: &str);
    async fn see_text(&self, css: &str, text: &str);
    async fn script(&self, script: &str) -> JsonValue;
    async fn sign_in(&self, application: &Application, name: &str);
    async fn hydrated(&self);
    async fn count_requests(&self);
    async fn requests(&self) -> Vec<String>;
}

impl Page for Client {
    async fn press(&self, test: &str) {
        let css = format!("[data-test={test}]");
        self.see(&css).await;
        self.find(Locator::Css(&css)).await.unwrap().click().await.unwrap();
    }

    /// Replaces what stands in an input, key by key.
    async fn enter(&self, css: &str, text: &str) {
        self.see(css).await;
        let input = self.find(Locator::Css(css)).await.unwrap();
        input.click().await.unwrap();
        input.send_keys("\u{e009}a\u{e000}\u{e003}").await.unwrap();
        input.send_keys(text).await.unwrap();
    }

    async fn has(&self, css: &str) -> bool {
        self.find(Locator::Css(css)).await.is_ok()
    }

    async fn text(&self, css: &str) -> String {
        match self.find(Locator::Css(css)).await {
            Ok(element) => element.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    async fn see(&self, css: &str) {
        within(&mut async || self.has(css).await, &format!("the page has {css}")).await;
    }

    async fn see_text(&self, css: &str, text: &str) {
        within(&mut async || self.text(css).await.contains(text), &format!("{css} says {text:?}")).await;
    }

    async fn script(&self, script: &str) -> JsonValue {
        self.execute(script, Vec::new()).await.unwrap()
    }

    /// By the keyboard alone.
    async fn sign_in(&self, application: &Application, name: &str) {
        self.goto(&application.address("/sign-in")).await.unwrap();
        self.see("[data-test=sign-in]:not([disabled])").await;
        self.enter("[data-field=name] input", name).await;
        self.enter("[data-field=password] input", &format!("{PASSWORD}\u{e007}")).await;
        self.see("[data-test=sign-out]").await;
        self.see(".add").await;
    }

    /// Waits until the page answers to keys and clicks.
    async fn hydrated(&self) {
        let loaded = "return performance.getEntriesByType('resource').some(entry => entry.name.endsWith('.wasm') && entry.responseEnd > 0)";
        within(&mut async || self.script(loaded).await == true, "the wasm is loaded").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    async fn count_requests(&self) {
        self.script(
            "window.sent = []; const real = window.fetch.bind(window);
             window.fetch = (request, init) => { window.sent.push(request.url ?? request); return real(request, init); };",
        )
        .await;
    }

    async fn requests(&self) -> Vec<String> {
        serde_json::from_value(self.script("return window.sent").await).unwrap()
    }
}
