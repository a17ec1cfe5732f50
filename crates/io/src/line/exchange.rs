//! `exchange:NUMBER`: lines into the virtual telephone world. One task owns the [`Exchange`].

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use openras_engine::exchange::{Exchange, Input, PhoneEvent, PhoneId, Settings};
use openras_engine::{LineEvent, LineOp};
use openras_ppp::Machine;
use tokio::io::ReadBuf;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

use super::paced::half_a_second;
use super::switched::DRAIN;
use super::{Line, MAX_UNSENT};
use crate::driver::HIGH_WATER;

/// Bytes a line gives the exchange before the other end has taken them; the exchange's own window is larger.
const CREDIT: usize = 128 * 1024;

/// Where phones are had. Clones are the same exchange; it ends when all handles and lines are gone.
#[derive(Clone, Debug)]
pub struct ExchangeHandle {
    orders: mpsc::UnboundedSender<Order>,
    keys: Arc<AtomicU64>,
}

/// A line's name before the exchange.
type Key = u64;

#[derive(Debug)]
enum Order {
    Phone(Key, Option<String>, Option<String>, mpsc::UnboundedSender<Said>),
    Op(Key, LineOp),
    /// As `Op`, then [`Said::Left`].
    Leave(Key, LineOp),
    OffHook(Key),
    Taken(Key, usize),
    Narrow(Key, usize),
    Remove(Key),
}

/// What a line hears from the exchange's task.
#[derive(Debug)]
enum Said {
    Event(PhoneEvent),
    /// The hang-up or close is done; all that was said before it belongs to the past.
    Left,
}

impl ExchangeHandle {
    /// Starts an exchange. Must be called inside a tokio runtime.
    pub fn start(settings: Settings) -> Self {
        let settings = Settings { window: settings.window.max(2 * CREDIT), ..settings };
        let (orders, inbox) = mpsc::unbounded_channel();
        tokio::spawn(Work::new(settings).run(inbox));
        Self { orders, keys: Arc::default() }
    }

    /// A phone: with a number it can be called; phones with the same number are a hunt group.
    pub fn phone(&self, number: Option<&str>) -> ExchangeLine {
        self.phone_of(number, None)
    }

    /// As [`Self::phone`]; without a number whom it calls hears this source instead.
    pub fn phone_of(&self, number: Option<&str>, source: Option<&str>) -> ExchangeLine {
        let key = self.keys.fetch_add(1, Ordering::Relaxed);
        let (sender, said) = mpsc::unbounded_channel();
        let line = ExchangeLine {
            key,
            orders: self.orders.clone(),
            said,
            events: VecDeque::new(),
            later: VecDeque::new(),
            ending: None,
            busy: false,
            out: Vec::new(),
            under_way: 0,
            most: CREDIT,
            given: 0,
        };
        line.order(Order::Phone(key, number.map(str::to_owned), source.map(str::to_owned), sender));
        line
    }
}

/// The task. What waits in its channels is bounded by the lines' credit.
struct Work {
    exchange: Exchange,
    phones: HashMap<Key, PhoneId>,
    lines: HashMap<PhoneId, mpsc::UnboundedSender<Said>>,
}

