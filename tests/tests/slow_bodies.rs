//! Who asks is who they are once their request has arrived.

use std::time::Duration;

use http::{Request, header};
use http_body_util::BodyExt as _;
use isoform_server::{Api, Database, IdentityRequest, Sessions};
use shared::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower::ServiceExt as _;

struct Served {
    database: Database,
    router: axum::Router,
    address: std::net::SocketAddr,
    _folder: tempfile::TempDir,
}

async fn served() -> Served {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::connect(&format!("sqlite://{}", folder.path().join("test.db").display())).await.unwrap();
    let api = Api::new(database.clone()).entities(shared::entities()).sessions(Sessions::default()).identity(
        async |request: IdentityRequest| {
            let Some(id) = request.session_id().await? else { return Ok(None) };
            let user = User::query().filter(|u| u.id.eq(id)).first().await?;
            Ok(user.map(|user| user.identity()))
        },
    );
    api.ensure_schema().await.unwrap();
    let password_hash = isoform::password::hash("right").await.unwrap();
    let user = User { id: "ann".into(), name: "Ann".into(), roles: Json(Vec::new()), password_hash };
    database.context().run(repo::<User>().insert(user)).await.unwrap();
    let router = api.into_router().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = router.clone();
    tokio::spawn(async move { axum::serve(listener, serving).await });
    Served { database, router, address, _folder: folder }
}

impl Served {
    /// Calls a method; answers the session's cookie.
    async fn call(&self, method: &str, cookie: &str, args: &str) -> String {
        let request = Request::post(format!("/api/{method}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, cookie)
            .body(axum::body::Body::from(args.to_owned()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200, "{method}");
        let cookie = response.headers().get(header::SET_COOKIE).map(|cookie| cookie.to_str().unwrap().to_owned());
        response.into_body().collect().await.unwrap();
        cookie.unwrap_or_default().split(';').next().unwrap_or_default().to_owned()
    }

    /// A request whose body has begun.
    async fn begin(&self, line: &str, cookie: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "{line} HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body.as_bytes()[..body.len() / 2]).await.unwrap();
        stream.flush().await.unwrap();
        // So that whoever judges too early has done so.
        tokio::time::sleep(Duration::from_millis(150)).await;
        stream
    }
}

async fn end(mut stream: TcpStream, body: &str) -> String {
    stream.write_all(&body.as_bytes()[body.len() / 2..]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

const WRITES: [(&str, &str); 5] = [
    ("POST /api/tasks", r#"{"title": "written by somebody who is gone"}"#),
    ("POST /api/tasks", r#"[{"title": "written by somebody who is gone"}]"#),
    ("POST /api/$batch", r#"[{"insert": "tasks", "set": {"title": "written by somebody who is gone"}}]"#),
    ("POST /api/tasks?__action=updateMany", r#"{"set": {"completed": true}, "where": "all"}"#),
    ("PUT /api/tasks?completed=false", r#"{"title": "changed by somebody who is gone"}"#),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_out_before_their_body_has_arrived_writes_nothing() {
    let served = served().await;
    let mine = Task { title: "Mine alone".into(), owner: "ann".into(), ..Task::blank() };
    let ann = served.database.context().with_identity(Identity::new("ann", "Ann"));
    ann.run(repo::<Task>().insert(mine)).await.unwrap();
    for (line, body) in WRITES {
        let cookie = served.call("session/signIn", "", r#"{"fields":{"name":"ann","password":"right"}}"#).await;
        let stream = served.begin(line, &cookie, body).await;
        served.call("users/signOut", &cookie, r#"{"args":[]}"#).await;
        let answer = end(stream, body).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{line}: {answer}");
    }
    let tasks = served.database.context().run(async { Task::query().await.unwrap() }).await;
    assert_eq!(
        tasks.iter().map(|task| (task.title.as_str(), task.completed)).collect::<Vec<_>>(),
        [("Mine alone", false)]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stays_signed_in_writes_however_slowly() {
    let served = served().await;
    let cookie = served.call("session/signIn", "", r#"{"fields":{"name":"ann","password":"right"}}"#).await;
    for (line, body) in WRITES {
        let stream = served.begin(line, &cookie, body).await;
        let answer = end(stream, body).await;
        assert!(answer.starts_with("HTTP/1.1 20"), "{line}: {answer}");
    }
    assert_eq!(served.database.context().run(async { Task::query().count().await.unwrap() }).await, 3);
}
