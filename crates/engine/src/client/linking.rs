//! PPP from Authenticate to Connected.
//!
//! States are announced in this order: Authenticate before the first LCP packet; AuthNotify when authentication
//! has a result, if Authenticate came last; then RetryAuthentication or PasswordExpired (paused), AuthCallback, or
//! straight on; Authenticated and AuthProject when the network phase begins, so a call that is going to be called
//! back is not announced as Authenticated before its second leg; Projected when an NCP is open; Connected. Where
//! the server asks for no authentication the states are the same, and an event says so. A failure of
//! authentication is AuthNotify with its number (AuthChangePassword, if a change was refused); any other failure
//! repeats the last state.
//!
//! While a notice is unseen PPP is held: it announces a phase one input before it begins it.

use std::collections::VecDeque;
use std::time::Instant;

use openras_ppp::ask::{CallbackOffer, CallbackPolicy, Refusal};
use openras_ppp::{
    Answer, Ask, CloseReason, Command, Down, DownReason, Event, Input, Machine, Negotiated, Output,
    Phase as PppPhase, Ppp,
};

use crate::client::callback;
use crate::client::closing::{Failure, fail};
use crate::client::connected::Connected;
use crate::client::context::Context;
use crate::client::dial::DialEvent;
use crate::client::params::{CallbackWish, ppp_config};
use crate::client::pause::{Pause, Paused};
use crate::client::phases::{Phase, Turn};
use crate::client::probe::Probe;
use crate::line::LineEvent;
use crate::terminal::Header;
use crate::{ConnState, RasError};

/// Packets that came between Up and Connected are kept, so many of them.
const EARLY_PACKETS: usize = 64;
/// How often the peer may begin LCP anew before Connected; one that never settles ends the dial with 732.
const RENEWALS: u32 = 20;

/// Work that waits for its turn: nothing of it is done while a notice is unseen.
pub(crate) enum Todo {
    Event(Event),
    Announce(ConnState),
    Answer(Answer),
    Connect(Box<Negotiated>),
    Pause(Pause, Option<CallbackOffer>),
    Fail(Box<Failure>),
}

/// Waits for PPP.
pub(crate) struct Linking {
    ppp: Box<Ppp>,
    todo: VecDeque<Todo>,
    /// PPP was told to hold.
    held: bool,
    early: VecDeque<Vec<u8>>,
    /// `terminal = auto` began PPP after silence: a prompt may still come.
    probe: Option<Probe>,
    /// How often LCP began.
    begun: u32,
    /// A person's answer to a question that the server has put again meanwhile.
    again: Option<Answer>,
}

/// Where an event leads.
enum Way {
    On,
    Pause(Pause, Option<CallbackOffer>),
    Fail(Box<Failure>),
    Down(Box<Down>),
    Connect(Box<Negotiated>),
}

impl Linking {
    /// Starts PPP on a line that stands, with the bytes that came for it already.
    pub(crate) fn start(early: &[u8], after_silence: bool, cx: &mut Context) -> Phase {
        let ppp = Box::new(Ppp::new(ppp_config(&cx.config, cx.leg, cx.passed_by), cx.ppp_seed()));
        let mut phase = Box::new(Self {
            ppp,
            todo: VecDeque::new(),
            held: false,
            early: VecDeque::new(),
            probe: after_silence.then(Probe::default),
            begun: 0,
            again: None,
        });
        phase.feed(Input::Command(Command::Open), cx);
        phase.feed(Input::LineUp, cx);
        if !early.is_empty() {
            phase.feed(Input::Line(early), cx);
        }
        Phase::Linking(phase)
    }

    pub(crate) fn ppp(&self) -> &Ppp {
        &self.ppp
    }

    pub(crate) fn into_ppp(self) -> Box<Ppp> {
        self.ppp
    }

    pub(crate) fn tick(&mut self, cx: &mut Context) {
        self.feed(Input::Tick, cx);
    }

    pub(crate) fn line(&mut self, event: &LineEvent<'_>, cx: &mut Context) {
        match event {
            LineEvent::Bytes(bytes) => {
                self.listen(bytes, cx);
                self.feed(Input::Line(bytes), cx);
            }
            LineEvent::Disconnected | LineEvent::Closed | LineEvent::Failed(_) => {
                self.feed(Input::LineDown, cx)
            }
            _ => {}
        }
    }

