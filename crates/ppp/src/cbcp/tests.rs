use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::option::{Callback, offer};
use super::*;
use crate::ask::{Answer, Ask, CallbackChoice, CallbackOffer};
use crate::auth::Effect;
use crate::auth::tests::{End, Outcome, asked, hex, join, sent, t0};
use crate::config::CallbackConfig;
use crate::event::DownReason;
use crate::wire::{ControlPacket, Options};

const REQUEST_ALL: &str = "01 01 00 0e 01 02 02 05 00 01 00 03 03 00";
const RESPONSE_CALLER: &str = "02 01 00 10 02 0c 05 01 35 35 35 31 32 31 32 00";
const ACK_CALLER: &str = "03 01 00 10 02 0c 05 01 35 35 35 31 32 31 32 00";
const REQUEST_LIST: &str = "01 01 00 19 04 15 00 01 31 30 30 31 30 30 30 00 01 32 30 30 32 30 30 30 00";
const RESPONSE_LIST: &str = "02 01 00 10 04 0c 05 01 32 30 30 32 30 30 30 00";

fn config() -> Config {
    Config { callback: CallbackConfig { enabled: true, delay: 5 }, ..Config::default() }
}

fn caller_end() -> End {
    let mut end = End::new(caller(&config()), 1);
    assert!(end.start(t0()).is_empty());
    end
}

fn answerer_end(policy: CallbackPolicy) -> (End, Vec<u8>, Instant) {
    let mut end = End::new(answerer(&config(), policy), 2);
    let now = t0();
    let request = sent(&end.start(now)).concat();
    (end, request, now)
}

fn numbers() -> Vec<String> {
    vec!["1001000".to_owned(), "2002000".to_owned()]
}

fn choose(end: &mut End, choice: CallbackChoice) -> Vec<u8> {
    sent(&end.answer(t0(), Answer::Callback(choice))).concat()
}

#[test]
fn the_packets_of_the_reference_are_read_and_made_again() {
    for text in [
        REQUEST_ALL,
        RESPONSE_CALLER,
        ACK_CALLER,
        REQUEST_LIST,
        RESPONSE_LIST,
        "01 01 00 07 03 03 00",
        "02 01 00 07 03 03 05",
        "03 01 00 07 03 03 05",
        "01 01 00 06 01 02",
        "02 01 00 06 01 02",
    ] {
        let bytes = hex(text);
        let packet = ControlPacket::parse(&bytes).unwrap();
        let mut body = Vec::new();
        for option in Callback::parse_all(packet.body).unwrap() {
            option.emit(&mut body);
        }
        assert_eq!(body, packet.body, "{text}");
    }
}

#[test]
fn what_is_offered_follows_the_policy() {
    for (policy, request) in [
        (CallbackPolicy::None, "01 01 00 06 01 02"),
        (CallbackPolicy::Caller, "01 01 00 0b 01 02 02 05 00 01 00"),
        (CallbackPolicy::Preset("1".into()), "01 01 00 07 03 03 00"),
        (
            CallbackPolicy::List(numbers()),
            "01 01 00 1b 01 02 04 15 00 01 31 30 30 31 30 30 30 00 01 32 30 30 32 30 30 30 00",
        ),
    ] {
        assert_eq!(answerer_end(policy).1, hex(request));
    }
}

#[test]
fn the_caller_answers_with_the_number_and_is_called_back() {
    let mut caller = caller_end();
    let Ask::CallbackNumber(offered) = asked(&caller.packet(t0(), &hex(REQUEST_ALL))) else { panic!() };
    assert_eq!(offered, CallbackOffer { none: true, caller: true, preset: true, list: vec![] });
    assert_eq!(choose(&mut caller, CallbackChoice::Number("5551212".into())), hex(RESPONSE_CALLER));
    let effects = caller.packet(t0(), &hex(ACK_CALLER));
    let Effect::Failed(DownReason::Callback { number, delay }) = &effects[0] else { panic!("{effects:?}") };
    assert_eq!((&**number, *delay), ("5551212", 5));
}

