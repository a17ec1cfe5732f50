//! CBCP of the end that dialled.

use std::time::{Duration, Instant};

use super::option::{Callback, LONGEST_NUMBER, offer};
use super::{ACK, PERSON, REQUEST, RESPONSE, RESTART, TRIES};
use crate::ask::{Answer, Ask, CallbackChoice, CallbackOffer};
use crate::auth::packet::emit;
use crate::auth::timers::Timers;
use crate::auth::{Context, Effect, Exchange};
use crate::config::Config;
use crate::event::DownReason;
use crate::wire::ControlPacket;

/// How long the first Request may take.
const FIRST_REQUEST: Duration = Duration::from_secs(30);
/// Questions a call, where the answerer changes its offer.
const QUESTIONS: u32 = 3;

pub(super) struct Caller {
    delay: u8,
    timers: Timers,
    /// Questions put so far; an answerer that keeps changing its offer gets no more.
    questions: u32,
    state: State,
}

enum State {
    /// No Request yet.
    Waiting,
    /// The question is open; this Request is the newest.
    Asking { identifier: u8, offer: CallbackOffer },
    /// The Response is out.
    Chosen { identifier: u8, offer: CallbackOffer, choice: Callback, copies: u32 },
    /// Acknowledged, or failed.
    Done,
}

impl Caller {
    pub(super) fn new(config: &Config) -> Self {
        Self { delay: config.callback.delay, timers: Timers::default(), questions: 0, state: State::Waiting }
    }

    fn request(&mut self, now: Instant, identifier: u8, body: &[u8], cx: &mut Context<'_>) {
        let Ok(new) = Callback::parse_all(body).map(offer) else { return };
        match &mut self.state {
            State::Waiting => self.ask(identifier, new, cx),
            State::Asking { identifier: newest, offer } => {
                *newest = identifier;
                *offer = new;
            }
            State::Chosen { identifier: newest, offer, copies, .. } if *offer == new => {
                // our Response was lost, came too late, or was not taken: the answerer counts
                *newest = identifier;
                *copies = TRIES;
                self.send(now, cx);
            }
            State::Chosen { .. } => self.ask(identifier, new, cx),
            State::Done => {}
        }
    }

    fn ask(&mut self, identifier: u8, offer: CallbackOffer, cx: &mut Context<'_>) {
        self.timers.stop();
        self.questions += 1;
        if offer == CallbackOffer::default() || self.questions > QUESTIONS {
            return self.fail(cx);
        }
        cx.effects.push(Effect::Ask(Ask::CallbackNumber(offer.clone())));
        self.state = State::Asking { identifier, offer };
    }

    /// The option that says `choice`, if it is offered.
    fn option(&self, offer: &CallbackOffer, choice: CallbackChoice) -> Option<Callback> {
        let delay = self.delay;
        let callable = |number: &str| {
            !number.is_empty()
                && number.len() <= LONGEST_NUMBER
                && number.bytes().all(|c| (b' '..=b'~').contains(&c))
        };
        match choice {
            CallbackChoice::None => offer.none.then_some(Callback::None),
            // an empty number is how a person declines
            CallbackChoice::Number(number) if number.is_empty() => offer.none.then_some(Callback::None),
            CallbackChoice::Number(number) => {
                (offer.caller && callable(&number)).then_some(Callback::Caller { delay, number })
            }
            CallbackChoice::Preset => offer.preset.then_some(Callback::Preset { delay }),
            CallbackChoice::Listed(number) => (offer.list.contains(&number) && callable(&number))
                .then(|| Callback::List { delay, numbers: vec![number] }),
        }
    }

    /// Sends the Response once more.
    fn send(&mut self, now: Instant, cx: &mut Context<'_>) {
        let State::Chosen { identifier, choice, copies, .. } = &mut self.state else { return };
        if *copies == 0 {
            return self.fail(cx);
        }
        *copies -= 1;
        let mut option = Vec::new();
        choice.emit(&mut option);
        cx.effects.push(Effect::Send(emit(RESPONSE, *identifier, &[&option])));
        self.timers.resend = now.checked_add(RESTART);
    }

    fn ack(&mut self, identifier: u8, body: &[u8], cx: &mut Context<'_>) {
        let State::Chosen { identifier: newest, choice, .. } = &self.state else { return };
        let Ok(acked) = Callback::parse_one(body) else { return };
        if identifier != *newest || std::mem::discriminant(&acked) != std::mem::discriminant(choice) {
            return;
        }
        let delay = self.delay;
        cx.effects.push(match choice {
            Callback::Caller { number, .. } => {
                Effect::Failed(DownReason::Callback { number: number.clone(), delay })
            }
            Callback::List { numbers, .. } => {
                Effect::Failed(DownReason::Callback { number: numbers.concat(), delay })
            }
            Callback::Preset { .. } => Effect::Failed(DownReason::Callback { number: String::new(), delay }),
            Callback::None | Callback::Unknown(_) => {
                Effect::Passed { name: String::new(), message: String::new() }
            }
        });
        self.timers.stop();
        self.state = State::Done;
    }

    fn fail(&mut self, cx: &mut Context<'_>) {
        self.timers.stop();
        self.state = State::Done;
        cx.effects.push(Effect::Failed(DownReason::CallbackFailed));
    }
}

impl Exchange for Caller {
    fn start(&mut self, now: Instant, _cx: &mut Context<'_>) {
        self.timers.limit = now.checked_add(FIRST_REQUEST);
    }

    fn packet(&mut self, now: Instant, packet: &[u8], cx: &mut Context<'_>) {
        let Ok(packet) = ControlPacket::parse(packet) else { return };
        match packet.code.0 {
            REQUEST => self.request(now, packet.identifier, packet.body, cx),
            ACK => self.ack(packet.identifier, packet.body, cx),
            _ => {}
        }
    }

    fn answer(&mut self, now: Instant, answer: Answer, cx: &mut Context<'_>) {
        let (State::Asking { identifier, offer }, Answer::Callback(choice)) = (&self.state, answer) else {
            return;
        };
        let Some(choice) = self.option(offer, choice) else { return self.fail(cx) };
        self.timers.limit = now.checked_add(PERSON);
        let (identifier, offer) = (*identifier, offer.clone());
        self.state = State::Chosen { identifier, offer, choice, copies: TRIES };
        self.send(now, cx);
    }

    fn tick(&mut self, now: Instant, cx: &mut Context<'_>) {
        if self.timers.limit_passed(now) {
            self.fail(cx);
        } else if self.timers.resend_due(now) {
            self.send(now, cx);
        }
    }

    fn timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn shift(&mut self, by: Duration) {
        self.timers.shift(by);
    }

    fn is_repeat(&self, packet: &[u8]) -> bool {
        let Ok(packet) = ControlPacket::parse(packet) else { return true };
        match (&self.state, packet.code.0) {
            (State::Waiting, REQUEST) | (State::Chosen { .. }, ACK) => false,
            (State::Chosen { offer: known, .. }, REQUEST) => {
                Callback::parse_all(packet.body).is_ok_and(|options| offer(options) == *known)
            }
            _ => true,
        }
    }
}
