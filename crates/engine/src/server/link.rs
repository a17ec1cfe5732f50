//! PPP on a port, from its start to its end: the questions of PPP passed on under the rules of the port.

use std::time::{Duration, Instant};

use openras_ppp::config::{CallbackConfig, Limits, Role};
use openras_ppp::{
    Answer as PppAnswer, Ask as PppAsk, Claim, CloseReason, Command as PppCommand, Down, DownReason, Event,
    Input, Machine, Negotiated, Output, Phase as PppPhase, Ppp, Secret, Stats,
};

use crate::RasError;
use crate::line::{CallInput, CallOutput, LineEvent};

use super::admit::Identity;
use super::context::Context;
use super::ends::{self, End};
use super::granting::{CallbackGrant, Checks};
use super::login::{AfterLogin, Service};
use super::port::{Admission, Answer, Ask, Command, PortEvent};

/// Longest set-up of PPP in all: longer than every person's time in it together (three tries of 3 min, 2 min for a
/// callback number), for peers that negotiate for ever.
pub(super) const SETUP_LIMIT: Duration = Duration::from_secs(15 * 60);

/// Configure-Requests to a caller who has just logged in: 90 s of them, 3 s apart (modem-lines §7 asks for 60 and more).
const PERSON_CONFIGURES: u32 = 30;

/// PPP on one leg of a call.
pub(super) struct Link {
    ppp: Box<Ppp>,
    /// 1, or 2 after a callback.
    leg: u8,
    checks: Checks,
    grant: CallbackGrant,
    phase: Option<PppPhase>,
    up: bool,
    /// The caller has passed, or nobody asked it to.
    authenticated: bool,
    /// When the set-up, or a called-back person, has taken too long.
    until: Option<Instant>,
    /// Closing: nothing is asked or told any more.
    closing: bool,
    /// PPP has said that it is over.
    over: bool,
}

/// What ends a phase of PPP.
pub(super) enum Turn {
    /// IP is up.
    Up,
    /// PPP is over by itself.
    Down(Box<Down>),
    /// We end it, politely.
    Close(Box<End>, CloseReason),
}

impl Turn {
    fn refuse(end: End) -> Option<Self> {
        Some(Self::Close(Box::new(end), CloseReason::Authentication))
    }
}

impl Link {
    /// Starts PPP with a caller; `early` are the bytes that came before.
    pub(super) fn answer(
        now: Instant,
        dialog_user: Option<Identity>,
        asked: u32,
        early: &Secret,
        cx: &mut Context,
    ) -> Self {
        let checks = Checks::of_caller(dialog_user, cx.config.name_check).behind(asked);
        Self::first_leg(now, checks, early, cx)
    }

    /// Starts PPP with a user who has logged in at the prompt after `asked` questions.
    pub(super) fn logged_in(
        now: Instant,
        name: String,
        asked: u32,
        early: &Secret,
        cx: &mut Context,
    ) -> Self {
        let user = Identity::from_ppp_name(&name);
        let checks = match cx.config.login.after {
            AfterLogin::Trusted => Checks::of_logged_in(user, name),
            // the right answer was no try
            AfterLogin::Auth => Checks::again_of(user).behind(asked.saturating_sub(1)),
        };
        Self::first_leg(now, checks, early, cx)
    }

    fn first_leg(now: Instant, checks: Checks, early: &Secret, cx: &mut Context) -> Self {
        let callback = CallbackConfig { enabled: cx.config.callback, ..cx.config.ppp.callback.clone() };
        let mut link = Self::start(now, 1, callback, checks, SETUP_LIMIT, cx);
        if !early.is_empty() {
            link.ppp.handle(now, Input::Line(early.expose()));
        }
        link
    }

    /// Starts PPP with somebody we have called back, who must be `user`.
    pub(super) fn call_back(now: Instant, user: Identity, cx: &mut Context) -> Self {
        let limit = cx.config.callback_expiry;
        let checks = Checks::of_called(user);
        Self::start(now, 2, CallbackConfig::default(), checks, limit, cx)
    }