    /// Puts work before everything that waits, in the order given.
    pub(crate) fn first(&mut self, work: impl DoubleEndedIterator<Item = Todo>) {
        work.rev().for_each(|todo| self.todo.push_front(todo));
    }

    /// How often LCP began.
    pub(crate) fn begun(&self) -> u32 {
        self.begun
    }

    /// The question this answers is void, for the server began anew: its next one of the kind gets the answer.
    pub(crate) fn answer_again(&mut self, answer: Answer) {
        self.again = Some(answer);
    }

    /// Takes the end of PPP, or a newer question, out of what waits; for a pause, which leaves the rest alone.
    pub(crate) fn take_news(&mut self) -> Option<Event> {
        let is_news = |todo: &Todo| matches!(todo, Todo::Event(Event::Down(_) | Event::Ask(_)));
        let at = self.todo.iter().position(is_news)?;
        match self.todo.remove(at) {
            Some(Todo::Event(event)) => Some(event),
            _ => None,
        }
    }

    /// Does all that may be done; the dial's pauses, end and Connected come from here.
    pub(crate) fn advance(mut self: Box<Self>, cx: &mut Context) -> Turn {
        loop {
            while !cx.is_held() {
                let way = match self.todo.pop_front() {
                    Some(todo) => self.work(todo, cx),
                    None => break,
                };
                match way {
                    Way::On => {}
                    way => return Turn::Next(self.turn(way, cx)),
                }
            }
            if !self.hold(cx) && !self.goes_on(cx) {
                break;
            }
        }
        // PPP is given up until the person goes on
        let asks = !cx.is_held() && self.deadline(cx).is_some_and(|at| at <= cx.now);
        match self.probe.take_if(|_| asks) {
            Some(probe) => Turn::Next(probe.ask_person(cx)),
            None => Turn::Stay(Phase::Linking(self)),
        }
    }

    /// PPP begins an announced phase with its next tick, which it wants at once.
    fn goes_on(&mut self, cx: &mut Context) -> bool {
        let due = !cx.is_held() && self.ppp.poll_timeout().is_some_and(|at| at <= cx.real);
        if due {
            self.tick(cx);
        }
        due && !self.todo.is_empty()
    }

    /// Tells PPP whether to hold. Whether anything changed.
    pub(crate) fn hold(&mut self, cx: &mut Context) -> bool {
        if self.held == cx.is_held() {
            return false;
        }
        self.held = cx.is_held();
        self.feed(Input::Command(if self.held { Command::Hold } else { Command::Release }), cx);
        true
    }

    pub(crate) fn deadline(&self, cx: &Context) -> Option<Instant> {
        self.probe.as_ref()?.prompt_after(cx)
    }

    fn feed(&mut self, input: Input<'_>, cx: &mut Context) {
        self.ppp.handle(cx.real, input);
        while let Some(output) = self.ppp.poll_output() {
            match output {
                Output::Line(frame) => self.write(frame, cx),
                Output::Ip(packet) if self.early.len() < EARLY_PACKETS => self.early.push_back(packet),
                Output::Ip(_) => {}
                Output::Event(event) => self.note(event, cx),
            }
        }
    }

    fn note(&mut self, event: Event, cx: &mut Context) {
        if let Event::Packet(packet) = &event
            && self.probe.as_mut().is_some_and(|probe| probe.meets_peer(packet))
        {
            self.end_probe(cx);
        }
        match told(event, cx) {
            None => {}
            Some(Event::Phase(PppPhase::Establish)) => self.begin_anew(),
            Some(event) => {
                if matches!(event, Event::Phase(PppPhase::Authenticated)) && cx.leg == 1 {
                    cx.passed_by = self.ppp.authenticated_by();
                }
                self.todo.push_back(Todo::Event(event));
            }
        }
    }

    fn end_probe(&mut self, cx: &mut Context) {
        self.probe.take().into_iter().for_each(|probe| probe.over(cx));
    }

