//! PPP ends for a [`Pair`](crate::Pair): a [`Ppp`] with the owner that answers its questions.

mod call;
mod caller;
mod store;

pub use call::{AuthKind, CallbackKind, LONGEST_DEADLINE, Leg, Outcome, Scenario};
pub use caller::{CallbackWish, Caller};
pub use store::{Store, User};

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use openras_ppp::{
    Answer, Ask, CloseReason, Command, Config, Down, Event, Input, Machine, Negotiated, Output, Phase, Ppp,
};

use crate::pair::{Effect, End, Happening};

/// Who answers the questions of a [`PppEnd`].
#[derive(Debug)]
pub enum Owner {
    /// The person at the dialling end.
    Caller(Caller),
    /// The answering service.
    Answerer(Store),
}

/// What a [`PppEnd`]'s owner does.
#[derive(Debug)]
pub enum Order {
    /// Answers the open question.
    Answer(Answer),
    /// Ends the connection politely.
    Close,
    /// Sends an IP packet.
    Ip(Vec<u8>),
    /// Begin nothing new.
    Hold,
    /// Go on.
    Release,
}

/// What a [`PppEnd`] tells.
#[derive(Debug)]
pub enum News {
    /// A phase began.
    Phase(Phase),
    /// A question was asked.
    Asked(String),
    /// A network protocol is open, or changed.
    Up(Box<Negotiated>),
    /// The connection is over.
    Down(Box<Down>),
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phase(phase) => write!(f, "phase {phase:?}"),
            Self::Asked(question) => write!(f, "asks {question}"),
            Self::Up(up) => {
                f.write_str(if up.ipv4.is_some() || up.ipv6.is_some() { "up" } else { "no network" })?;
                if let Some(ipv4) = up.ipv4 {
                    write!(f, ", {} to {}", ipv4.local, ipv4.remote)?;
                }
                if up.ipv6.is_some() {
                    write!(f, ", IPv6")?;
                }
                if let Some(method) = up.us {
                    write!(f, ", we proved ourselves by {method}")?;
                }
                if let Some((method, name)) = &up.peer {
                    write!(f, ", {name} proved itself by {method}")?;
                }
                up.failed.iter().try_for_each(|(protocol, why)| write!(f, ", {protocol} {why:?}"))
            }
            Self::Down(down) => write!(f, "down, {:?}", down.reason),
        }
    }
}

/// One end of a PPP connection and its owner.
pub struct PppEnd {
    ppp: Ppp,
    owner: Owner,
    effects: VecDeque<Effect<Order, News>>,
    up: Option<Negotiated>,
    down: Option<Down>,
    received: Vec<Vec<u8>>,
}

impl PppEnd {
    /// An end that opens its PPP as soon as the call stands.
    pub fn new(config: Config, owner: Owner, seed: [u8; 32]) -> Self {
        Self {
            ppp: Ppp::new(config, seed),
            owner,
            effects: VecDeque::new(),
            up: None,
            down: None,
            received: Vec::new(),
        }
    }

    /// What was agreed, if it was up at all; of the past once [`PppEnd::down`] says so.
    pub fn up(&self) -> Option<&Negotiated> {
        self.up.as_ref()
    }

    /// How it ended, if it did.
    pub fn down(&self) -> Option<&Down> {
        self.down.as_ref()
    }

    /// IP packets that arrived.
    pub fn received(&self) -> &[Vec<u8>] {
        &self.received
    }

    /// Its owner.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Its owner, to be asked again in another call.
    pub fn into_owner(self) -> Owner {
        self.owner
    }

    fn turn(&mut self, now: Instant, input: Input<'_>) {
        self.ppp.handle(now, input);
        while let Some(output) = self.ppp.poll_output() {
            match output {
                Output::Line(frame) => self.effects.push_back(Effect::Line(frame)),
                Output::Ip(packet) => self.received.push(packet),
                Output::Event(event) => self.note(event),
            }
        }
    }

    fn note(&mut self, event: Event) {
        let news = match event {
            Event::Phase(phase) => News::Phase(phase),
            Event::Ask(ask) => {
                let news = News::Asked(asked(&ask));
                let answer = match &mut self.owner {
                    Owner::Caller(caller) => caller.answer(ask),
                    Owner::Answerer(store) => store.answer(ask),
                };
                if let Some((delay, answer)) = answer {
                    self.effects.push_back(Effect::Later(delay, Order::Answer(answer)));
                }
                news
            }
            Event::Up(up) | Event::Network(up) => {
                self.up = Some((*up).clone());
                News::Up(up)
            }
            Event::Down(down) => {
                assert!(self.down.is_none(), "nothing follows Down, least of all another one");
                self.down = Some((*down).clone());
                self.effects.push_back(Effect::News(News::Down(down)));
                return self.effects.push_back(Effect::HangUp);
            }
            Event::Packet(_)
            | Event::PeerIdentification(_)
            | Event::TimeRemaining(..)
            | Event::Message(_) => return,
        };
        self.effects.push_back(Effect::News(news));
    }
}

/// A question in few words, for the story.
fn asked(ask: &Ask) -> String {
    match ask {
        Ask::Credentials(refusal) => format!("for credentials after {}", refusal.error),
        Ask::NewPassword(refusal) => format!("for a new password after {}", refusal.error),
        Ask::CallbackNumber(offer) => format!("about callback: {offer:?}"),
        Ask::Verify(claim) => {
            format!("whether this is {}, by {}, try {}", claim.name, claim.proof.method(), claim.attempt)
        }
        Ask::Admit { name, .. } => format!("what {} may do", name.as_deref().unwrap_or("a nameless caller")),
        Ask::CallbackTo { number } => format!("whether to call {number}"),
        Ask::Address { .. } => "for an address".to_owned(),
    }
}

impl End for PppEnd {
    type Order = Order;
    type News = News;

    fn handle(&mut self, now: Instant, what: Happening<'_, Order>) {
        match what {
            Happening::Start | Happening::Ring | Happening::Busy => {}
            Happening::Connected => {
                self.turn(now, Input::LineUp);
                self.turn(now, Input::Command(Command::Open));
            }
            Happening::Bytes(bytes) => self.turn(now, Input::Line(bytes)),
            Happening::Disconnected => self.turn(now, Input::LineDown),
            Happening::Tick => self.turn(now, Input::Tick),
            Happening::Order(Order::Answer(answer)) => {
                self.turn(now, Input::Command(Command::Answer(answer)))
            }
            Happening::Order(Order::Close) => {
                self.turn(now, Input::Command(Command::Close(CloseReason::User)))
            }
            Happening::Order(Order::Ip(packet)) => self.turn(now, Input::Ip(&packet)),
            Happening::Order(Order::Hold) => self.turn(now, Input::Command(Command::Hold)),
            Happening::Order(Order::Release) => self.turn(now, Input::Command(Command::Release)),
        }
    }

    fn poll(&mut self) -> Option<Effect<Order, News>> {
        self.effects.pop_front()
    }

    fn timeout(&self) -> Option<Instant> {
        self.ppp.poll_timeout()
    }
}

/// How long a program takes to answer.
const AT_ONCE: Duration = Duration::from_millis(50);