    fn start(
        now: Instant,
        leg: u8,
        callback: CallbackConfig,
        checks: Checks,
        limit: Duration,
        cx: &mut Context,
    ) -> Self {
        // also where we have called back: PPP asks only an answerer whom it may admit, and with callback off the
        // role means nothing else
        let role = Role::Answerer;
        let mut config = openras_ppp::Config { role, callback, ..cx.config.ppp.clone() };
        if checks.is_logged_in() {
            // a person still has a window to close or a script to end
            config.timers.max_configure = config.timers.max_configure.max(PERSON_CONFIGURES);
            config.authenticate_peer = Vec::new();
        }
        let mut ppp = Box::new(Ppp::new(config, cx.seed()));
        cx.event(PortEvent::Authenticating { leg });
        ppp.handle(now, Input::Command(PppCommand::Open));
        ppp.handle(now, Input::LineUp);
        Self {
            ppp,
            leg,
            checks,
            grant: CallbackGrant::default(),
            phase: None,
            up: false,
            authenticated: false,
            until: now.checked_add(limit),
            closing: false,
            over: false,
        }
    }

    /// Hands an input to PPP and carries out what it says.
    pub(super) fn handle(
        &mut self,
        now: Instant,
        input: CallInput<'_, Command>,
        cx: &mut Context,
    ) -> Option<Turn> {
        let turn = match input {
            CallInput::Line(LineEvent::Bytes(bytes)) => self.tell(now, Input::Line(bytes)),
            CallInput::Line(LineEvent::Disconnected) => self.tell(now, Input::LineDown),
            CallInput::Ip(packet) if self.up => self.tell(now, Input::Ip(packet)),
            CallInput::Tick => self.tell(now, Input::Tick),
            CallInput::Command(Command::Answer(answer)) => {
                cx.answered(now, answer).and_then(|answer| self.answered(now, answer, cx))
            }
            CallInput::Command(Command::Disconnect) => {
                Some(Turn::Close(Box::new(ends::administrator()), CloseReason::Administrator))
            }
            CallInput::Line(_)
            | CallInput::Ip(_)
            | CallInput::Command(Command::Dialog(_) | Command::Retire) => None,
        };
        // drained to the end, or what PPP still had to say would be stranded
        let next = self.pump(now, cx);
        turn.or(next)
    }

    fn tell(&mut self, now: Instant, input: Input<'_>) -> Option<Turn> {
        self.ppp.handle(now, input);
        None
    }

    /// Carries out what PPP says; the first turn counts.
    pub(super) fn pump(&mut self, now: Instant, cx: &mut Context) -> Option<Turn> {
        let mut turn = None;
        while let Some(output) = self.ppp.poll_output() {
            match output {
                Output::Line(bytes) => cx.write(bytes),
                Output::Ip(packet) if self.up && !self.closing => cx.output(CallOutput::Ip(packet)),
                Output::Ip(_) => {}
                Output::Event(event) => {
                    let next = self.event(now, event, cx);
                    turn = turn.or(next);
                }
            }
        }
        turn
    }

    fn event(&mut self, now: Instant, event: Event, cx: &mut Context) -> Option<Turn> {
        match event {
            Event::Packet(packet) => cx.event(PortEvent::Packet(packet)),
            Event::Down(down) => {
                self.over = true;
                return Some(Turn::Down(down));
            }
            _ if self.closing => {}
            // the last two are for clients
            Event::Phase(PppPhase::Terminate) | Event::TimeRemaining(..) | Event::Message(_) => {}
            Event::Phase(phase) => self.entered(now, phase, cx),
            Event::Ask(ask) => return self.asked(now, ask, cx),
            Event::Up(_) if self.grant.is_required() => {
                return Turn::refuse(ends::callback_skipped(self.checks.proved_name()));
            }
            Event::Up(agreed) => return self.came_up(agreed, cx),
            // after a renegotiation PPP says Network where it has said Up before
            Event::Network(agreed) if !self.up && (agreed.ipv4.is_some() || agreed.ipv6.is_some()) => {
                if self.grant.is_required() {
                    return Turn::refuse(ends::callback_skipped(self.checks.proved_name()));
                }
                return self.came_up(agreed, cx);
            }
            Event::Network(agreed) => cx.up(agreed),
            Event::PeerIdentification(text) => cx.event(PortEvent::PeerIdentification(text)),
        }
        None
    }

    fn came_up(&mut self, agreed: Box<Negotiated>, cx: &mut Context) -> Option<Turn> {
        self.up = true;
        self.until = None;
        cx.up(agreed.clone());
        if !std::mem::replace(&mut cx.call.was_up, true) {
            cx.event(PortEvent::Up(agreed));
        }
        Some(Turn::Up)
    }

