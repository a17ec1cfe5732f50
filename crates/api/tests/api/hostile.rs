//! Other ends that are no service, or mean harm: a number and a sentence, and memory stays small.

use openras_api::Problem;
use openras_api::types::server::Server;
use tokio::io::AsyncWriteExt;

use crate::other_end::{Peer, other_end};

/// What `server()` says when every request gets these bytes and the end of the connection.
async fn met_with(bytes: impl Into<Vec<u8>>) -> Result<Server, Problem> {
    let bytes = bytes.into();
    let end = other_end(move |mut peer: Peer| {
        let bytes = bytes.clone();
        async move {
            if peer.request().await.is_some() {
                let _ = peer.stream.write_all(&bytes).await;
            }
        }
    });
    end.client().await.server().await
}

#[tokio::test]
async fn what_is_no_http_is_said_to_be_no_service() {
    for garbage in [
        &b"SSH-2.0-OpenSSH_9.9\r\n\r\n"[..],
        b"\x00\xff\xfe\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: a lot\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ] {
        let problem = met_with(garbage).await.unwrap_err();
        assert_eq!(problem.error, 13, "{problem}");
        assert!(problem.message.contains("no service of this version"), "{problem}");
        assert!(!problem.message.contains(char::is_control) && !problem.remedy.is_empty());
    }
}

#[tokio::test]
async fn a_head_of_any_length_is_not_read_on() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
    let problem = met_with(long).await.unwrap_err();
    assert_eq!(problem.error, 13, "{problem}");
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1000));
    let problem = met_with(many).await.unwrap_err();
    assert_eq!(problem.error, 13, "{problem}");
}

#[tokio::test]
async fn a_head_without_end_is_cut() {
    let end = other_end(|mut peer: Peer| async move {
        peer.request().await;
        peer.say("HTTP/1.1 200 OK\r\n").await;
        while peer.stream.write_all(b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n").await.is_ok() {}
    });
    let problem = end.client().await.server().await.unwrap_err();
    assert_eq!(problem.error, 13, "{problem}");
}

#[tokio::test]
async fn a_body_without_end_is_cut() {
    let end = other_end(|mut peer: Peer| async move {
        peer.request().await;
        peer.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        while peer.stream.write_all(chunk.as_bytes()).await.is_ok() {}
    });
    let problem = end.client().await.server().await.unwrap_err();
    assert_eq!(problem.error, 13, "{problem}");
    assert!(problem.message.contains("longer than 16 MiB"), "{problem}");
}

#[tokio::test]
async fn an_answer_cut_short_is_told() {
    for cut in ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"version\":"] {
        let problem = met_with(cut).await.unwrap_err();
        assert_eq!(problem.error, 711, "{cut:?}: {problem}");
        assert!(problem.message.contains("before its answer was whole"), "{cut:?}: {problem}");
    }
}

#[tokio::test]
async fn json_of_the_wrong_shape_is_told_and_made_safe_to_show() {
    for body in
        ["", "[]", "{\"version\":5}", "\u{1b}[2J", "{\"version\":\"1\",\"api\":\"\u{202e}\u{1b}]0;x\"}"]
    {
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let problem = met_with(answer).await.unwrap_err();
        assert_eq!(problem.error, 13, "{problem}");
        assert!(!problem.message.contains(['\u{1b}', '\u{202e}']), "{problem}");
    }
}

#[tokio::test]
async fn a_refusal_without_reason_says_so() {
    let problem = met_with("HTTP/1.1 500 x\r\ncontent-length: 4\r\n\r\noops").await.unwrap_err();
    assert_eq!(problem.error, 13);
    assert!(problem.message.contains("it answers 500"), "{problem}");
    let problem = met_with("HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n").await.unwrap_err();
    assert!(problem.remedy.contains("older than this program"), "{problem}");
}

#[tokio::test]
async fn another_protocol_unasked_is_refused() {
    let answer = "HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\nPRI";
    let problem = met_with(answer).await.unwrap_err();
    assert_eq!(problem.error, 13, "{problem}");
}

#[tokio::test]
async fn an_answer_nobody_asked_for_is_not_taken_for_the_next_one() {
    let two = "HTTP/1.1 403 x\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 204 x\r\n\r\n";
    let end = other_end(move |mut peer: Peer| async move {
        while peer.request().await.is_some() {
            peer.say(two).await;
        }
    });
    let client = end.client().await;
    for _ in 0..3 {
        assert_eq!(client.hangup(1).await.unwrap_err().error, 13);
    }
}