#[test]
fn the_caller_chooses_out_of_a_list_a_preset_and_no_callback() {
    let mut caller = caller_end();
    let Ask::CallbackNumber(offered) = asked(&caller.packet(t0(), &hex(REQUEST_LIST))) else { panic!() };
    assert_eq!(offered.list, numbers());
    assert_eq!(choose(&mut caller, CallbackChoice::Listed("2002000".into())), hex(RESPONSE_LIST));

    let mut caller = caller_end();
    asked(&caller.packet(t0(), &hex("01 01 00 07 03 03 00")));
    assert_eq!(choose(&mut caller, CallbackChoice::Preset), hex("02 01 00 07 03 03 05"));
    let effects = caller.packet(t0(), &hex("03 01 00 07 03 03 05"));
    assert!(
        matches!(&effects[0], Effect::Failed(DownReason::Callback { number, delay: 5 }) if number.is_empty())
    );

    for none in [CallbackChoice::None, CallbackChoice::Number(String::new())] {
        let mut caller = caller_end();
        asked(&caller.packet(t0(), &hex("01 01 00 06 01 02")));
        assert_eq!(choose(&mut caller, none), hex("02 01 00 06 01 02"));
        assert!(matches!(caller.packet(t0(), &hex("03 01 00 06 01 02"))[..], [Effect::Passed { .. }]));
    }
}

#[test]
fn a_choice_that_is_not_offered_ends_the_call() {
    for choice in [
        CallbackChoice::None,
        CallbackChoice::Number("1".into()),
        CallbackChoice::Number(String::new()),
        CallbackChoice::Listed("1".into()),
    ] {
        let mut caller = caller_end();
        asked(&caller.packet(t0(), &hex("01 01 00 07 03 03 00")));
        let effects = caller.answer(t0(), Answer::Callback(choice));
        assert!(matches!(effects[..], [Effect::Failed(DownReason::CallbackFailed)]));
    }
    let mut caller = caller_end();
    assert!(
        matches!(caller.packet(t0(), &hex("01 01 00 06 09 02"))[..], [Effect::Failed(_)]),
        "nothing known offered"
    );
}

#[test]
fn the_caller_answers_the_newest_request_with_the_choice_it_made() {
    let mut caller = caller_end();
    asked(&caller.packet(t0(), &hex(REQUEST_ALL)));
    let mut later = hex(REQUEST_ALL);
    later[1] = 9;
    assert!(caller.packet(t0(), &later).is_empty(), "the question stays open");
    let mut response = hex(RESPONSE_CALLER);
    response[1] = 9;
    assert_eq!(choose(&mut caller, CallbackChoice::Number("5551212".into())), response);
    later[1] = 10;
    response[1] = 10;
    assert!(caller.exchange.is_repeat(&later));
    assert_eq!(sent(&caller.packet(t0(), &later)).concat(), response);
    let mut ack = hex(ACK_CALLER);
    ack[1] = 9;
    assert!(caller.packet(t0(), &ack).is_empty(), "an Ack of an older Response");
    ack[1] = 10;
    assert_eq!(caller.packet(t0(), &ack).len(), 1);
}

#[test]
fn an_ack_of_another_type_is_dropped() {
    let mut caller = caller_end();
    asked(&caller.packet(t0(), &hex(REQUEST_ALL)));
    choose(&mut caller, CallbackChoice::Number("5551212".into()));
    for ack in ["03 01 00 06 01 02", "03 01 00 07 03 03 05", "03 01 00 04", "03 01 00 08 01 02 01 02"] {
        assert!(caller.packet(t0(), &hex(ack)).is_empty(), "{ack}");
    }
}

