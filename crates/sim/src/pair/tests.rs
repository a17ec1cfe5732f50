//! The loop itself, with ends that are simpler than any protocol.

use std::collections::VecDeque;

use super::*;
use crate::wire::WireConfig;

/// Answers calls, repeats every byte less one, and keeps a log.
#[derive(Default)]
struct Counter {
    log: Vec<String>,
    effects: VecDeque<Effect<&'static str, &'static str>>,
    timer: Option<Instant>,
    /// A tick does not clear the timer.
    stuck: bool,
}

impl Counter {
    fn note(&mut self, now: Instant, what: impl fmt::Display) {
        self.log.push(format!("{} {what}", (now - t0()).as_millis()));
    }
}

impl End for Counter {
    type Order = &'static str;
    type News = &'static str;

    fn handle(&mut self, now: Instant, what: Happening<'_, &'static str>) {
        match what {
            Happening::Start => {}
            Happening::Ring => {
                self.note(now, "ring");
                self.effects.push_back(Effect::Answer);
            }
            Happening::Connected => self.note(now, "connected"),
            Happening::Disconnected => self.note(now, "disconnected"),
            Happening::Busy => self.note(now, "busy"),
            Happening::Tick => {
                self.note(now, "tick");
                self.timer = self.timer.filter(|_| self.stuck);
            }
            Happening::Bytes(bytes) => {
                self.note(now, format_args!("{bytes:?}"));
                self.effects.push_back(Effect::News("heard"));
                if let [_, rest @ ..] = bytes
                    && !rest.is_empty()
                {
                    self.effects.push_back(Effect::Line(rest.to_vec()));
                }
            }
            Happening::Order(order) => {
                self.note(now, order);
                match order {
                    "dial" => self.effects.push_back(Effect::Dial(String::new())),
                    "speak" => self.effects.push_back(Effect::Line(vec![1, 2, 3])),
                    "hang up" => self.effects.push_back(Effect::HangUp),
                    "timer" => self.timer = Some(now + Duration::from_secs(1)),
                    "for ever" => self.effects.push_back(Effect::Later(Duration::from_secs(1), "for ever")),
                    _ => {}
                }
            }
        }
    }

    fn poll(&mut self) -> Option<Effect<&'static str, &'static str>> {
        self.effects.pop_front()
    }

    fn timeout(&self) -> Option<Instant> {
        self.timer
    }
}

fn pair(connected: bool) -> Pair<Counter> {
    let wire = Wire::new(WireConfig { latency: Duration::from_millis(10), damaged_per_mille: 0 }, 1);
    Pair::new(Counter::default(), Counter::default(), wire, connected)
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_call_is_dialled_answered_used_and_ended() {
    let mut pair = pair(false);
    for (at, order) in [(0, "dial"), (100, "speak"), (200, "hang up"), (300, "speak")] {
        pair.order(Side::Client, Duration::from_millis(at), order);
    }
    assert_eq!(pair.run(SECOND, 100), Ended::Silent);
    let (client, server) = pair.into_ends();
    assert_eq!(
        client.log,
        ["0 dial", "20 connected", "100 speak", "120 [2, 3]", "200 hang up", "210 disconnected", "300 speak"]
    );
    assert_eq!(server.log, ["10 ring", "20 connected", "110 [1, 2, 3]", "130 [3]", "210 disconnected"]);
}

#[test]
fn a_line_in_use_is_busy() {
    let mut pair = pair(true);
    pair.order(Side::Server, SECOND, "dial");
    assert_eq!(pair.run(SECOND * 3, 100), Ended::Silent);
    assert_eq!(pair.end(Side::Server).log, ["0 connected", "1000 dial", "1010 busy"]);
}

#[test]
fn what_was_written_before_hanging_up_arrives_and_what_crosses_it_does_not() {
    let mut pair = pair(true);
    for (side, order) in [(Side::Client, "speak"), (Side::Client, "hang up"), (Side::Server, "speak")] {
        pair.order(side, SECOND, order);
    }
    assert_eq!(pair.run(SECOND * 3, 100), Ended::Silent);
    assert_eq!(
        pair.end(Side::Client).log,
        ["0 connected", "1000 speak", "1000 hang up", "1010 disconnected"]
    );
    let heard = ["0 connected", "1000 speak", "1010 [1, 2, 3]", "1010 disconnected"];
    assert_eq!(pair.end(Side::Server).log, heard);
}

#[test]
fn a_timer_that_a_tick_does_not_move_is_found() {
    let mut pair = pair(true);
    pair.client.stuck = true;
    pair.order(Side::Client, SECOND, "timer");
    assert_eq!(pair.run(SECOND * 9, 100), Ended::StuckTimer(Side::Client));
}

#[test]
fn turning_in_circles_is_found() {
    let mut pair = pair(true);
    pair.order(Side::Client, SECOND, "for ever");
    assert_eq!(pair.run(SECOND * 1000, 100), Ended::TooManySteps);
}

#[test]
fn without_news_the_run_ends_though_timers_go_on() {
    let mut pair = pair(true);
    pair.order(Side::Client, SECOND, "for ever");
    assert_eq!(pair.run(SECOND * 20, 100), Ended::Quiet);
    assert_eq!(pair.elapsed(), SECOND * 20);
}

#[test]
fn the_story_tells_only_what_was_recorded_and_the_hash_everything() {
    let run = |record: bool, at: u64| {
        let mut pair = if record { pair(true).recorded() } else { pair(true) };
        pair.order(Side::Client, Duration::from_millis(at), "speak");
        pair.run(SECOND, 100);
        (pair.story().len(), pair.story_hash())
    };
    let (told, hash) = run(true, 5);
    assert_eq!(told, 6, "three frames and three times news");
    assert_eq!(run(false, 5), (0, hash));
    assert_ne!(run(false, 6).1, hash);
}