    fn entered(&mut self, now: Instant, phase: PppPhase, cx: &mut Context) {
        self.phase = Some(phase);
        if phase == PppPhase::Establish {
            self.authenticated = false;
        }
        if self.up && phase == PppPhase::Establish {
            // the caller negotiates anew: everything below IP is open again
            cx.begin_unauthenticated(now);
            self.up = false;
            self.until = now.checked_add(SETUP_LIMIT);
        }
    }

    fn asked(&mut self, now: Instant, ask: PppAsk, cx: &mut Context) -> Option<Turn> {
        let limit = cx.config.answer_limit;
        match ask {
            PppAsk::Verify(claim) => self.verify(now, claim, cx),
            PppAsk::Admit { name, .. } => return self.ask_admission(now, name, cx),
            PppAsk::CallbackTo { number } => {
                let name = self.checks.proved_name().unwrap_or_default().to_owned();
                match self.grant.number_asked(&number) {
                    Some(number) => cx.ask(now, Ask::CallbackTo { name, number }, limit),
                    None => self.reply(now, PppAnswer::CallbackTo(None)),
                }
            }
            PppAsk::Address { name, wanted } => {
                let name = name.or_else(|| cx.call.name.clone());
                cx.ask(now, Ask::Address { name, wanted }, limit);
            }
            // the questions of a client: a port has no person to ask
            PppAsk::Credentials(_) | PppAsk::NewPassword(_) | PppAsk::CallbackNumber(_) => {}
        }
        None
    }

    fn verify(&mut self, now: Instant, claim: Claim, cx: &mut Context) {
        cx.call.name = Some(claim.name.clone());
        match self.checks.claimed(&claim, cx.config.ppp.auth_tries) {
            Ok(()) => cx.ask(now, Ask::Verify(claim), cx.config.answer_limit),
            Err(refusal) => {
                cx.call.wrong_try = true;
                cx.event(PortEvent::Refused(claim.name, RasError::AUTHENTICATION_FAILURE));
                self.reply(now, PppAnswer::Verdict(refusal));
            }
        }
    }

    fn ask_admission(&mut self, now: Instant, name: Option<String>, cx: &mut Context) -> Option<Turn> {
        let name = match self.checks.passed(name) {
            Ok(name) => name,
            Err(end) => return Turn::refuse(*end),
        };
        self.authenticated = true;
        cx.before.passed();
        cx.call.wrong_try = false;
        if let Some((dialog, ppp)) = self.checks.differing() {
            cx.event(PortEvent::NameDiffers(dialog, ppp));
        }
        cx.call.name.clone_from(&name);
        if self.leg == 2 {
            // the called-back person is in time; what is left is a set-up like any other
            self.until = now.checked_add(SETUP_LIMIT);
        }
        if !self.checks.is_logged_in() {
            cx.event(PortEvent::Authenticated(name.clone()));
        }
        cx.ask(now, Ask::Admit { name }, cx.config.answer_limit);
        None
    }

    fn answered(&mut self, now: Instant, answer: Answer, cx: &mut Context) -> Option<Turn> {
        match answer {
            Answer::Verdict(verdict) | Answer::Unknown(verdict) => {
                let verdict = self.checks.judge(verdict, cx);
                self.reply(now, PppAnswer::Verdict(verdict));
            }
            Answer::Admit(Ok(admission)) if !may_ppp(&admission) => {
                let name = cx.call.name.clone().unwrap_or_default();
                return Turn::refuse(ends::not_a_service(&name, "PPP"));
            }
            Answer::Admit(Err(error)) => {
                return Turn::refuse(ends::not_admitted(cx.call.name.as_deref(), error));
            }
            // the callback right was used by the first leg
            Answer::Admit(Ok(admission)) if self.leg == 2 => {
                self.limit(now, admission.limits, cx);
                self.reply(now, PppAnswer::Admit(openras_ppp::ask::CallbackPolicy::None));
            }
            Answer::Admit(Ok(admission)) => {
                self.limit(now, admission.limits, cx);
                let may_call = cx.config.callback;
                match self.grant.admit(admission.callback, self.checks.proved_name(), may_call) {
                    Ok(Some(policy)) => self.reply(now, PppAnswer::Admit(policy)),
                    // the caps come before any dialling, and so before the number is promised
                    Ok(None) => {
                        let ask = self.grant.caps_question(self.checks.proved_name());
                        cx.ask(now, ask, cx.config.answer_limit);
                    }
                    Err(end) => return Turn::refuse(*end),
                }
            }
            Answer::CallbackTo(leave) => match self.grant.leave(leave, self.checks.proved_name()) {
                Ok(answer) => self.reply(now, answer),
                Err(end) => return Turn::refuse(*end),
            },
            Answer::Address(address) => self.reply(now, PppAnswer::Address(address)),
            Answer::Begun(_) | Answer::Target(_) => {}
        }
        None
    }