#[test]
fn responses_are_repeated_ten_times_two_seconds_apart() {
    let mut caller = caller_end();
    asked(&caller.packet(t0(), &hex(REQUEST_ALL)));
    let start = t0();
    let mut packets = sent(&caller.answer(start, Answer::Callback(CallbackChoice::None)));
    loop {
        let due = caller.exchange.timeout().unwrap();
        let effects = caller.tick(due);
        packets.extend(sent(&effects));
        if let [Effect::Failed(DownReason::CallbackFailed)] = effects[..] {
            assert_eq!((due - start).as_secs(), 20);
            break;
        }
    }
    assert_eq!(packets, vec![hex("02 01 00 06 01 02"); 10]);
    let mut silent = caller_end();
    assert!(
        matches!(silent.tick(t0() + Duration::from_secs(31))[..], [Effect::Failed(_)]),
        "no Request ever"
    );
}

#[test]
fn requests_have_new_identifiers_for_two_minutes_where_a_person_types() {
    for (policy, count, seconds) in [
        (CallbackPolicy::Caller, 60, 120),
        (CallbackPolicy::List(numbers()), 60, 120),
        (CallbackPolicy::None, 10, 20),
        (CallbackPolicy::Preset("1".into()), 10, 20),
    ] {
        let required = matches!(policy, CallbackPolicy::Preset(_));
        let (mut end, request, start) = answerer_end(policy);
        let mut identifiers = vec![request[1]];
        loop {
            let due = end.exchange.timeout().unwrap();
            let effects = end.tick(due);
            identifiers.extend(sent(&effects).iter().map(|packet| packet[1]));
            if let [Effect::Failed(why)] = &effects[..] {
                let reason = if required { DownReason::CallbackRequired } else { DownReason::CallbackFailed };
                assert_eq!((why, (due - start).as_secs()), (&reason, seconds));
                break;
            }
        }
        assert_eq!(identifiers, (1..=count).collect::<Vec<u8>>());
    }
}

#[test]
fn the_number_is_asked_about_before_the_ack_and_the_ack_repeats_the_response() {
    let (mut end, _, now) = answerer_end(CallbackPolicy::Caller);
    // without the final NUL, as some callers send it
    let response = hex("02 01 00 0f 02 0b 05 01 35 35 35 31 32 31 32");
    let Ask::CallbackTo { number } = asked(&end.packet(now, &response)) else { panic!() };
    assert_eq!(number, "5551212");
    assert!(end.packet(now, &response).is_empty() && end.exchange.is_repeat(&response));
    let effects = end.answer(now, Answer::CallbackTo(Some("+495551212".into())));
    assert_eq!(sent(&effects).concat(), hex("03 01 00 0f 02 0b 05 01 35 35 35 31 32 31 32"));
    assert!(matches!(&effects[1], Effect::CallbackAgreed { number, delay: 5 } if number == "+495551212"));
    assert_eq!(sent(&end.packet(now, &response)), sent(&effects), "the Ack was lost");
    let due = end.exchange.timeout().unwrap();
    assert_eq!((due - now).as_secs(), 10, "the caller does not hang up");
    let effects = end.tick(due);
    let Effect::Failed(DownReason::Callback { number, delay: 5 }) = &effects[0] else {
        panic!("{effects:?}")
    };
    assert_eq!(number, "+495551212");
}

#[test]
fn a_refused_number_is_a_wrong_one_and_three_are_enough() {
    let (mut end, _, now) = answerer_end(CallbackPolicy::Caller);
    for identifier in 1..=3 {
        let mut response = hex(RESPONSE_CALLER);
        response[1] = identifier;
        asked(&end.packet(now, &response));
        let effects = end.answer(now, Answer::CallbackTo(None));
        if identifier < 3 {
            assert_eq!(sent(&effects).concat()[..2], [1, identifier + 1]);
        } else {
            assert!(matches!(effects[..], [Effect::Failed(DownReason::CallbackFailed)]));
        }
    }
}

