//! Cables with and without signals.

use std::future::poll_fn;

use super::*;
use crate::net::NoIp;
use crate::testing::{End, Heard, Phone};

async fn opened(end: &End) -> Phone {
    let mut phone = Phone::start(CableLine::new(end.clone(), |_| {}), NoIp);
    assert_eq!(phone.hear().await, Heard::Opened);
    phone
}

#[tokio::test(start_paused = true)]
async fn the_other_ends_signal_rings_and_its_end_is_the_end_of_the_call() {
    let end = End::with_signals();
    let mut phone = opened(&end).await;
    for call in 1..=2 {
        end.dtr(true);
        assert_eq!(phone.hear().await, Heard::Ring(None));
        assert_eq!(phone.hear().await, Heard::Connected);
        end.says(b"CLIENT");
        assert_eq!(phone.hear_bytes(6).await, b"CLIENT");
        phone.write(b"CLIENTSERVER".to_vec()).await;
        // what is written behind the end of a call goes nowhere
        while end.ops().len() <= call {
            tokio::task::yield_now().await;
        }
        end.dtr(false);
        assert_eq!(phone.hear().await, Heard::Disconnected);
    }
    assert_eq!(end.ops(), ["<DTR on>", "CLIENTSERVER", "CLIENTSERVER"]);
}

#[tokio::test(start_paused = true)]
async fn a_cable_of_three_wires_rings_by_its_first_octets_which_are_kept_for_the_call() {
    let end = End::default();
    let mut phone = opened(&end).await;
    end.says(b"CLI");
    assert_eq!(phone.hear().await, Heard::Ring(None));
    assert_eq!(phone.hear().await, Heard::Connected);
    end.says(b"ENT");
    assert_eq!(phone.hear_bytes(6).await, b"CLIENT");
    phone.op(LineOp::HangUp).await;
    assert_eq!(phone.hear().await, Heard::Disconnected);
    assert_eq!(end.ops(), ["<DTR on>", "<DTR off>", "<DTR on>"]);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_is_always_on_does_not_call_until_it_says_something() {
    let end = End::with_signals();
    end.has_dtr(true);
    let mut phone = opened(&end).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(phone.heard.try_recv().is_err(), "no ring yet");
    end.says(b"~");
    assert_eq!(phone.hear().await, Heard::Ring(None));
    assert_eq!(phone.hear().await, Heard::Connected);
    assert_eq!(phone.hear_bytes(1).await, b"~");
    end.dtr(false);
    assert_eq!(phone.hear().await, Heard::Disconnected);
}

#[tokio::test(start_paused = true)]
async fn a_dial_over_a_cable_is_connected_at_once_and_a_lost_device_closes_it() {
    let end = End::with_signals();
    let mut phone = opened(&end).await;
    phone.dial("").await;
    assert_eq!(phone.hear().await, Heard::Connected);
    end.unplug();
    assert_eq!(phone.hear().await, Heard::Disconnected);
    phone.end().await;
}

/// The other end talks from the moment our DTR is up, before our dial is ordered: that is no reason to fail it.
#[tokio::test(start_paused = true)]
async fn a_dial_to_an_end_that_speaks_first_is_connected_and_loses_nothing() {
    let end = End::with_signals();
    let mut line = CableLine::new(end.clone(), |_| {});
    let mut memory = [0; 16];
    let mut next = async |line: &mut CableLine<End>| {
        poll_fn(|cx| line.poll_event(cx, &mut ReadBuf::new(&mut memory)).map(|event| format!("{event:?}")))
            .await
    };
    line.op(LineOp::Open);
    assert_eq!(next(&mut line).await, "Opened");
    end.says(b"~LCP");
    assert!(next(&mut line).await.starts_with("Ring"));
    line.op(LineOp::Dial(String::new()));
    assert!(next(&mut line).await.starts_with("Connected"));
    assert_eq!(next(&mut line).await, format!("{:?}", LineEvent::Bytes(b"~LCP")));
}
