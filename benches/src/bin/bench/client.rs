//! As much of an HTTP/1.1 client as the load needs: one request at a time on a connection that stays open.

use std::net::SocketAddr;
use std::ops::Range;

use benches::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, in the connection's buffer until the next request.
pub struct Reply<'a> {
    /// The status code.
    pub status: u16,
    /// The status line and the headers.
    pub head: &'a str,
    /// The body.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub async fn open(addr: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request and reads its answer.
    pub async fn send(&mut self, request: &[u8]) -> Result<Reply<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.fill().await?;
            if let Some(head) = Head::parse(&self.buffer)? {
                break head;
            }
        };
        while self.buffer.len() < head.body.end {
            self.fill().await?;
        }
        let (top, body) = (self.buffer.get(..head.body.start), self.buffer.get(head.body));
        Ok(Reply {
            status: head.status,
            head: std::str::from_utf8(top.unwrap_or_default())?,
            body: body.unwrap_or_default(),
        })
    }

    async fn fill(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err("the server closed the connection".into());
        }
        Ok(())
    }
}

impl Reply<'_> {
    /// The body as JSON.
    pub fn json(&self) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(self.body)?)
    }

    /// An error with the body when the status is not the expected one.
    pub fn expect_status(&self, expected: u16) -> Result<()> {
        if self.status == expected {
            return Ok(());
        }
        let body = String::from_utf8_lossy(self.body);
        Err(format!("status {} where {expected} was expected: {body}", self.status).into())
    }

    /// The cookies that the answer sets, as a `Cookie` header sends them back.
    pub fn cookies(&self) -> Option<String> {
        let cookies: Vec<_> = headers(self.head)
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
            .filter_map(|(_, value)| value.split(';').next())
            .collect();
        (!cookies.is_empty()).then(|| cookies.join("; "))
    }
}

/// What must be known to find the end of an answer.
struct Head {
    status: u16,
    body: Range<usize>,
}

impl Head {
    /// `None` while the blank line is not there yet.
    fn parse(buffer: &[u8]) -> Result<Option<Self>> {
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(buffer.get(..end).unwrap_or_default())?;
        let status = text.get(9..12).and_then(|code| code.parse().ok()).ok_or("not an HTTP/1.1 answer")?;
        let length = headers(text)
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, value)| value.parse::<usize>())
            .transpose()?;
        let length = match length {
            Some(length) => length,
            None if matches!(status, 204 | 304) => 0,
            None => return Err("an answer without a content length".into()),
        };
        let start = end + 4;
        Ok(Some(Self { status, body: start..start + length }))
    }
}

fn headers(head: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = head.split("\r\n").skip(1);
    lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 201 Created\r\ncontent-LENGTH: 2\r\nSet-Cookie: id=x; Path=/\r\n\r\n[]";

    #[test]
    fn an_answer_ends_where_its_length_says() -> Result<()> {
        let head = Head::parse(ANSWER)?.ok_or("no head")?;
        assert_eq!((head.status, ANSWER.get(head.body)), (201, Some(&b"[]"[..])));
        Ok(())
    }

    #[test]
    fn half_a_head_is_waited_for() -> Result<()> {
        assert!(Head::parse(ANSWER.get(..30).unwrap_or_default())?.is_none());
        Ok(())
    }

    #[test]
    fn an_answer_of_unknown_length_is_an_error() {
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
        assert!(Head::parse(b"HTTP/1.1 204 No Content\r\n\r\n").is_ok_and(|head| head.is_some()));
    }

    #[test]
    fn a_cookie_is_sent_back_without_its_attributes() -> Result<()> {
        let reply = Reply { status: 201, head: std::str::from_utf8(ANSWER)?, body: b"[]" };
        assert_eq!(reply.cookies().as_deref(), Some("id=x"));
        assert!(reply.expect_status(200).is_err_and(|e| e.to_string().contains("201")));
        Ok(())
    }
}