#[test]
fn a_preset_callback_answered_with_anything_else_is_never_let_in() {
    for wrong in
        ["01 02", "02 0c 05 01 35 35 35 31 32 31 32 00", "04 0c 05 01 35 35 35 31 32 31 32 00", "09 02"]
    {
        let (mut end, _, now) = answerer_end(CallbackPolicy::Preset("777".into()));
        let mut last = Vec::new();
        for identifier in 1..=3 {
            let option = hex(wrong);
            last = end.packet(now, &crate::auth::packet::emit(RESPONSE, identifier, &[&option]));
        }
        assert!(matches!(last[..], [Effect::Failed(DownReason::CallbackRequired)]), "{wrong}: {last:?}");
    }
    let (mut end, _, now) = answerer_end(CallbackPolicy::Preset("777".into()));
    let effects = end.packet(now, &hex("02 01 00 07 03 03 0c"));
    assert!(matches!(&effects[1], Effect::CallbackAgreed { number, delay: 12 } if number == "777"));
}

#[test]
fn types_that_were_not_offered_and_empty_numbers_are_wrong() {
    for (policy, option) in [
        (CallbackPolicy::None, "02 0c 05 01 35 35 35 31 32 31 32 00"),
        (CallbackPolicy::None, "03 03 05"),
        (CallbackPolicy::Caller, "03 03 05"),
        (CallbackPolicy::Caller, "02 05 05 01 00"),
        (CallbackPolicy::Caller, "02 03 05"),
        (CallbackPolicy::List(numbers()), "04 0c 05 01 39 39 39 39 39 39 39 00"),
        (CallbackPolicy::List(numbers()), "04 15 00 01 31 30 30 31 30 30 30 00 01 32 30 30 32 30 30 30 00"),
    ] {
        let (mut end, _, now) = answerer_end(policy);
        let effects = end.packet(now, &crate::auth::packet::emit(RESPONSE, 1, &[&hex(option)]));
        assert_eq!(sent(&effects).concat()[..2], [1, 2], "{option}: a new Request");
    }
}

#[test]
fn malformed_and_old_responses_are_dropped() {
    let (mut end, _, now) = answerer_end(CallbackPolicy::Caller);
    for response in [
        "02 01 00 03",
        "02 01 00 06 01 01",
        "02 01 00 08 02 0c 05 01",
        "02 01 00 10 02 0c",
        "02 07 00 06 01 02",
        "02 01 00 08 01 02 01 02",
        "02 01 00 04",
        "09 01 00 06 01 02",
        "02 01 00 09 02 05 05 02 31",
        "02 01 00 0a 02 06 05 01 07 00",
    ] {
        assert!(end.packet(now, &hex(response)).is_empty(), "{response}");
    }
    asked(&end.packet(now, &hex(RESPONSE_CALLER)));
}

#[test]
fn a_line_slower_than_the_requests_still_converges() {
    let (mut end, _, mut now) = answerer_end(CallbackPolicy::None);
    // every Response comes 3 s after its Request
    let mut pending = vec![(now + Duration::from_secs(3), 1u8)];
    for _ in 0..20 {
        let due = end.exchange.timeout().unwrap();
        let (at, identifier) = pending[0];
        let effects = if at <= due {
            pending.remove(0);
            now = at;
            end.packet(now, &[2, identifier, 0, 6, 1, 2])
        } else {
            now = due;
            end.tick(now)
        };
        if effects.iter().any(|e| matches!(e, Effect::Passed { .. })) {
            return;
        }
        pending.extend(sent(&effects).iter().map(|packet| (now + Duration::from_secs(3), packet[1])));
    }
    panic!("no Response was ever in time");
}

#[test]
fn an_offer_that_keeps_changing_is_given_up() {
    let mut caller = caller_end();
    for identifier in 0..9 {
        let request = if identifier % 2 == 0 { hex(REQUEST_ALL) } else { hex("01 01 00 06 01 02") };
        if matches!(caller.packet(t0(), &request)[..], [Effect::Failed(DownReason::CallbackFailed)]) {
            return;
        }
        choose(&mut caller, CallbackChoice::None);
    }
    panic!("asked for ever");
}