    /// LCP negotiates (again): what PPP said before is void. So a peer that does it for ever fills no memory.
    fn begin_anew(&mut self) {
        let stands = |todo: &Todo| match todo {
            Todo::Event(_) | Todo::Connect(_) | Todo::Pause(..) => false,
            Todo::Announce(state) => *state != ConnState::AUTH_PROJECT,
            Todo::Answer(_) | Todo::Fail(_) => true,
        };
        self.todo.retain(stands);
        self.early.clear();
        self.begun += 1;
        if self.begun == RENEWALS + 1 {
            self.todo.push_back(Todo::Fail(Box::new(Failure::begins_anew(RENEWALS))));
        }
    }

    fn write(&mut self, frame: Vec<u8>, cx: &mut Context) {
        if let Some(probe) = &mut self.probe {
            probe.wrote(&frame);
        }
        cx.write(frame);
    }

    fn work(&mut self, todo: Todo, cx: &mut Context) -> Way {
        match todo {
            Todo::Announce(state) => cx.announce(state),
            Todo::Answer(answer) => self.feed(Input::Command(Command::Answer(answer)), cx),
            Todo::Connect(negotiated) => return self.connect(negotiated),
            Todo::Pause(pause, offer) => return Way::Pause(pause, offer),
            Todo::Fail(failure) => return Way::Fail(failure),
            Todo::Event(event) => return self.event(event, cx),
        }
        Way::On
    }

    fn event(&mut self, event: Event, cx: &mut Context) -> Way {
        match event {
            Event::Phase(phase) => self.phase(phase, cx),
            Event::Ask(ask) => {
                let known = self.again.take().filter(|answer| fits(answer, &ask));
                let todo = known.map_or_else(|| asked(ask, cx), Todo::Answer);
                self.todo.push_front(todo);
            }
            Event::Up(negotiated) => {
                if negotiated.us.is_none() {
                    cx.event(DialEvent::NoAuthentication);
                }
                cx.announce(ConnState::PROJECTED);
                cx.event(DialEvent::Projection(negotiated.clone()));
                self.todo.push_front(Todo::Connect(negotiated));
            }
            Event::Down(down) => return Way::Down(down),
            _ => {}
        }
        Way::On
    }

    fn phase(&mut self, phase: PppPhase, cx: &mut Context) {
        match phase {
            PppPhase::Authenticated => auth_notify(cx),
            PppPhase::AuthRetry if cx.state != ConnState::AUTH_RETRY => cx.announce(ConnState::AUTH_RETRY),
            PppPhase::ChangePassword if cx.state != ConnState::AUTH_CHANGE_PASSWORD => {
                cx.announce(ConnState::AUTH_CHANGE_PASSWORD);
            }
            PppPhase::Network => {
                cx.announce(ConnState::AUTHENTICATED);
                self.todo.push_front(Todo::Announce(ConnState::AUTH_PROJECT));
            }
            _ => {}
        }
    }

    /// Projected has been seen: Connected, unless PPP has ended meanwhile.
    fn connect(&mut self, mut negotiated: Box<Negotiated>) -> Way {
        let mut ended = false;
        for todo in &mut self.todo {
            match todo {
                Todo::Event(Event::Down(_)) => ended = true,
                Todo::Event(Event::Network(newer)) => negotiated = newer.clone(),
                _ => {}
            }
        }
        if ended { Way::On } else { Way::Connect(negotiated) }
    }

    fn turn(mut self: Box<Self>, way: Way, cx: &mut Context) -> Phase {
        self.end_probe(cx);
        match way {
            Way::On => Phase::Linking(self),
            Way::Pause(pause, offer) => Paused::enter(pause, offer, self, cx),
            Way::Fail(failure) => fail(cx, *failure, Some(self.ppp)),
            Way::Down(down) => ended(*down, cx),
            Way::Connect(negotiated) => Connected::enter(self.ppp, negotiated, self.early, cx),
        }
    }

    /// Keeps an eye on text while no peer has been seen.
    fn listen(&mut self, bytes: &[u8], cx: &mut Context) {
        let header = self.probe.as_mut().and_then(|probe| probe.listen(bytes, cx));
        if header.is_some() {
            self.end_probe(cx);
        }
        if header == Some(Header::SevenBit) {
            self.todo.push_back(Todo::Fail(Box::new(Failure::seven_bit())));
        }
    }
}

