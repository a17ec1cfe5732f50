//! A WebSocket client that is none of ours calls our port, with the subprotocol and the pings emulators use.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod through;

use openras_sim::peers::websocket::{Bridge, available};
use through::lab;

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_websocket_client_calls_us() {
    let lab = lab("a_foreign_websocket_client_calls_us", available(), "listen:ws:127.0.0.1:0").await;
    let Some(lab) = lab else { return };
    let bridge = Bridge::start(&lab.program, &format!("ws://{}/modem", lab.address())).unwrap();
    for _ in 0..2 {
        let end = lab.call(&format!("tcp:{}", bridge.address)).await;
        assert!(end.was_connected && end.error.is_none(), "{end:?}");
    }
}