impl Work {
    fn new(settings: Settings) -> Self {
        Self { exchange: Exchange::new(settings), phones: HashMap::new(), lines: HashMap::new() }
    }

    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            let deadline = self.exchange.poll_timeout();
            let until = deadline.map_or_else(Instant::now, Instant::from_std);
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                () = tokio::time::sleep_until(until), if deadline.is_some() => self.feed(Input::Tick),
            }
        }
    }

    fn obey(&mut self, order: Order) {
        let phone = |key| self.phones.get(&key).copied();
        match order {
            Order::Phone(key, number, source, line) => {
                let phone = self.exchange.phone(number.as_deref());
                if let Some(source) = source {
                    self.exchange.shows(phone, source);
                }
                self.phones.insert(key, phone);
                self.lines.insert(phone, line);
            }
            Order::Op(key, op) => {
                if let Some(phone) = phone(key) {
                    self.feed(Input::Op(phone, op));
                }
            }
            Order::Leave(key, op) => {
                if let Some(phone) = phone(key) {
                    self.feed(Input::Op(phone, op));
                    self.say(phone, Said::Left);
                }
            }
            Order::OffHook(key) => {
                if let Some(phone) = phone(key) {
                    self.feed(Input::OffHook(phone));
                }
            }
            Order::Taken(key, count) => {
                if let Some(phone) = phone(key) {
                    self.feed(Input::Taken(phone, count));
                }
            }
            Order::Narrow(key, most) => {
                if let Some(phone) = phone(key) {
                    self.feed(Input::Narrow(phone, most));
                }
            }
            Order::Remove(key) => {
                if let Some(phone) = self.phones.remove(&key) {
                    self.lines.remove(&phone);
                    self.feed(Input::Remove(phone));
                }
            }
        }
    }

    fn feed(&mut self, input: Input) {
        self.exchange.handle(Instant::now().into_std(), input);
        while let Some(output) = self.exchange.poll_output() {
            self.say(output.phone, Said::Event(output.event));
        }
    }

    fn say(&self, phone: PhoneId, said: Said) {
        if let Some(line) = self.lines.get(&phone) {
            // a line that was just dropped has its Remove under way
            drop(line.send(said));
        }
    }
}

/// A phone of an exchange.
pub struct ExchangeLine {
    key: Key,
    orders: mpsc::UnboundedSender<Order>,
    said: mpsc::UnboundedReceiver<Said>,
    /// Heard and not yet given to the driver.
    events: VecDeque<PhoneEvent>,
    /// Operations that wait for the hang-up before them.
    later: VecDeque<LineOp>,
    ending: Option<Ending>,
    /// A call stands, as far as the driver knows.
    busy: bool,
    out: Vec<u8>,
    /// Bytes given to the exchange that the other end has not taken, and the most there may be.
    under_way: usize,
    most: usize,
    /// How much of the first bytes in `events` the driver has.
    given: usize,
}

/// A hang-up or close under way.
struct Ending {
    op: Option<LineOp>,
    closes: bool,
    limit: Pin<Box<Sleep>>,
}

impl ExchangeLine {
    /// Lifts the receiver without dialling: who calls finds it busy until the `HangUp` of this line. Behind a hang-up under
    /// way it waits for nothing: that frees the line anyhow.
    pub fn lift(&mut self) {
        self.order(Order::OffHook(self.key));
    }

    fn order(&self, order: Order) {
        // the task lives as long as any sender
        drop(self.orders.send(order));
    }

    fn apply(&mut self, op: LineOp) {
        match op {
            LineOp::Write(bytes) => {
                if self.busy {
                    self.out.extend_from_slice(&bytes);
                }
                if self.out.len() > MAX_UNSENT {
                    self.out = Vec::new();
                    self.end(LineOp::HangUp);
                }
            }
            LineOp::HangUp | LineOp::Close => self.end(op),
            LineOp::Open | LineOp::Dial(_) | LineOp::Answer => self.order(Order::Op(self.key, op)),
        }
    }

    fn end(&mut self, op: LineOp) {
        let closes = op == LineOp::Close;
        let limit = Box::pin(tokio::time::sleep(DRAIN));
        self.ending = Some(Ending { op: Some(op), closes, limit });
    }

    /// Gives the exchange what it takes.
    fn pump(&mut self) {
        let count = self.out.len().min(self.most.saturating_sub(self.under_way));
        if count == 0 {
            return;
        }
        let rest = self.out.split_off(count);
        let bytes = std::mem::replace(&mut self.out, rest);
        self.under_way += count;
        self.order(Order::Op(self.key, LineOp::Write(bytes)));
    }

