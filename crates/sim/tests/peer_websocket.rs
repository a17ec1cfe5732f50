//! A WebSocket client that is none of ours calls our port, with the subprotocol and the pings emulators use; and we call a server
//! that is none of ours, which knows that subprotocol or knows none.

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

#[tokio::test(flavor = "multi_thread")]
async fn we_call_a_foreign_websocket_server_with_a_subprotocol_and_without() {
    let test = "we_call_a_foreign_websocket_server_with_a_subprotocol_and_without";
    let Some(lab) = lab(test, available(), "listen:tcp:127.0.0.1:0").await else { return };
    for subprotocol in [Some("binary"), None] {
        let server = Bridge::serve(&lab.program, lab.address().port(), subprotocol).unwrap();
        let end = lab.call(&format!("ws:{}/modem", server.address)).await;
        assert!(end.was_connected && end.error.is_none(), "{subprotocol:?} {end:?}");
    }
}
