//! A capture knows only packets, and says the same of most calls.

use openras_engine::why::{explain, of_packets};
use openras_ppp::AuthMethod;
use openras_sim::Side;

use crate::stage::{V2, answerer, dial, dialler, play, port, store, transcript, with_password};

/// The diagnosis of a call's packets alone.
fn of(config: openras_engine::client::dial::DialConfig) -> [&'static str; 2] {
    let pair = play(dialler(config), answerer(port(), store()));
    [Side::Client, Side::Server].map(|side| {
        let packets = transcript(&pair, side).packets;
        explain(&of_packets(packets, "a capture")).diagnosis
    })
}

#[test]
fn packets_alone_say_what_decided_it() {
    let mut wrong = dial(V2);
    wrong.params = with_password("wrong");
    assert_eq!(of(wrong), ["password", "password"]);
    assert_eq!(of(dial(&[AuthMethod::Pap])), ["method", "method"]);
    assert_eq!(of(dial(V2)), ["end", "end"], "it went well");
}
