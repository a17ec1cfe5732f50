//! Whole calls for a [`Pair`](crate::Pair): a [`Dial`](openras_engine::client::dial::Dial) and a
//! [`Port`](openras_engine::server::port::Port) over one line, each with the owner that answers its questions.

mod answerer;
mod dialler;
mod kept;
mod module;

pub use answerer::{Answerer, port_config};
pub use dialler::{Dialler, Plan, dial_config};
pub use module::CodeModule;

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use openras_engine::RasError;
use openras_engine::client::dial;
use openras_engine::line::{CallOutput, LineEvent, LineOp};
use openras_engine::server::port;
use openras_ppp::Negotiated;

use crate::pair::{Effect, End, Happening};

/// One end of a call.
pub enum CallEnd {
    /// The end that dials.
    Dialler(Box<Dialler>),
    /// The end that answers.
    Answerer(Box<Answerer>),
}

/// What an owner or the line tells an end later.
#[derive(Debug)]
pub enum Order {
    /// The line is ours.
    Opened,
    /// The line is given back.
    Closed,
    /// It was hung up while no call stood.
    NoCall,
    /// For the dial.
    Dial(dial::Command),
    /// For the port.
    Port(port::Command),
    /// An IP packet to send.
    Ip(Vec<u8>),
}

/// News as text, made at once: whole calls are run by the hundred, not by the hundred thousand.
#[derive(Debug)]
pub struct News(String);

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What both kinds of ends keep.
#[derive(Debug, Default)]
pub struct Desk {
    effects: VecDeque<Effect<Order, News>>,
    /// A call stands or is about to.
    calling: bool,
    up: Option<Negotiated>,
    received: Vec<Vec<u8>>,
    over: bool,
}

impl Desk {
    fn later(&mut self, delay: Duration, order: Order) {
        self.effects.push_back(Effect::Later(delay, order));
    }

    fn news(&mut self, text: impl fmt::Display) {
        self.effects.push_back(Effect::News(News(text.to_string())));
    }

    fn line(&mut self, op: LineOp) {
        match op {
            LineOp::Open => self.later(Duration::ZERO, Order::Opened),
            LineOp::Close => self.later(Duration::ZERO, Order::Closed),
            LineOp::Dial(number) => {
                self.calling = true;
                self.effects.push_back(Effect::Dial(number));
            }
            LineOp::Answer => {
                self.calling = true;
                self.effects.push_back(Effect::Answer);
            }
            LineOp::Write(bytes) => self.effects.push_back(Effect::Line(bytes)),
            LineOp::HangUp if self.calling => self.effects.push_back(Effect::HangUp),
            LineOp::HangUp => self.later(Duration::ZERO, Order::NoCall),
        }
    }

    /// Keeps an output that is the same for both kinds; gives back a notice.
    fn keep<N>(&mut self, output: CallOutput<N>) -> Option<N> {
        match output {
            CallOutput::Line(op) => self.line(op),
            CallOutput::Ip(packet) => self.received.push(packet),
            CallOutput::Up(up) => self.up = Some(*up),
            CallOutput::Ended => {
                self.over = true;
                self.news("over");
            }
            CallOutput::Notice(notice) => return Some(notice),
        }
        None
    }
}

/// What happens on the line as a machine hears it; orders for the machine itself are not the line's.
fn line_event<'a>(what: &'a Happening<'a, Order>) -> Option<LineEvent<'a>> {
    Some(match what {
        Happening::Ring => LineEvent::Ring { caller: Some("5550100".to_owned()) },
        Happening::Connected => LineEvent::Connected { text: "CONNECT 33600".to_owned() },
        Happening::Bytes(bytes) => LineEvent::Bytes(bytes),
        Happening::Disconnected | Happening::Order(Order::NoCall) => LineEvent::Disconnected,
        Happening::Busy => LineEvent::Failed(RasError(676)),
        Happening::Order(Order::Opened) => LineEvent::Opened,
        Happening::Order(Order::Closed) => LineEvent::Closed,
        Happening::Start | Happening::Tick | Happening::Order(_) => return None,
    })
}

impl CallEnd {
    fn desk(&self) -> &Desk {
        match self {
            Self::Dialler(dialler) => &dialler.desk,
            Self::Answerer(answerer) => &answerer.desk,
        }
    }

    fn desk_mut(&mut self) -> &mut Desk {
        match self {
            Self::Dialler(dialler) => &mut dialler.desk,
            Self::Answerer(answerer) => &mut answerer.desk,
        }
    }

    /// What was agreed last.
    pub fn up(&self) -> Option<&Negotiated> {
        self.desk().up.as_ref()
    }

    /// IP packets that arrived.
    pub fn received(&self) -> &[Vec<u8>] {
        &self.desk().received
    }

    /// Whether nothing follows.
    pub fn is_over(&self) -> bool {
        self.desk().over
    }

    /// The dialling end, if it is that.
    pub fn dialler(&self) -> Option<&Dialler> {
        match self {
            Self::Dialler(dialler) => Some(dialler),
            Self::Answerer(_) => None,
        }
    }

    /// The answering end, if it is that.
    pub fn answerer(&self) -> Option<&Answerer> {
        match self {
            Self::Answerer(answerer) => Some(answerer),
            Self::Dialler(_) => None,
        }
    }
}

impl End for CallEnd {
    type Order = Order;
    type News = News;

    fn handle(&mut self, now: Instant, what: Happening<'_, Order>) {
        match what {
            Happening::Ring | Happening::Connected => self.desk_mut().calling = true,
            Happening::Disconnected | Happening::Busy => self.desk_mut().calling = false,
            _ => {}
        }
        match self {
            Self::Dialler(dialler) => dialler.handle(now, what),
            Self::Answerer(answerer) => answerer.handle(now, what),
        }
    }

    fn poll(&mut self) -> Option<Effect<Order, News>> {
        self.desk_mut().effects.pop_front()
    }

    fn timeout(&self) -> Option<Instant> {
        match self {
            Self::Dialler(dialler) => dialler.timeout(),
            Self::Answerer(answerer) => answerer.timeout(),
        }
    }
}
