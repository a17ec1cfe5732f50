//! Back pressure, timers, notices and the end, with a plain machine and lines made for the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use openras_ppp::Negotiated;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::*;
use crate::line::Accepted;
use crate::net::NoIp;
use crate::testing::{Counted, Heard, Phone, Say, polls_in_an_hour};

/// An IP port that can be stopped, and gives as many packets as it is allowed.
#[derive(Clone, Default)]
struct Valve {
    stopped: Arc<AtomicBool>,
    taken: Arc<AtomicUsize>,
    given: Arc<AtomicUsize>,
    down: Arc<AtomicBool>,
    /// Packets it may give.
    stock: usize,
}

impl IpPort for Valve {
    fn up(&mut self, _negotiated: &Negotiated) {
        self.down.store(false, Ordering::SeqCst);
    }

    fn down(&mut self) {
        self.down.store(true, Ordering::SeqCst);
    }

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        if self.stopped.load(Ordering::SeqCst) { Poll::Pending } else { Poll::Ready(()) }
    }

    fn send(&mut self, _packet: Vec<u8>) {
        self.taken.fetch_add(1, Ordering::SeqCst);
    }

    fn poll_recv(&mut self, _cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        if self.given.load(Ordering::SeqCst) >= self.stock {
            return Poll::Pending;
        }
        self.given.fetch_add(1, Ordering::SeqCst);
        buf.put_slice(&[0; 1000]);
        Poll::Ready(())
    }
}

/// A standing call; what the far end writes is what the machine hears.
async fn call(ip: impl IpPort + 'static) -> (Phone, DuplexStream) {
    let (near, far) = tokio::io::duplex(4096);
    let mut phone = Phone::start(Accepted::new(near, None), ip);
    for heard in [Heard::Opened, Heard::Ring(None), Heard::Connected] {
        assert_eq!(phone.hear().await, heard);
    }
    (phone, far)
}

