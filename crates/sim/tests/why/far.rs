//! Ends that are none of ours: silent ones, echoing ones, ones that speak PPP and want something else.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use openras_ppp::hdlc::{self, Framing};
use openras_ppp::wire::Protocol;
use openras_ppp::{Answer, Ask, Command, Config, Event, Input, Machine, Output, Ppp};
use openras_sim::calls::{News, Order};
use openras_sim::pair::{Effect, Happening};
use openras_sim::ppp::Store;

/// What it does with the line.
pub(crate) enum Does {
    /// Nothing.
    Silence,
    /// Sends back what comes.
    Echo,
    /// Says this once the call stands, and nothing more.
    Says(Vec<u8>),
    /// Speaks PPP; what it writes goes through this on its way.
    Ppp(Box<Ppp>, fn(Vec<u8>) -> Vec<u8>),
    /// Answers whatever comes by these, each after so long; once the call stands it is given nothing.
    Frames(Box<Replies>),
}

/// What is sent in reply to a frame, each after so long.
type Replies = dyn FnMut(&[u8]) -> Vec<(Duration, Vec<u8>)>;

/// Such an end.
pub(crate) struct Far {
    does: Does,
    dials: bool,
    store: Store,
    effects: VecDeque<Effect<Order, News>>,
    /// Hangs up when it has been written to so often.
    patience: usize,
}

impl Far {
    /// One that answers.
    pub(crate) fn answers(does: Does) -> Self {
        Self {
            does,
            dials: false,
            store: crate::stage::store(),
            effects: VecDeque::new(),
            patience: usize::MAX,
        }
    }

    /// One that dials.
    pub(crate) fn dials(does: Does) -> Self {
        Self { dials: true, ..Self::answers(does) }
    }

    /// Hangs up after it was written to so often.
    pub(crate) fn for_writes(self, patience: usize) -> Self {
        Self { patience, ..self }
    }

    pub(crate) fn timeout(&self) -> Option<Instant> {
        match &self.does {
            Does::Ppp(ppp, _) => ppp.poll_timeout(),
            _ => None,
        }
    }

    pub(crate) fn poll(&mut self) -> Option<Effect<Order, News>> {
        self.effects.pop_front()
    }

    pub(crate) fn handle(&mut self, now: Instant, what: Happening<'_, Order>) {
        match what {
            Happening::Start if self.dials => self.effects.push_back(Effect::Dial("5551212".into())),
            Happening::Ring => self.effects.push_back(Effect::Answer),
            Happening::Connected => self.begin(now),
            Happening::Bytes(bytes) => self.hear(now, bytes),
            Happening::Disconnected => self.ppp(now, Input::LineDown),
            Happening::Tick => self.ppp(now, Input::Tick),
            Happening::Order(Order::Ip(bytes)) => self.effects.push_back(Effect::Line(bytes)),
            Happening::Start | Happening::Busy | Happening::Order(_) => {}
        }
    }

    fn begin(&mut self, now: Instant) {
        if let Does::Says(text) = &self.does {
            self.effects.push_back(Effect::Line(text.clone()));
        }
        if let Does::Frames(answer) = &mut self.does {
            self.effects.extend(answer(&[]).into_iter().map(later));
        }
        self.ppp(now, Input::LineUp);
        self.ppp(now, Input::Command(Command::Open));
    }

    fn hear(&mut self, now: Instant, bytes: &[u8]) {
        self.patience -= 1;
        if self.patience == 0 {
            return self.effects.push_back(Effect::HangUp);
        }
        match &mut self.does {
            Does::Echo => self.effects.push_back(Effect::Line(bytes.to_vec())),
            Does::Frames(answer) => self.effects.extend(answer(bytes).into_iter().map(later)),
            _ => self.ppp(now, Input::Line(bytes)),
        }
    }

    fn ppp(&mut self, now: Instant, input: Input<'_>) {
        let Does::Ppp(ppp, change) = &mut self.does else { return };
        ppp.handle(now, input);
        while let Some(output) = ppp.poll_output() {
            match output {
                Output::Line(frame) => self.effects.push_back(Effect::Line(change(frame))),
                Output::Event(Event::Ask(ask)) => {
                    let answer = match ask {
                        Ask::Verify(claim) => Answer::Verdict(self.store.verdict(&claim)),
                        Ask::Address { .. } => Answer::Address(self.store.address),
                        Ask::Admit { .. } => Answer::Admit(openras_ppp::ask::CallbackPolicy::None),
                        _ => continue,
                    };
                    ppp.handle(now, Input::Command(Command::Answer(answer)));
                }
                Output::Event(Event::Down(_)) => self.effects.push_back(Effect::HangUp),
                Output::Event(_) | Output::Ip(_) => {}
            }
        }
    }
}

/// What is to be written after so long.
fn later((delay, bytes): (Duration, Vec<u8>)) -> Effect<Order, News> {
    Effect::Later(delay, Order::Ip(bytes))
}

/// An end that speaks PPP.
pub(crate) fn ppp(config: Config) -> Does {
    Does::Ppp(Box::new(Ppp::new(config, [9; 32])), |frame| frame)
}

/// As [`ppp`], over a line that strips the eighth bit of what it sends.
pub(crate) fn seven_bit(config: Config) -> Does {
    Does::Ppp(Box::new(Ppp::new(config, [9; 32])), |frame| frame.iter().map(|byte| byte & 0x7f).collect())
}

/// A packet in its frame, as it goes before LCP is open.
pub(crate) fn frame(protocol: Protocol, packet: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    hdlc::frame(protocol, packet, Framing::DEFAULT, false, &mut out);
    out
}
