//! What surrounds the API: sessions, own routes, pages and files, and what stops the start-up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use isoform::Host as _;
use isoform_server::{Api, Database, IdentityRequest, InProcess, Sessions};
use shared::prelude::*;
use tower::ServiceExt as _;

struct Served {
    database: Database,
    router: Router,
    looked_up: Arc<AtomicUsize>,
    _folder: tempfile::TempDir,
}

/// The application's entities with its sessions, own routes, a page and a file.
async fn served() -> Served {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::connect(&format!("sqlite://{}", folder.path().join("test.db").display())).await.unwrap();
    let looked_up = Arc::new(AtomicUsize::new(0));
    let counted = looked_up.clone();
    let api = Api::new(database.clone())
        .entities(shared::entities())
        .sessions(Sessions::default())
        .identity(move |request: IdentityRequest| {
            counted.fetch_add(1, Ordering::Relaxed);
            async move {
                let Some(id) = request.session_id().await? else { return Ok(None) };
                let user = User::query().filter(|u| u.id.eq(id)).first().await?;
                Ok(user.map(|user| user.identity()))
            }
        })
        .routes(Router::new().route("/own", get(own)).route("/panic", get(panicking)))
        .with_pages(
            Router::new().route("/page", get(page)),
            Router::new().fallback(async || if Context::current().is_ok() { "context" } else { "a file" }),
        );
    api.ensure_schema().await.unwrap();
    let password_hash = isoform::password::hash("right").await.unwrap();
    for (id, role) in [("ann", None), ("root", Some(ADMIN))] {
        let roles = Json(role.map(str::to_owned).into_iter().collect());
        let user = User { id: id.into(), name: id.to_uppercase(), roles, password_hash: password_hash.clone() };
        database.context().run(repo::<User>().insert(user)).await.unwrap();
    }
    Served { database, router: api.into_router().unwrap(), looked_up, _folder: folder }
}

/// A route of one's own is trusted, and knows who asks.
async fn own() -> String {
    let who = Identity::current().map_or_else(|error| error.status().to_string(), |who| who.name);
    let users = repo::<User>().count().await.map_or(0, |users| users);
    format!("{who} sees {users} users")
}

/// A page is guarded.
async fn page() -> String {
    match repo::<User>().count().await {
        Ok(users) => format!("{users} users"),
        Err(error) => error.status().to_string(),
    }
}

async fn panicking() -> String {
    panic!("the secret password is 1234")
}

async fn answer(router: &Router, request: Request<Body>) -> (StatusCode, String) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn get_request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// What the form of the application does.
async fn sign_in(name: &str, password: &str) -> Result<Identity> {
    let mut form = Record::<SignIn>::new();
    (form.name, form.password) = (name.into(), password.into());
    form.sign_in().await
}