/// Everything the far end can write before the near end stops reading for good (in virtual time).
async fn fill(far: &mut DuplexStream) -> usize {
    let mut all = 0;
    while let Ok(count) = tokio::time::timeout(Duration::from_secs(1), far.write(&[0; 1024])).await {
        all += count.unwrap();
        assert!(all < 50_000_000, "nothing holds it back");
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_machines_timers_fire_when_they_should() {
    let (mut phone, _far) = call(NoIp).await;
    for seconds in [3, 600] {
        let begin = tokio::time::Instant::now();
        phone.say(Say::TickAfter(Duration::from_secs(seconds))).await;
        let heard = phone.heard.recv().await;
        assert_eq!((heard, begin.elapsed().as_secs()), (Some(Heard::Tick), seconds));
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_is_not_read_while_the_ip_port_is_full() {
    let valve = Valve::default();
    let (mut phone, mut far) = call(valve.clone()).await;
    valve.stopped.store(true, Ordering::SeqCst);
    phone.say(Say::Quiet).await;
    phone.say(Say::Ip(3)).await;
    phone.say(Say::TickAfter(Duration::ZERO)).await;
    assert_eq!(phone.hear().await, Heard::Tick);
    phone.say(Say::TickAfter(Duration::from_secs(30))).await;
    assert!(fill(&mut far).await <= 4096);
    // timers go on meanwhile
    assert_eq!(phone.hear().await, Heard::Tick);
    valve.stopped.store(false, Ordering::SeqCst);
    phone.say(Say::TickAfter(Duration::ZERO)).await;
    assert_eq!(phone.hear().await, Heard::Tick);
    far.write_all(&[0; 100_000]).await.unwrap();
    assert_eq!(valve.taken.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn neither_line_nor_ip_is_read_while_the_line_does_not_take_what_is_written() {
    let valve = Valve { stock: 1_000_000, ..Valve::default() };
    let (mut phone, mut far) = call(valve.clone()).await;
    phone.say(Say::Quiet).await;
    phone.say(Say::Up(Box::default())).await;
    phone.say(Say::TickAfter(Duration::from_secs(5))).await;
    assert_eq!(phone.hear().await, Heard::Tick);
    let given = valve.given.load(Ordering::SeqCst);
    assert!((60..100).contains(&given), "{given} packets of 1000 bytes taken for a line that takes nothing");
    assert!(fill(&mut far).await <= 4096);
    // the far end reads again: everything moves again
    let mut all = vec![0; 3_000_000];
    far.read_exact(&mut all).await.unwrap();
    assert!(valve.given.load(Ordering::SeqCst) >= 3000);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_takes_no_notices_stops_the_line_but_loses_none() {
    let (mut phone, mut far) = call(NoIp).await;
    let written = fill(&mut far).await;
    assert_eq!(phone.hear_bytes(written).await.len(), written);
    far.write_all(b"more").await.unwrap();
    assert_eq!(phone.hear_bytes(4).await, b"more");
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_wants_no_notices_does_not_stop_the_call() {
    let (phone, mut far) = call(NoIp).await;
    let Phone { say, heard, cancel: _cancel, task } = phone;
    drop(heard);
    far.write_all(&[0; 1_000_000]).await.unwrap();
    say.send(Say::Op(LineOp::Write(b"hello".to_vec()))).await.unwrap();
    let mut text = [0; 5];
    far.read_exact(&mut text).await.unwrap();
    drop(say);
    assert_eq!(task.await.unwrap(), Outcome::Ended);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_says_farewell_and_writes_what_it_had() {
    let (mut phone, mut far) = call(NoIp).await;
    phone.write("goodbye").await;
    phone.say(Say::TickAfter(Duration::ZERO)).await;
    assert_eq!(phone.hear().await, Heard::Tick);
    phone.cancel.cancel();
    let mut text = Vec::new();
    far.read_to_end(&mut text).await.unwrap();
    assert_eq!(text, b"goodbye");
    assert_eq!(phone.task.await.unwrap(), Outcome::Ended);
}

/// A line that opens and then does nothing at all.
struct Stuck(bool);

impl Line for Stuck {
    fn op(&mut self, op: LineOp) {
        self.0 = op == LineOp::Open;
    }

    fn poll_event<'a>(&mut self, _cx: &mut Context<'_>, _buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        if std::mem::take(&mut self.0) { Poll::Ready(LineEvent::Opened) } else { Poll::Pending }
    }

    fn unsent(&self) -> usize {
        0
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_cannot_end_is_abandoned_after_its_limit() {
    let mut phone = Phone::start(Stuck(false), NoIp);
    assert_eq!(phone.hear().await, Heard::Opened);
    let begin = tokio::time::Instant::now();
    assert_eq!(phone.end().await, Outcome::Abandoned);
    assert_eq!(begin.elapsed(), FAREWELL);
}

#[tokio::test(start_paused = true)]
async fn ip_goes_down_with_the_line_and_packets_wait_for_the_next_up() {
    let valve = Valve { stock: 10, ..Valve::default() };
    let (mut phone, far) = call(valve.clone()).await;
    phone.say(Say::Up(Box::default())).await;
    phone.say(Say::TickAfter(Duration::from_secs(1))).await;
    assert_eq!(phone.hear().await, Heard::Tick);
    assert_eq!(valve.given.load(Ordering::SeqCst), 10);
    assert!(!valve.down.load(Ordering::SeqCst));
    drop(far);
    assert_eq!(phone.hear().await, Heard::Disconnected);
    assert!(valve.down.load(Ordering::SeqCst));
}

#[test]
fn an_idle_call_holds_no_buffer() {
    let (_say, commands) = mpsc::channel::<Say>(1);
    let (notices, _heard) = mpsc::channel::<crate::testing::Heard>(1);
    let cancel = CancellationToken::new();
    let ends =
        Ends { commands, notices, cancel, farewell: || Say::Bye, tap: None, gauge: Default::default() };
    let line: Box<dyn Line> = Box::new(Stuck(false));
    let ip: Box<dyn IpPort> = Box::new(NoIp);
    let future = run(crate::testing::Plain::default(), line, ip, ends);
    assert!(size_of_val(&future) <= 2048, "{}", size_of_val(&future));
}

#[tokio::test(start_paused = true)]
async fn a_call_in_which_nothing_moves_costs_nothing() {
    let (near, mut far) = tokio::io::duplex(4096);
    let (line, polls, _) = Counted::new(Accepted::new(near, None));
    let mut phone = Phone::start(line, NoIp);
    for heard in [Heard::Opened, Heard::Ring(None), Heard::Connected] {
        assert_eq!(phone.hear().await, heard);
    }
    assert_eq!(polls_in_an_hour(&polls).await, 0, "a call that stands");
    // the other end takes nothing, and there is always more for it
    phone.write(vec![0; 500_000]).await;
    assert_eq!(polls_in_an_hour(&polls).await, 0, "a full line");
    let written = fill(&mut far).await;
    assert_eq!(polls_in_an_hour(&polls).await, 0, "a full line both ways");
    assert!(written < 50_000_000);
    drop(far);
    // nothing is read from a full line, but a broken one is noticed
    while phone.hear().await != Heard::Disconnected {}
    assert_eq!(polls_in_an_hour(&polls).await, 0, "a call that is over");
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_never_reads_costs_nothing_either_and_the_timers_go_on() {
    let (near, mut far) = tokio::io::duplex(4096);
    let (line, polls, _) = Counted::new(Accepted::new(near, None));
    let mut phone = Phone::start(line, NoIp);
    phone.say(Say::TickAfter(Duration::from_secs(60))).await;
    let written = fill(&mut far).await;
    // the caller vanishes: that stays unread like its last bytes
    drop(far);
    let polled = polls_in_an_hour(&polls).await;
    assert!(polled < 5, "polled {polled} times");
    let (mut bytes, mut ticks) = (0, 0);
    loop {
        match phone.hear().await {
            Heard::Bytes(more) => bytes += more.len(),
            Heard::Tick => {
                assert!(bytes < written, "the timer did not wait for the reader");
                ticks += 1;
            }
            Heard::Disconnected => break,
            _ => {}
        }
    }
    assert_eq!((bytes, ticks), (written, 1));
}

/// An owner that holds the receiver and never looks into it: the call's line is given back all the same, and a
/// service that stops does not wait for that owner.
#[tokio::test(start_paused = true)]
async fn a_call_that_has_ended_holds_no_line_and_is_not_held_by_its_owner_for_ever() {
    for by_token in [true, false] {
        let (near, mut far) = tokio::io::duplex(4096);
        let (line, _, alive) = Counted::new(Accepted::new(near, None));
        let phone = Phone::start(line, NoIp);
        for _ in 0..20 {
            far.write_all(b"x").await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        phone.say(Say::Bye).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(Arc::strong_count(&alive), 1, "the line is gone");
        let Phone { say, heard, cancel, task } = phone;
        assert!(!task.is_finished(), "the last notices wait for the owner");
        let begin = tokio::time::Instant::now();
        if by_token {
            cancel.cancel();
        } else {
            drop(say);
        }
        let outcome = tokio::time::timeout(Duration::from_secs(3600), task).await;
        assert_eq!(outcome.expect("it ends").unwrap(), Outcome::Ended);
        assert_eq!(begin.elapsed(), FAREWELL);
        drop(heard);
    }
}
