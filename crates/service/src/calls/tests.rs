use std::sync::Arc;
use std::time::Duration;

use openras_api::types::call::CallDirection;
use openras_api::types::event::{Ended, Event, Projection};
use openras_engine::{ConnState, RasError};
use openras_io::driver::Gauge;
use openras_ppp::Secret;
use openras_ppp::event::{Direction, Packet};
use openras_ppp::wire::Protocol;

use super::{About, Calls, Story};

fn begin(calls: &Calls) -> Arc<Story> {
    begin_of(calls, None)
}

fn begin_of(calls: &Calls, uid: Option<u32>) -> Arc<Story> {
    calls.begin(About {
        direction: CallDirection::Answered,
        port: Some("line1/3".into()),
        line: "exchange:100".into(),
        source: None,
        number: None,
        uid,
        name: None,
        gauge: Arc::new(Gauge::default()),
        end: Box::new(|| {}),
    })
}

fn banner(text: impl ToString) -> Event {
    Event::Banner { text: text.to_string() }
}

fn packet() -> Packet {
    let bytes = Secret::new(vec![9, 1, 0, 8, 0, 0, 0, 0]);
    Packet { direction: Direction::Sent, protocol: Protocol::LCP, bytes }
}

fn ended() -> Ended {
    Ended { connected: true, error: None, why: String::new(), remedy: String::new(), packet: None }
}

#[tokio::test(start_paused = true)]
async fn a_story_keeps_the_last_hundred_events_and_packets_in_order() {
    let story = begin(&Calls::new());
    for n in 0..150 {
        story.tell(banner(n));
        story.tell_packet(packet());
    }
    let told = story.story().events;
    assert_eq!(told.len(), 200);
    assert_eq!((told.first().unwrap().n, told.last().unwrap().n), (101, 300));
    assert!(told.is_sorted_by(|a, b| a.n < b.n));
}

#[tokio::test(start_paused = true)]
async fn a_reader_gets_all_in_order_or_is_told_what_it_lost() {
    let story = begin(&Calls::new());
    let (mut quick, mut slow) = (story.reader(0, true), story.reader(0, false));
    story.tell(banner("first"));
    story.tell_packet(packet());
    assert_eq!(quick.next().await.unwrap().event, banner("first"));
    assert!(matches!(quick.next().await.unwrap().event, Event::Packet(_)));
    for n in 0..110 {
        story.tell(banner(n));
    }
    assert_eq!(slow.next().await.unwrap().event, Event::Lost { count: 11 });
    assert_eq!(slow.next().await.unwrap().event, banner(10));
    // it waits for what comes
    let mut newest = story.reader(112, false);
    let (next, ()) = tokio::join!(newest.next(), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        story.tell(banner("late"));
    });
    let next = next.unwrap();
    assert_eq!((next.n, next.event, next.t), (113, banner("late"), 2.0));
    story.ended(ended());
    assert!(matches!(newest.next().await.unwrap().event, Event::Ended(_)));
    assert_eq!(newest.next().await, None);
    story.tell(banner("nothing follows an end"));
    assert_eq!(newest.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn what_was_told_comes_back_as_it_was() {
    let story = begin(&Calls::new());
    let port = |on: &str, error: Option<RasError>| Event::Port {
        port: on.into(),
        kind: "refused".into(),
        text: "eva was refused".into(),
        error: error.map(Into::into),
    };
    let events = [
        Event::State(openras_api::types::event::State::new(
            3,
            ConnState::AUTHENTICATE,
            Some(RasError(691).into()),
        )),
        port("line1/3", Some(RasError(691))),
        port("line1/4", None),
        Event::Projection(Projection::default()),
        Event::NoAuthentication,
    ];
    for event in &events {
        story.tell(event.clone());
    }
    let told: Vec<_> = story.story().events.into_iter().map(|told| told.event).collect();
    assert_eq!(told, events);
    assert_eq!(story.info().state, "refused");
}

#[tokio::test(start_paused = true)]
async fn ended_calls_are_kept_and_the_oldest_forgotten() {
    let calls = Calls::new();
    let running = begin(&calls);
    for _ in 0..300 {
        begin(&calls).ended(ended());
    }
    assert_eq!((calls.running(), calls.list().len()), (1, 257));
    assert!(calls.get(2).is_none() && calls.get(301).is_some());
    assert_eq!(calls.get(running.id()).unwrap().info().over, None);
    assert!(calls.get(301).unwrap().info().over.is_some());
}

#[tokio::test(start_paused = true)]
async fn listeners_hear_all_calls_and_packets_only_while_somebody_wants_them() {
    let calls = Calls::new();
    let mut heard = calls.subscribe();
    let story = begin(&calls);
    story.tell_packet(packet());
    let wanted = calls.want_packets();
    story.tell_packet(packet());
    drop(wanted);
    story.tell_packet(packet());
    story.ended(ended());
    assert_eq!(heard.recv().await.unwrap().told.n, 2);
    assert!(matches!(heard.recv().await.unwrap().told.event, Event::Ended(_)));
}

#[tokio::test(start_paused = true)]
async fn one_users_ended_calls_push_out_nobody_elses() {
    let calls = Calls::new();
    let ids = |uid: Option<u32>, many: usize| -> Vec<u64> {
        let stories = (0..many).map(|_| begin_of(&calls, uid));
        stories.map(|story| (story.ended(ended()), story.id()).1).collect()
    };
    let answered = ids(None, 20);
    let quiet = ids(Some(7), 20);
    let loud = ids(Some(8), 1000);
    assert!(answered.iter().chain(&quiet).all(|id| calls.get(*id).is_some()));
    let kept: Vec<_> = loud.iter().filter(|id| calls.get(**id).is_some()).collect();
    assert_eq!(kept, loud[784..].iter().collect::<Vec<_>>(), "the newest of the others");
    assert_eq!(calls.list().len(), 256);
}