    /// Takes in what the exchange says; room for our bytes counts at once, events keep their order.
    fn poll_said(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(said)) = self.said.poll_recv(cx) {
            match said {
                Said::Event(PhoneEvent::Room(count)) => {
                    self.under_way = self.under_way.saturating_sub(count);
                    self.pump();
                }
                Said::Event(event) => {
                    // nobody takes anything any more: a line that stayed full would not be read up to its end
                    if event == PhoneEvent::Line(LineEvent::Disconnected) {
                        self.hung_up();
                    }
                    self.events.push_back(event);
                }
                Said::Left => self.left(),
            }
        }
    }

    fn left(&mut self) {
        let Some(ending) = self.ending.take() else { return };
        self.hung_up();
        self.events.clear();
        self.given = 0;
        let event = if ending.closes { LineEvent::Closed } else { LineEvent::Disconnected };
        self.events.push_back(PhoneEvent::Line(event));
        while self.ending.is_none()
            && let Some(op) = self.later.pop_front()
        {
            self.apply(op);
        }
    }

    fn hung_up(&mut self) {
        self.busy = false;
        (self.under_way, self.most) = (0, CREDIT);
        self.out = Vec::new();
    }

    /// Sends the hang-up when everything before it is out, or waited long enough.
    fn poll_ending(&mut self, cx: &mut Context<'_>) {
        let Some(ending) = &mut self.ending else { return };
        if ending.op.is_some()
            && (self.out.is_empty() || ending.limit.as_mut().poll(cx).is_ready())
            && let Some(op) = ending.op.take()
        {
            self.out = Vec::new();
            self.order(Order::Leave(self.key, op));
        }
    }

    /// Copies bytes that have come; `Taken` makes room for more of them.
    fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let Some(PhoneEvent::Bytes(bytes)) = self.events.front() else { return };
        let rest = bytes.get(self.given..).unwrap_or_default();
        let count = rest.len().min(buf.remaining());
        buf.put_slice(rest.get(..count).unwrap_or_default());
        self.given += count;
        if self.given >= bytes.len() {
            self.events.pop_front();
            self.given = 0;
        }
        self.order(Order::Taken(self.key, count));
    }
}

impl Line for ExchangeLine {
    fn op(&mut self, op: LineOp) {
        if self.ending.is_some() {
            self.later.push_back(op);
        } else {
            self.apply(op);
        }
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        self.poll_said(cx);
        self.pump();
        self.poll_ending(cx);
        if self.ending.is_some() {
            return Poll::Pending;
        }
        while let Some(PhoneEvent::Narrow(most)) = self.events.front() {
            self.most = (*most).clamp(1, CREDIT);
            self.events.pop_front();
        }
        let event = ready!(self.events.front().map_or(Poll::Pending, Poll::Ready));
        match event {
            PhoneEvent::Bytes(_) => {
                if buf.remaining() == 0 {
                    return Poll::Pending;
                }
                self.give(buf);
                Poll::Ready(LineEvent::Bytes(buf.filled()))
            }
            PhoneEvent::Room(_) | PhoneEvent::Narrow(_) => Poll::Pending,
            PhoneEvent::Line(event) => {
                let event = event.clone();
                self.events.pop_front();
                match event {
                    LineEvent::Connected { .. } => {
                        self.busy = true;
                        (self.under_way, self.most) = (0, CREDIT);
                    }
                    LineEvent::Disconnected => self.hung_up(),
                    _ => {}
                }
                Poll::Ready(event)
            }
        }
    }

    /// Full, at [`HIGH_WATER`], as soon as there is as much as a slow end may have under way.
    fn unsent(&self) -> usize {
        let full = self.most < CREDIT && self.under_way.saturating_add(self.out.len()) >= self.most;
        if full { self.out.len().max(HIGH_WATER) } else { self.out.len() }
    }

    fn slow_down(&mut self, speed: u32) {
        self.order(Order::Narrow(self.key, half_a_second(Some(speed))));
    }
}

impl Drop for ExchangeLine {
    fn drop(&mut self) {
        self.order(Order::Remove(self.key));
    }
}