fn run(policy: CallbackPolicy, choice: CallbackChoice, line: &mut dyn FnMut(usize) -> u32) -> [Outcome; 2] {
    let mut n = 0;
    let mut answer = |who: usize, ask: Ask| match (who, ask) {
        (0, Ask::CallbackNumber(_)) => Some((Duration::from_secs(25), Answer::Callback(choice.clone()))),
        (1, Ask::CallbackTo { number }) => {
            Some((Duration::from_millis(100), Answer::CallbackTo(Some(format!("+{number}")))))
        }
        (who, ask) => panic!("{who} asks {ask:?}"),
    };
    let mut counted = |_: usize, _: &[u8]| {
        n += 1;
        line(n - 1)
    };
    join([caller(&config()), answerer(&config(), policy)], &mut answer, &mut counted).0
}

#[test]
fn a_person_may_take_its_time_and_any_packet_may_be_lost() {
    for (n, copies) in (0..20).flat_map(|n| [(n, 0), (n, 2)]) {
        let number = CallbackChoice::Number("5551212".into());
        let [caller, answerer] =
            run(CallbackPolicy::Caller, number, &mut |at| if at == n { copies } else { 1 });
        let reason = |number: &str| Some(DownReason::Callback { number: number.into(), delay: 5 });
        assert_eq!(caller.failed, reason("5551212"), "packet {n}");
        assert_eq!(answerer.failed, reason("+5551212"), "packet {n}");
        assert_eq!((caller.ends, answerer.ends), (1, 1));
        let [caller, answerer] =
            run(CallbackPolicy::Caller, CallbackChoice::None, &mut |at| if at == n { copies } else { 1 });
        assert!(caller.passed.is_some() && answerer.passed.is_some(), "packet {n}");
    }
}

fn any_callback() -> impl Strategy<Value = Callback> {
    let number = "[0-9+#*, -]{1,20}";
    prop_oneof![
        Just(Callback::None),
        (any::<u8>(), "[0-9+]{0,40}").prop_map(|(delay, number)| Callback::Caller { delay, number }),
        any::<u8>().prop_map(|delay| Callback::Preset { delay }),
        (any::<u8>(), proptest::collection::vec(number, 1..6))
            .prop_map(|(delay, numbers)| Callback::List { delay, numbers }),
        (5u8..).prop_map(Callback::Unknown),
    ]
}

proptest! {
    #[test]
    fn what_was_emitted_is_parsed_again(options in proptest::collection::vec(any_callback(), 0..5)) {
        let mut body = Vec::new();
        for option in &options {
            option.emit(&mut body);
        }
        prop_assert_eq!(Callback::parse_all(&body).unwrap(), options);
    }

    #[test]
    fn garbage_never_panics(packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..12)) {
        let mut caller = caller_end();
        let (mut end, _, now) = answerer_end(CallbackPolicy::Caller);
        for mut packet in packets {
            for code in 0..=3 {
                // without a code: as it came; else as a packet of ours with this body
                if code > 0 {
                    packet = crate::auth::packet::emit(code, 1, &[&packet]);
                }
                let _ = (caller.exchange.is_repeat(&packet), end.exchange.is_repeat(&packet));
                let _ = Options::parse(&packet).map(|_| offer(Callback::parse_all(&packet).unwrap_or_default()));
                caller.packet(now, &packet);
                end.packet(now, &packet);
                end.answer(now, Answer::CallbackTo(Some(String::new())));
            }
        }
    }

    /// Whatever is lost: both come to rest, and a preset callback never lets anybody into the network phase.
    #[test]
    fn noise_never_opens_a_required_callback(fate in proptest::collection::vec(0u32..4, 120)) {
        let mut line = |n: usize| match fate.get(n) { Some(0) => 0, Some(1) => 2, _ => 1 };
        let [caller, answerer] = run(CallbackPolicy::Preset("1".into()), CallbackChoice::Preset, &mut line);
        prop_assert!(caller.passed.is_none() && answerer.passed.is_none());
        prop_assert!(caller.ends == 1 && answerer.ends == 1);
    }
}
