//! Files handed over as descriptors.

use std::fs::File;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::time::Duration;

use openras_service::rights::Rights;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::{Value, json};
use tokio::io::AsyncBufReadExt;

use crate::lab::{Http, Lab};

/// Hands over as many copies of a file; the service's line.
async fn hand_over(lab: &Lab, file: &File, copies: usize) -> Value {
    let mut client = lab.client().await;
    let head = client.upgrade("/v1/descriptors", "openras-descriptor", None).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    let files = vec![file.as_fd(); copies];
    if copies > 0 {
        assert!(beside.push(SendAncillaryMessage::ScmRights(&files)));
    }
    sendmsg(client.0.get_ref(), &[IoSlice::new(b"\n")], &mut beside, SendFlags::empty()).unwrap();
    line(&mut client).await
}

async fn line(client: &mut Http) -> Value {
    let mut line = String::new();
    client.0.read_line(&mut line).await.unwrap();
    serde_json::from_str(&line).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_capture_goes_to_the_clients_own_file() {
    let lab = Lab::start().await;
    let path = lab.folder.path().join("capture.pcapng");
    let descriptor = hand_over(&lab, &File::create(&path).unwrap(), 1).await["descriptor"].clone();
    let (connection, notifier) = lab.dial(json!({ "capture": descriptor })).await;
    let mut events = lab.hold(&connection, &notifier).await;
    events.until_state("RASCS_Connected").await;
    lab.ask("POST", &format!("{connection}/hangup"), None).await;
    events.ended().await;
    // it is written on a thread of its own, which goes on behind the end of the call
    while std::fs::metadata(&path).unwrap().len() <= 100 {
        tokio::task::yield_now().await;
    }
    // it was good once
    let body = json!({ "line": "exchange:100", "capture": descriptor });
    assert_eq!(lab.ask("POST", "/v1/connections", Some(body)).await.1["error"], 87);
}

// in real time: the writer is a thread
#[tokio::test]
async fn a_capture_is_whole_and_names_its_call_when_the_end_is_told() {
    let lab = Lab::start().await;
    let path = lab.folder.path().join("capture.pcapng");
    let descriptor = hand_over(&lab, &File::create(&path).unwrap(), 1).await["descriptor"].clone();
    let (connection, notifier) = lab.dial(json!({ "capture": descriptor })).await;
    let mut events = lab.hold(&connection, &notifier).await;
    events.until_state("RASCS_Connected").await;
    lab.ask("POST", &format!("{connection}/hangup"), None).await;
    events.ended().await;
    let bytes = std::fs::read(&path).unwrap();
    // its last block is the interface's statistics (5); a block's length stands at its end once more
    let length = u32::from_le_bytes(bytes[bytes.len() - 4..].try_into().unwrap());
    let last = bytes.len() - usize::try_from(length).unwrap();
    assert_eq!(bytes[last..last + 4], 5u32.to_le_bytes());
    let text = format!("call {} to exchange:100", connection.rsplit('/').next().unwrap());
    assert!(bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
}

#[tokio::test(start_paused = true)]
async fn exactly_one_file_is_taken_and_four_wait_for_ten_seconds() {
    let lab = Lab::with(Vec::new(), Rights::private()).await;
    let file = tempfile::tempfile().unwrap();
    for copies in [0, 2, 3] {
        assert_eq!(hand_over(&lab, &file, copies).await["error"], 13, "{copies}");
    }
    for _ in 0..4 {
        assert!(hand_over(&lab, &file, 1).await["descriptor"].is_u64());
    }
    assert_eq!(hand_over(&lab, &file, 1).await["error"], 1816);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(hand_over(&lab, &file, 1).await["descriptor"].is_u64());
}

#[tokio::test(start_paused = true)]
async fn a_route_with_a_stream_says_what_to_send() {
    let lab = Lab::with(Vec::new(), Rights::private()).await;
    let (status, problem) = lab.ask("POST", "/v1/descriptors", None).await;
    assert_eq!((status, &problem["error"]), (400, &json!(87)));
    assert!(problem["message"].as_str().unwrap().contains("openras-descriptor"), "{problem}");
}
