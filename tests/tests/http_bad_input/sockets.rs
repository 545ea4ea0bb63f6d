//! Clients that go away, are slow, or do not speak HTTP.

use super::*;

/// Sends bytes to a world's socket as they are.
async fn connect(world: &World) -> TcpStream {
    let address = world.base().trim_start_matches("http://").trim_end_matches("/api");
    TcpStream::connect(address).await.unwrap()
}

async fn answer_to(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut text))
        .await
        .expect("an answer in time")
        .unwrap();
    text
}

async fn socket(limits: Limits) -> World {
    World::limited(Way::Socket, entities::all(), limits).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_in_the_middle_of_its_body_writes_nothing() {
    let world = socket(Limits::default()).await;
    for sent in ["[", "[{\"text\": \"a\"}", "[{\"text\": \"a\"}, {\"text\""] {
        let mut stream = connect(&world).await;
        let head = format!(
            "POST /api/samples HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{sent}"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
        drop(stream);
        // Or only its sending half.
        let mut stream = connect(&world).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let text = answer_to(&mut stream).await;
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 400"), "{text}");
    }
    assert_eq!(rows(&world).await, 0);
    still_serving(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_in_the_middle_of_a_write_leaves_all_or_nothing() {
    let world = socket(Limits::default()).await;
    let batch: Vec<Json> =
        (0..400).map(|number| json!({"id": format!("w{number}"), "holder": "Ann", "balance": number})).collect();
    let body = json!(batch).to_string();
    let mut undone = 0;
    for wait in [0, 1, 2, 5, 10, 20, 40] {
        let mut stream = connect(&world).await;
        let head = format!(
            "POST /api/accounts HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            bearer(&ann()),
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        drop(stream);
        // Whoever comes next waits for whatever is still going on.
        world
            .backend()
            .run(repo::<Account>().insert(Account { id: "next".into(), balance: 0, holder: "x".into() }))
            .await
            .unwrap();
        world.backend().run(repo::<Account>().delete("next")).await.unwrap();
        let accounts = world.backend().run(Account::query().filter(|a| a.id.starts_with("w")).count()).await.unwrap();
        assert!(accounts == 0 || accounts == 400, "{accounts} of 400");
        if accounts == 0 {
            undone += 1;
        } else {
            world
                .backend()
                .transaction(async |_| {
                    for mut account in Account::query().filter(|a| a.id.starts_with("w")).await? {
                        account.balance = 0;
                        account.save().await?;
                        account.delete().await?;
                    }
                    Ok(())
                })
                .await
                .unwrap();
        }
    }
    assert!(undone > 0, "some clients left before the end");
    still_serving(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_arrive_in_time_is_a_408() {
    let world = socket(Limits { time: Duration::from_millis(300), ..Limits::default() }).await;
    for attempt in 0..5 {
        let mut stream = connect(&world).await;
        let head = "POST /api/samples HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        if attempt > 0 {
            stream.write_all(b"{\"text\": ").await.unwrap();
        }
        let text = answer_to(&mut stream).await;
        assert!(text.starts_with("HTTP/1.1 408"), "{text}");
        assert!(text.contains("\"message\":"), "{text}");
    }
    // One byte now and then does not help.
    let mut stream = connect(&world).await;
    let head = "POST /api/samples HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let drip = tokio::spawn(async move {
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if writing.write_all(b" ").await.is_err() {
                break;
            }
        }
    });
    let mut text = vec![0; 20];
    tokio::time::timeout(Duration::from_secs(3), reading.read_exact(&mut text)).await.expect("in time").unwrap();
    assert!(text.starts_with(b"HTTP/1.1 408"), "{text:?}");
    drip.abort();
    assert_eq!(rows(&world).await, 0);
    still_serving(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_http_do_not_disturb_others() {
    let world = socket(Limits::default()).await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET\r\n\r\n",
        b"GET /api/samples\r\n\r\n",
        b"GET /api/samples HTTP/9.9\r\n\r\n",
        b"GET /api/sam\x00ples HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /api/samples HTTP/1.1\r\nhost\r\n\r\n",
        b"POST /api/samples HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: -1\r\n\r\n{}",
        b"POST /api/samples HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x",
        b"POST /api/samples HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/samples HTTP/1.1\r\nhost: x\r\ncontent-type: \xff\xfe\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
    ] {
        let mut stream = connect(&world).await;
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await.expect("the connection ends");
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{:?}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(rows(&world).await, 0);
    still_serving(&world).await;
}
