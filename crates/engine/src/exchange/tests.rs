use super::*;

/// A world, its clock and what its phones heard since it was last asked.
struct World {
    exchange: Exchange,
    now: Instant,
}

#[allow(clippy::disallowed_methods)]
fn t0() -> Instant {
    Instant::now()
}

impl World {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        Self { exchange: Exchange::new(settings), now: t0() }
    }

    /// An open phone.
    fn phone(&mut self, number: &str) -> PhoneId {
        let id = self.exchange.phone(Some(number));
        self.op(id, LineOp::Open);
        assert_eq!(self.heard(), [(id, line(LineEvent::Opened))]);
        id
    }

    fn op(&mut self, phone: PhoneId, op: LineOp) {
        self.exchange.handle(self.now, Input::Op(phone, op));
    }

    fn dial(&mut self, phone: PhoneId, number: &str) {
        self.op(phone, LineOp::Dial(number.into()));
    }

    fn heard(&mut self) -> Vec<(PhoneId, PhoneEvent)> {
        std::iter::from_fn(|| self.exchange.poll_output()).map(|o| (o.phone, o.event)).collect()
    }

    /// Goes on to the next deadline and says how long that took.
    fn tick(&mut self) -> Duration {
        let at = self.exchange.poll_timeout().unwrap();
        let step = at - self.now;
        self.now = at;
        self.exchange.handle(at, Input::Tick);
        step
    }

    /// A standing call from the first to the second.
    fn talking(&mut self) -> (PhoneId, PhoneId) {
        let (a, b) = (self.phone("1"), self.phone("2"));
        self.dial(a, "2");
        self.op(b, LineOp::Answer);
        while self.exchange.poll_timeout().is_some() {
            self.tick();
        }
        self.heard();
        (a, b)
    }
}

fn line(event: LineEvent<'static>) -> PhoneEvent {
    PhoneEvent::Line(event)
}

fn ring(caller: &str) -> PhoneEvent {
    line(LineEvent::Ring { caller: Some(caller.into()) })
}

fn failed(number: u32) -> PhoneEvent {
    line(LineEvent::Failed(RasError(number)))
}

fn bytes(text: &str) -> PhoneEvent {
    PhoneEvent::Bytes(text.into())
}

#[test]
fn a_call_rings_is_answered_carries_bytes_both_ways_and_ends() {
    let mut w = World::new();
    let (a, b) = (w.phone("555 0100"), w.phone("555-0199"));
    w.dial(a, "(555) 0199");
    assert_eq!(w.heard(), [(b, ring("5550100"))]);
    w.op(b, LineOp::Answer);
    assert_eq!(w.heard(), [(b, line(connected())), (a, line(connected()))]);
    w.op(a, LineOp::Write(b"hi".to_vec()));
    w.op(b, LineOp::Write(b"lo".to_vec()));
    assert_eq!(w.heard(), [(b, bytes("hi")), (a, bytes("lo"))]);
    w.op(a, LineOp::Write(b"bye".to_vec()));
    w.op(a, LineOp::HangUp);
    let gone = line(LineEvent::Disconnected);
    assert_eq!(w.heard(), [(b, bytes("bye")), (b, gone.clone()), (a, gone)]);
    assert_eq!(w.exchange.poll_timeout(), None);
}

#[test]
fn ring_repeats_every_six_seconds_and_678_comes_after_sixty() {
    let mut w = World::new();
    let (a, b) = (w.phone("1"), w.phone("2"));
    w.dial(a, "2");
    assert_eq!(w.heard(), [(b, ring("1"))]);
    for _ in 1..10 {
        assert_eq!(w.tick(), Duration::from_secs(6));
        assert_eq!(w.heard(), [(b, ring("1"))]);
    }
    assert_eq!(w.tick(), Duration::from_secs(6));
    assert_eq!(w.heard(), [(b, line(LineEvent::Disconnected)), (a, failed(678))]);
    w.op(b, LineOp::Answer);
    assert_eq!(w.heard(), [(b, failed(679))]);
    w.dial(a, "2");
    assert_eq!(w.heard(), [(b, ring("1"))]);
}

#[test]
fn a_number_whose_phones_are_closed_rings_out_unless_one_opens() {
    let mut w = World::new();
    let a = w.phone("1");
    let b = w.exchange.phone(Some("2"));
    w.dial(a, "2");
    assert_eq!(w.heard(), []);
    assert_eq!(w.tick(), Duration::from_secs(60));
    assert_eq!(w.heard(), [(a, failed(678))]);
    w.dial(a, "2");
    w.op(b, LineOp::Open);
    assert_eq!(w.heard(), [(b, line(LineEvent::Opened)), (b, ring("1"))]);
}