#[tokio::test]
async fn who_signs_in_is_known_until_they_sign_out() {
    let served = served().await;
    let browser = Context::over(InProcess::remote(served.router.clone()));
    browser
        .run(async {
            let api = Context::current().unwrap().remote_api().unwrap().clone();
            assert_eq!(api.me().await.unwrap(), None);
            assert!(Task::query().await.unwrap_err().is_unauthenticated());
            let wrong = sign_in("ann", "wrong").await.unwrap_err();
            let unknown = sign_in("nobody", "right").await.unwrap_err();
            assert!(wrong.is_unauthenticated() && unknown.message() == wrong.message());
            let ann = sign_in("ann", "right").await.unwrap();
            assert_eq!(api.me().await.unwrap(), Some(ann));
            let task = Task { title: "Mine alone".into(), ..Task::blank() };
            assert_eq!(repo::<Task>().insert(task).await.unwrap().owner, "ann");
            User::sign_out().await.unwrap();
            assert_eq!(api.me().await.unwrap(), None);
            assert!(Task::query().await.unwrap_err().is_unauthenticated());
        })
        .await;
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_at_the_next_request() {
    let served = served().await;
    let browser = Context::over(InProcess::remote(served.router.clone()));
    browser.run(sign_in("root", "right")).await.unwrap();
    assert_eq!(browser.run(Task::set_all(true)).await.unwrap(), 0);
    let none = served.database.context().run(repo::<User>().update("root", |u| u.roles.set(Json(Vec::new())))).await;
    none.unwrap();
    assert!(browser.run(Task::set_all(true)).await.unwrap_err().is_forbidden());
    served.database.context().run(repo::<User>().delete("root")).await.unwrap();
    assert!(browser.run(Task::set_all(true)).await.unwrap_err().is_unauthenticated());
}

#[tokio::test]
async fn signing_in_makes_a_new_session_and_its_cookie_is_out_of_reach_of_scripts() {
    let served = served().await;
    let planted = "id=AAAAAAAAAAAAAAAAAAAAAA";
    let request = Request::post("/api/session/signIn")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::COOKIE, planted)
        .body(Body::from(r#"{"fields":{"name":"ann","password":"right"}}"#))
        .unwrap();
    let response = served.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert!(!cookie.starts_with(planted));
    let as_planted = Request::get("/api/me").header(header::COOKIE, planted).body(Body::empty()).unwrap();
    assert_eq!(answer(&served.router, as_planted).await.1, "null");
}

#[tokio::test]
async fn too_many_wrong_passwords_for_a_name_are_not_looked_at() {
    let served = served().await;
    let browser = Context::over(InProcess::remote(served.router.clone()));
    let mut last = None;
    for _ in 0..=isoform::password::ATTEMPTS {
        last = browser.run(sign_in("victim", "guess")).await.err();
    }
    assert_eq!(last.unwrap().status(), 429);
}

#[tokio::test]
async fn own_routes_are_trusted_pages_are_guarded_and_files_look_nobody_up() {
    let served = served().await;
    assert_eq!(answer(&served.router, get_request("/own")).await.1, "401 sees 2 users");
    assert_eq!(answer(&served.router, get_request("/page")).await.1, "401");
    let forged = Request::post("/own").header("sec-fetch-site", "cross-site").body(Body::empty()).unwrap();
    assert_eq!(answer(&served.router, forged).await.0, StatusCode::FORBIDDEN, "a page of another site cannot use them");
    let before = served.looked_up.load(Ordering::Relaxed);
    assert_eq!(answer(&served.router, get_request("/app.css")).await.1, "a file");
    assert_eq!(served.looked_up.load(Ordering::Relaxed), before);
}

#[tokio::test]
async fn a_panic_in_a_route_is_that_requests_500_and_tells_nothing() {
    let served = served().await;
    let (status, body) = answer(&served.router, get_request("/panic")).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(body.contains("in the log as") && !body.contains("1234"), "{body}");
    assert_eq!(answer(&served.router, get_request("/own")).await.0, StatusCode::OK);
}

mod clashes {
    use isoform::prelude::*;

    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "tasks")]
    pub struct OtherTask {
        #[field(id)]
        pub id: Uuid,
    }

    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "chores", table = "tasks")]
    pub struct Chore {
        #[field(id)]
        pub id: Uuid,
    }

    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "doubles")]
    pub struct Double {
        #[field(id)]
        pub id: Uuid,
    }

    #[backend]
    impl Record<Double> {
        /// One.
        #[allowed(true)]
        pub async fn same_path(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[backend]
    impl Double {
        /// Two.
        #[allowed(true)]
        pub async fn same_path() -> Result<()> {
            Ok(())
        }
    }
}

#[tokio::test]
async fn two_things_with_one_path_stop_the_start_up_with_both_named() {
    let database = Database::connect("sqlite::memory:").await.unwrap();
    let start =
        |entities: Entities| Api::new(database.clone()).entities(entities).into_router().unwrap_err().to_string();
    let said = start(shared::entities().and(entities![clashes::OtherTask]));
    assert!(said.contains("Task") && said.contains("OtherTask") && said.contains("\"tasks\""), "{said}");
    let said = start(shared::entities().and(entities![clashes::Chore]));
    assert!(said.contains("Task") && said.contains("Chore") && said.contains("one table"), "{said}");
    let said = start(entities![clashes::Double]);
    assert!(said.contains("doubles/samePath"), "{said}");
}

#[tokio::test]
async fn an_address_that_is_not_understood_says_what_would_be_right() {
    let error = Database::connect("postgres://localhost/app").await.unwrap_err();
    assert!(error.message().contains("sqlite://path/to/file.db"), "{error}");
    let error = Database::connect("sqlite:///proc/nowhere/app.db").await.unwrap_err();
    assert!(error.message().contains("/proc/nowhere"), "{error}");
    let error = Database::connect("sqlite://x.db?synchronous=SOMETIMES").await.unwrap_err();
    assert!(error.message().contains("NORMAL"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_to_stop_answers_what_it_has_begun_and_waits_for_nobody_idle() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let slow = async || {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        "at last"
    };
    let router = Router::new().route("/", get(async || "here")).route("/slow", get(slow));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(isoform_server::serve(listener, router, async { _ = stopped.await }));
    let ask = async |path: &str| {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    };
    let mut idle = ask("/").await;
    let mut answer = [0; 1024];
    let length = idle.read(&mut answer).await.unwrap();
    assert!(std::str::from_utf8(&answer[..length]).unwrap().ends_with("here"));
    let mut begun = ask("/slow").await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    stop.send(()).unwrap();
    let mut answer = String::new();
    begun.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("at last"), "{answer}");
    let ended = tokio::time::timeout(std::time::Duration::from_secs(5), server).await;
    ended.expect("nobody is waited for").unwrap().unwrap();
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap_or(0), 0, "the idle connection is closed");
}