/// Gives the owner what is worth telling at once; the rest comes back.
pub(crate) fn told(event: Event, cx: &mut Context) -> Option<Event> {
    let told = match event {
        Event::Packet(packet) => {
            cx.remember(&packet);
            if !cx.config.ppp.trace {
                return None;
            }
            DialEvent::Packet(packet)
        }
        Event::PeerIdentification(text) => DialEvent::PeerIdentification(text),
        Event::Message(text) => {
            cx.message(&text);
            return None;
        }
        Event::TimeRemaining(seconds, text) => DialEvent::TimeRemaining(seconds, text),
        other => return Some(other),
    };
    cx.event(told);
    None
}

/// Whether an answer of a person is one to this question.
fn fits(answer: &Answer, ask: &Ask) -> bool {
    matches!(
        (answer, ask),
        (Answer::Credentials(_), Ask::Credentials(_)) | (Answer::NewPassword(_), Ask::NewPassword(_))
    )
}

/// AuthNotify: authentication has a result, and a more specific state follows.
fn auth_notify(cx: &mut Context) {
    if cx.state == ConnState::AUTHENTICATE {
        cx.announce(ConnState::AUTH_NOTIFY);
    }
}

/// What a question leads to, once the states announced here have been seen.
fn asked(ask: Ask, cx: &mut Context) -> Todo {
    match ask {
        Ask::Credentials(refusal) => refused(refusal, Pause::RetryAuthentication, cx),
        Ask::NewPassword(refusal) => refused(refusal, |_| Pause::PasswordExpired, cx),
        Ask::CallbackNumber(offer) => callback_asked(offer, cx),
        // the call from the server: we answered it, but give no callback rights to anyone
        Ask::Admit { .. } => Todo::Answer(Answer::Admit(CallbackPolicy::None)),
        // the other questions of the answering role, which a dial's configuration does not take
        Ask::Verify(_) | Ask::CallbackTo { .. } | Ask::Address { .. } => {
            Todo::Fail(Box::new(Failure::servers_question()))
        }
    }
}

fn callback_asked(offer: CallbackOffer, cx: &mut Context) -> Todo {
    if offer.caller && cx.state != ConnState::AUTH_CALLBACK {
        cx.announce(ConnState::AUTH_CALLBACK);
    }
    let wish = CallbackWish::parse(&cx.config.params.callback_number).unwrap_or(CallbackWish::None);
    if wish == CallbackWish::Ask && offer.caller {
        return Todo::Pause(Pause::CallbackSetByCaller, Some(offer));
    }
    match wish.choose(&offer) {
        Some(choice) => Todo::Answer(Answer::Callback(choice)),
        None => Todo::Fail(Box::new(Failure::no_callback())),
    }
}

/// The server refused us and would hear more.
fn refused(refusal: Refusal, pause: impl FnOnce(RasError) -> Pause, cx: &mut Context) -> Todo {
    let error = RasError::from_refusal(&refusal);
    cx.message(&refusal.message);
    if !cx.config.pauses {
        let failure = Failure::refused(&refusal, cx.decider.take());
        return Todo::Fail(Box::new(failure.at(auth_state(cx)).closing(CloseReason::Authentication)));
    }
    if cx.state != ConnState::AUTH_NOTIFY {
        cx.announce(ConnState::AUTH_NOTIFY);
    }
    Todo::Pause(pause(error), None)
}

/// PPP is over before Connected.
pub(crate) fn ended(down: Down, cx: &mut Context) -> Phase {
    match down.reason {
        DownReason::Callback { delay, .. } if cx.leg == 1 => callback::prepare(delay, cx),
        _ => {
            if let DownReason::AuthRefused(refusal) = &down.reason {
                cx.message(&refusal.message);
            }
            let failure = Failure::of_down(down, &cx.config).on_call(cx);
            let state =
                if failure.is_authentication() && !cx.state.is_paused() { auth_state(cx) } else { cx.state };
            fail(cx, failure.at(state), None)
        }
    }
}

/// The state that carries a failure of authentication.
fn auth_state(cx: &Context) -> ConnState {
    match cx.state {
        ConnState::AUTH_CHANGE_PASSWORD => ConnState::AUTH_CHANGE_PASSWORD,
        _ => ConnState::AUTH_NOTIFY,
    }
}