#[test]
fn a_number_is_busy_when_all_its_phones_are_in_use_or_it_is_the_callers_own() {
    let mut w = World::new();
    let (a, b) = w.talking();
    let c = w.phone("3");
    w.dial(c, "2");
    assert_eq!(w.heard(), [(c, failed(676))]);
    w.dial(c, "3");
    assert_eq!(w.heard(), [(c, failed(676))]);
    w.op(a, LineOp::HangUp);
    w.heard();
    w.dial(c, "2");
    assert_eq!(w.heard(), [(b, ring("3"))]);
    w.dial(a, "2");
    assert_eq!(w.heard(), [(a, failed(676))]);
}

#[test]
fn a_hunt_group_rings_its_first_free_phone() {
    let mut w = World::new();
    let (a, b) = (w.phone("1"), w.phone("2"));
    let (x, y) = (w.phone("9"), w.phone("9"));
    w.dial(a, "9");
    w.dial(b, "9");
    assert_eq!(w.heard(), [(x, ring("1")), (y, ring("2"))]);
}

#[test]
fn an_unknown_number_is_no_carrier() {
    let mut w = World::new();
    let a = w.phone("1");
    for number in ["7", "", "localhost:22"] {
        w.dial(a, number);
        assert_eq!(w.heard(), [(a, failed(679))]);
    }
}

#[test]
fn a_phone_that_is_closed_removed_ringing_or_talking_has_no_dialtone() {
    let mut w = World::new();
    let closed = w.exchange.phone(None);
    w.dial(closed, "1");
    assert_eq!(w.heard(), [(closed, failed(680))]);
    let (a, b) = w.talking();
    w.dial(a, "2");
    assert_eq!(w.heard(), [(a, failed(680))]);
    let (c, d) = (w.phone("3"), w.phone("4"));
    w.dial(c, "4");
    w.dial(d, "1");
    assert_eq!(w.heard(), [(d, ring("3")), (d, failed(680))]);
    w.exchange.handle(w.now, Input::Remove(b));
    assert_eq!(w.heard(), [(a, line(LineEvent::Disconnected))]);
    w.dial(b, "1");
    assert_eq!(w.heard(), [(b, failed(680))]);
}

#[test]
fn a_caller_without_a_number_shows_none() {
    let mut w = World::new();
    let a = w.exchange.phone(None);
    let b = w.phone("2");
    w.op(a, LineOp::Open);
    w.dial(a, "2");
    assert_eq!(w.heard(), [(a, line(LineEvent::Opened)), (b, line(LineEvent::Ring { caller: None }))]);
}

#[test]
fn a_caller_who_gives_up_stops_the_ringing_and_a_refused_call_is_busy() {
    let mut w = World::new();
    let (a, b) = (w.phone("1"), w.phone("2"));
    let gone = line(LineEvent::Disconnected);
    w.dial(a, "2");
    w.heard();
    w.op(a, LineOp::HangUp);
    assert_eq!(w.heard(), [(b, gone.clone()), (a, gone.clone())]);
    assert_eq!(w.exchange.poll_timeout(), None);
    w.dial(a, "2");
    w.heard();
    w.op(b, LineOp::HangUp);
    assert_eq!(w.heard(), [(a, failed(676)), (b, gone)]);
}

#[test]
fn the_one_who_was_called_can_call_back_after_hanging_up() {
    let mut w = World::new();
    let (a, b) = w.talking();
    w.op(b, LineOp::HangUp);
    w.dial(b, "1");
    w.heard();
    w.op(a, LineOp::Answer);
    assert_eq!(w.heard(), [(a, line(connected())), (b, line(connected()))]);
}

#[test]
fn latency_delays_answer_bytes_and_hang_up_and_keeps_their_order() {
    let latency = Duration::from_millis(150);
    let mut w = World::with(Settings { latency, ..Settings::default() });
    let (a, b) = (w.phone("1"), w.phone("2"));
    w.dial(a, "2");
    w.op(b, LineOp::Answer);
    w.op(b, LineOp::Write(b"login:".to_vec()));
    w.op(b, LineOp::HangUp);
    let gone = line(LineEvent::Disconnected);
    assert_eq!(w.heard(), [(b, ring("1")), (b, line(connected())), (b, gone.clone())]);
    assert_eq!(w.tick(), latency);
    assert_eq!(w.heard(), [(a, line(connected())), (a, bytes("login:")), (a, gone)]);
}

