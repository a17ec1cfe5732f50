use std::sync::{Arc, Mutex};

use super::*;
use crate::net::NoIp;
use crate::testing::{Heard, Phone};

#[derive(Clone, Copy)]
enum Does {
    Opens,
    Fails(RasError),
    SaysNothing,
}

/// Tells what it was asked, and that it was dropped.
struct Fake {
    name: &'static str,
    does: Does,
    events: VecDeque<LineEvent<'static>>,
    story: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    fn tell(&self, what: &str) {
        self.story.lock().unwrap().push(format!("{} {what}", self.name));
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.tell("given back");
    }
}

impl Line for Fake {
    fn op(&mut self, op: LineOp) {
        self.tell(&format!("{op:?}"));
        match (op, self.does) {
            (LineOp::Open, Does::Opens) => self.events.push_back(LineEvent::Opened),
            (LineOp::Open, Does::Fails(error)) => self.events.push_back(LineEvent::Failed(error)),
            (LineOp::Dial(_), _) => self.events.push_back(LineEvent::Connected { text: "CONNECT".into() }),
            (LineOp::Close, _) => self.events.push_back(LineEvent::Closed),
            _ => {}
        }
    }

    fn poll_event<'a>(&mut self, _: &mut Context<'_>, _: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        self.events.pop_front().map_or(Poll::Pending, Poll::Ready)
    }

    fn unsent(&self) -> usize {
        0
    }
}

type Story = Arc<Mutex<Vec<String>>>;

fn pool(lines: &[(&'static str, Does)]) -> (Phone, Story) {
    let story = Story::default();
    let lines: Vec<_> = lines
        .iter()
        .map(|(name, does)| {
            let (does, events, story) = (*does, VecDeque::new(), story.clone());
            ((*name).to_owned(), Fake { name, does, events, story })
        })
        .collect();
    (Phone::start(PoolLine::new("out", lines), NoIp), story)
}

fn told(story: &Story) -> Vec<String> {
    story.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn the_first_line_that_opens_takes_the_call_and_those_before_it_are_given_back() {
    let busy = Does::Fails(RasError(633));
    let missing = Does::Fails(RasError(608));
    let (mut phone, story) = pool(&[("a", busy), ("b", missing), ("c", Does::Opens), ("d", Does::Opens)]);
    assert_eq!(phone.hear().await, Heard::Opened);
    phone.dial("555").await;
    assert_eq!(phone.hear().await, Heard::Connected);
    let expected = ["a Open", "a given back", "b Open", "b given back", "c Open", "c Dial(\"555\")"];
    assert_eq!(told(&story), expected, "d is left alone");
    phone.op(LineOp::Close).await;
    phone.end().await;
    assert!(told(&story).contains(&"c Close".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_pool_without_a_free_line_fails_with_633_whatever_its_lines_said() {
    let (mut phone, _) = pool(&[("a", Does::Fails(RasError(608))), ("b", Does::Fails(RasError(666)))]);
    assert_eq!(phone.hear().await, Heard::Failed(RasError(633)));
    phone.dial("555").await;
    assert_eq!(phone.hear().await, Heard::Failed(RasError::PORT_NOT_OPEN));
    phone.op(LineOp::HangUp).await;
    assert_eq!(phone.hear().await, Heard::Disconnected);
    phone.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_line_that_says_nothing_is_passed_over_and_all_together_end_before_the_dial_does() {
    let begun = Instant::now();
    let (mut phone, _) = pool(&[("a", Does::SaysNothing), ("b", Does::Opens)]);
    assert_eq!(phone.hear().await, Heard::Opened);
    assert_eq!(begun.elapsed().as_secs(), 10);
    phone.end().await;

    let begun = Instant::now();
    let (mut phone, story) = pool(&[("a", Does::SaysNothing); 5]);
    assert_eq!(phone.hear().await, Heard::Failed(RasError(633)));
    assert_eq!(begun.elapsed().as_secs(), 28);
    assert_eq!(told(&story).iter().filter(|told| *told == "a Open").count(), 3);
    phone.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_pool_closed_while_it_opens_is_closed() {
    let (phone, story) = pool(&[("a", Does::SaysNothing), ("b", Does::Opens)]);
    phone.op(LineOp::Close).await;
    phone.end().await;
    assert_eq!(told(&story)[..2], ["a Open", "a Close"]);
    assert!(!told(&story).contains(&"b Open".to_owned()));
}
