//! Connected: IP flows. Entered once and left once; its packets are handled in place.

use std::collections::VecDeque;

use openras_ppp::ask::{CallbackChoice, CallbackPolicy};
use openras_ppp::{Answer, Ask, CloseReason, Command, Down, Event, Input, Machine, Negotiated, Output, Ppp};

use crate::client::closing::{Failure, fail};
use crate::client::context::Context;
use crate::client::dial::DialEvent;
use crate::client::linking::told;
use crate::client::phases::Phase;
use crate::line::{CallOutput, LineEvent};
use crate::{ConnState, RasError};

/// The connection stands.
pub(crate) struct Connected {
    ppp: Box<Ppp>,
}

/// Why a connection is left.
pub(crate) enum Leave {
    /// PPP is over.
    Down(Box<Down>),
    /// PPP is to be closed.
    Fail(Failure),
}

impl Connected {
    /// Hands the addresses to IP, announces Connected, then hands over the packets that came `early`. In this order: who hears
    /// of Connected may use the network at once.
    pub(crate) fn enter(
        ppp: Box<Ppp>,
        negotiated: Box<Negotiated>,
        early: VecDeque<Vec<u8>>,
        cx: &mut Context,
    ) -> Phase {
        cx.out.push_back(CallOutput::Up(negotiated));
        cx.announce(ConnState::CONNECTED);
        cx.stop_waiting();
        cx.was_connected = true;
        cx.decider = None;
        cx.out.extend(early.into_iter().map(CallOutput::Ip));
        let mut phase = Self { ppp };
        // PPP was held if Projected had to be seen first
        let leave = phase.feed(Input::Command(Command::Release), cx);
        phase.after(leave, cx)
    }

    pub(crate) fn ppp(&self) -> &Ppp {
        &self.ppp
    }

    pub(crate) fn into_ppp(self) -> Box<Ppp> {
        self.ppp
    }

    /// The hot path: one input, no phase moved. `Some` when the connection must be left.
    pub(crate) fn feed(&mut self, input: Input<'_>, cx: &mut Context) -> Option<Leave> {
        self.ppp.handle(cx.real, input);
        let mut leave = None;
        while let Some(output) = self.ppp.poll_output() {
            match output {
                Output::Line(bytes) => cx.write(bytes),
                Output::Ip(packet) => cx.out.push_back(CallOutput::Ip(packet)),
                Output::Event(Event::Ask(ask)) => match answer_to(ask, cx) {
                    Ok(answer) => self.ppp.handle(cx.real, Input::Command(Command::Answer(answer))),
                    Err(failure) => leave = leave.or(Some(Leave::Fail(failure))),
                },
                Output::Event(event) => leave = event_of(event, cx).or(leave),
            }
        }
        leave
    }

    /// Goes on, or leaves.
    pub(crate) fn after(self, leave: Option<Leave>, cx: &mut Context) -> Phase {
        match leave {
            None => Phase::Connected(self),
            Some(Leave::Down(down)) => {
                let failure = Failure::of_down(*down, &cx.config);
                fail(cx, failure, None)
            }
            Some(Leave::Fail(failure)) => fail(cx, failure, Some(self.ppp)),
        }
    }

    pub(crate) fn line(mut self, event: &LineEvent<'_>, cx: &mut Context) -> Phase {
        let leave = match event {
            LineEvent::Bytes(bytes) => self.feed(Input::Line(bytes), cx),
            LineEvent::Disconnected | LineEvent::Closed | LineEvent::Failed(_) => {
                self.feed(Input::LineDown, cx)
            }
            _ => None,
        };
        self.after(leave, cx)
    }

    pub(crate) fn tick(mut self, cx: &mut Context) -> Phase {
        let leave = self.feed(Input::Tick, cx);
        self.after(leave, cx)
    }
}

fn event_of(event: Event, cx: &mut Context) -> Option<Leave> {
    match told(event, cx)? {
        Event::Network(negotiated) | Event::Up(negotiated) => {
            cx.event(DialEvent::Projection(negotiated.clone()));
            cx.out.push_back(CallOutput::Up(negotiated));
            None
        }
        Event::Down(down) => Some(Leave::Down(down)),
        _ => None,
    }
}

/// What PPP asks when the server negotiates anew in the middle of the call. Pauses belong to dialling: what would
/// need one ends the call.
fn answer_to(ask: Ask, cx: &mut Context) -> Result<Answer, Failure> {
    match ask {
        Ask::Admit { .. } => Ok(Answer::Admit(CallbackPolicy::None)),
        Ask::CallbackNumber(offer) if offer.none => Ok(Answer::Callback(CallbackChoice::None)),
        Ask::Credentials(refusal) | Ask::NewPassword(refusal) => {
            cx.message(&refusal.message);
            Err(Failure::refused(&refusal, cx.decider.take()).closing(CloseReason::Authentication))
        }
        Ask::CallbackNumber(_) => Err(Failure::new(
            RasError::BAD_CALLBACK_NUMBER,
            "The server demanded a callback in the middle of the call.",
        )),
        Ask::Verify(_) | Ask::CallbackTo { .. } | Ask::Address { .. } => Err(Failure::servers_question()),
    }
}