#[test]
fn bytes_of_an_ended_call_never_reach_the_next_one() {
    let latency = Duration::from_millis(150);
    let mut w = World::with(Settings { latency, ..Settings::default() });
    let (a, b) = w.talking();
    w.op(a, LineOp::Write(b"old".to_vec()));
    w.op(b, LineOp::HangUp);
    w.op(b, LineOp::Open);
    w.tick();
    w.heard();
    w.dial(a, "2");
    w.op(b, LineOp::Answer);
    w.tick();
    let heard = w.heard();
    assert!(!heard.iter().any(|(_, event)| matches!(event, PhoneEvent::Bytes(_))), "{heard:?}");
}

#[test]
fn a_writer_hears_what_was_taken_and_one_that_does_not_wait_is_cut() {
    let mut w = World::with(Settings { window: 10, ..Settings::default() });
    let (a, b) = w.talking();
    w.op(a, LineOp::Write(vec![b'x'; 8]));
    w.exchange.handle(w.now, Input::Taken(b, 8));
    assert_eq!(w.heard(), [(b, bytes("xxxxxxxx")), (a, PhoneEvent::Room(8))]);
    w.op(a, LineOp::Write(vec![b'x'; 10]));
    w.heard();
    w.op(a, LineOp::Write(vec![b'x'; 1]));
    let gone = line(LineEvent::Disconnected);
    assert_eq!(w.heard(), [(b, gone.clone()), (a, gone)]);
}

/// A writer once got room for bytes of the call before, wrote that much too much, and was cut.
#[test]
fn bytes_of_an_ended_call_make_no_room_in_the_next_one() {
    let mut w = World::with(Settings { window: 8, ..Settings::default() });
    let (a, b) = w.talking();
    w.op(a, LineOp::Write(b"xxxxxxxx".to_vec()));
    w.op(a, LineOp::HangUp);
    w.dial(a, "2");
    w.op(b, LineOp::Answer);
    w.heard();
    w.exchange.handle(w.now, Input::Taken(b, 8));
    let room: usize =
        w.heard().iter().map(|(_, event)| if let PhoneEvent::Room(n) = event { *n } else { 0 }).sum();
    assert_eq!(room, 0);
}

#[test]
fn closing_ends_the_call_and_the_phone_may_open_again() {
    let mut w = World::new();
    let (a, b) = w.talking();
    w.op(a, LineOp::Close);
    assert_eq!(w.heard(), [(b, line(LineEvent::Disconnected)), (a, line(LineEvent::Closed))]);
    w.op(a, LineOp::Open);
    w.heard();
    w.dial(b, "1");
    assert_eq!(w.heard(), [(a, ring("2"))]);
}

#[test]
fn a_spurious_tick_changes_nothing() {
    let mut w = World::new();
    let (a, b) = (w.phone("1"), w.phone("2"));
    w.dial(a, "2");
    assert_eq!(w.heard(), [(b, ring("1"))]);
    let before = w.exchange.poll_timeout();
    w.exchange.handle(w.now, Input::Tick);
    assert_eq!(w.heard(), []);
    assert_eq!(w.exchange.poll_timeout(), before);
}

#[test]
fn a_phone_without_a_number_shows_where_it_is() {
    let mut w = World::new();
    let b = w.phone("2");
    let a = w.exchange.phone(None);
    w.exchange.shows(a, "192.0.2.7".into());
    w.exchange.shows(b, "192.0.2.8".into());
    w.op(a, LineOp::Open);
    w.heard();
    w.dial(a, "2");
    assert_eq!(w.heard(), [(b, ring("192.0.2.7"))]);
    w.op(a, LineOp::HangUp);
    w.heard();
    let c = w.phone("3");
    w.dial(b, "3");
    assert_eq!(w.heard(), [(c, ring("2"))], "a number goes before it");
}

#[test]
fn a_slow_phone_makes_the_other_end_of_its_call_wait() {
    let mut w = World::new();
    let (a, b) = w.talking();
    w.exchange.handle(w.now, Input::Narrow(b, 600));
    assert_eq!(w.heard(), [(a, PhoneEvent::Narrow(600))]);
    w.op(a, LineOp::HangUp);
    w.heard();
    w.exchange.handle(w.now, Input::Narrow(b, 600));
    assert_eq!(w.heard(), [], "there is nobody");
}