    /// The user's own limits of time.
    fn limit(&mut self, now: Instant, limits: Limits, cx: &mut Context) {
        cx.call.limits = limits;
        self.ppp.handle(now, Input::Command(PppCommand::Limits(cx.limits())));
    }

    fn reply(&mut self, now: Instant, answer: PppAnswer) {
        self.ppp.handle(now, Input::Command(PppCommand::Answer(answer)));
    }

    /// Begins PPP's end; what it says until it is over goes through [`Link::handle`] as before.
    pub(super) fn close(&mut self, now: Instant, reason: CloseReason, cx: &mut Context) {
        self.closing = true;
        cx.before.passed();
        self.until = None;
        cx.withdraw_question();
        self.ppp.handle(now, Input::Command(PppCommand::Close(reason)));
        self.pump(now, cx);
    }

    /// Its counters.
    pub(super) fn stats(&self) -> Stats {
        *self.ppp.stats()
    }

    /// Whether the caller has passed.
    pub(super) fn is_authenticated(&self) -> bool {
        self.authenticated
    }

    /// Whether IP is up.
    pub(super) fn is_up(&self) -> bool {
        self.up
    }

    /// Whether PPP is over.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// The end of the call that PPP's end means; `Err` where it is a callback.
    pub(super) fn ended(&self, down: Down) -> Result<End, Callback> {
        if let DownReason::Callback { delay, .. } = down.reason {
            // the number is ours, not what came with the event
            let granted = self.grant.granted().zip(self.checks.proved());
            return match granted.filter(|_| self.leg == 1) {
                Some((number, user)) => {
                    Err(Callback { user: user.clone(), number: number.to_owned(), delay })
                }
                None => Ok(ends::callback_unexpected()),
            };
        }
        let refused = matches!(down.reason, DownReason::PeerRefused(_));
        let left = matches!(down.reason, DownReason::TerminatedByPeer | DownReason::LineLost) && !self.up;
        let end = ends::ppp(down, self.phase, self.up);
        let end = match self.checks.refused() {
            // what ended the call is the refusal; that the caller did not try again is its consequence
            Some(number) if left => ends::gave_up(number, end),
            _ => end,
        };
        Ok(match self.checks.mismatch() {
            Some(why) if refused => End { packet: end.packet, ..why },
            // the caller did not take the tries it had left
            Some(wrong) => End { why: format!("{} {}", wrong.why, end.why), remedy: wrong.remedy, ..end },
            None => end,
        })
    }

    /// Earliest time at which something is to be done.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        [self.until, self.ppp.poll_timeout()].into_iter().flatten().min()
    }

    /// What is to be done about a limit of the port that has run out; PPP's own are its own business.
    pub(super) fn expired(&self, now: Instant, cx: &Context) -> Option<Turn> {
        if self.closing {
            return None;
        }
        let past = |until: Option<Instant>| until.is_some_and(|until| until <= now);
        let close = |end: End, reason| Some(Turn::Close(Box::new(end), reason));
        if past(cx.question_deadline()) {
            let end = ends::no_answer_to_question(cx.question_topic(), cx.config.answer_limit);
            return close(end, CloseReason::Error);
        }
        if past(cx.before.deadline()) {
            return close(ends::unauthenticated_too_long(), CloseReason::Limit);
        }
        if past(self.until) {
            let expiry = cx.config.callback_expiry;
            let callback = self.leg == 2 && self.checks.proved().is_none();
            let end = if callback { ends::callback_expired(expiry) } else { ends::setup_limit(SETUP_LIMIT) };
            return close(end, CloseReason::Limit);
        }
        None
    }
}

/// Whether PPP is among a user's services.
fn may_ppp(admission: &Admission) -> bool {
    admission.services.is_empty() || admission.services.iter().any(|one| Service::of(one) == Service::Ppp)
}

/// An agreed callback.
pub(super) struct Callback {
    /// Who must complete it.
    pub(super) user: Identity,
    /// Normalised.
    pub(super) number: String,
    /// Seconds between hang-up and callback, as the caller asked.
    pub(super) delay: u8,
}

#[cfg(test)]
mod tests;
