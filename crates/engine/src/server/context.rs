//! What every phase of a port can use: its configuration, what it has to say, the open question, and what is known
//! of the call.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use openras_ppp::Negotiated;
use openras_ppp::config::Limits;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::line::{CallInput, CallOutput, LineEvent, LineOp};
use crate::null_modem::{CLIENT_SERVER, Matcher};

use super::before::BeforeAuth;
use super::dialog::DialogOutput;
use super::ends::End;
use super::port::{Answer, Ask, Command, Notice, PortConfig, PortEnd, PortEvent};

/// Most effects an idle line keeps room for.
const ROOM: usize = 4;

/// Effects and facts of one call.
pub(super) struct Context {
    pub(super) config: PortConfig,
    pub(super) call: Call,
    /// The time before authentication.
    pub(super) before: BeforeAuth,
    out: VecDeque<CallOutput<Notice>>,
    questions: Questions,
    random: ChaCha20Rng,
    /// Looks for the guest of a null modem.
    cable: Option<Matcher>,
}

/// What is known of the call so far.
#[derive(Default)]
pub(super) struct Call {
    /// The line stands: hanging up has something to do.
    pub(super) connected: bool,
    /// The line was given back by itself.
    pub(super) line_closed: bool,
    /// The caller's name as far as it was proved or claimed.
    pub(super) name: Option<String>,
    /// IP was up.
    pub(super) was_up: bool,
    /// A wrong try that no right one followed.
    pub(super) wrong_try: bool,
    /// The user's own limits of time.
    pub(super) limits: Limits,
}

impl Context {
    /// How long this call may be up: as the port and the user say, the shorter of both.
    pub(super) fn limits(&self) -> Limits {
        self.config.ppp.limits.and(self.call.limits)
    }

    /// How long a service of the login prompt may be silent; zero is for ever.
    pub(super) fn idle(&self) -> Duration {
        let port = Some(self.config.login.idle).filter(|idle| !idle.is_zero());
        port.into_iter().chain(self.call.limits.idle_time()).min().unwrap_or_default()
    }

    pub(super) fn new(config: PortConfig, seed: [u8; 32]) -> Self {
        Self {
            cable: config.login.null_modem.then(Matcher::client),
            config,
            call: Call::default(),
            before: BeforeAuth::default(),
            out: VecDeque::new(),
            questions: Questions::default(),
            random: ChaCha20Rng::from_seed(seed),
        }
    }

    /// Answers the guest of a null modem as often as it asks, until IP is up.
    pub(super) fn null_modem(&mut self, input: &CallInput<'_, Command>) {
        let CallInput::Line(LineEvent::Bytes(bytes)) = input else { return };
        let Some(cable) = self.cable.as_mut().filter(|_| !self.call.was_up) else { return };
        if bytes.iter().filter(|octet| cable.take(**octet)).count() > 0 {
            self.write(CLIENT_SERVER.to_vec());
        }
    }

    /// What comes from now on is for a service, whatever it says.
    pub(super) fn end_null_modem(&mut self) {
        self.cable = None;
    }

    /// A seed for one more PPP connection.
    pub(super) fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.random.fill_bytes(&mut seed);
        seed
    }

    /// The next effect. An idle line keeps no room for the effects of a busy one.
    pub(super) fn next(&mut self) -> Option<CallOutput<Notice>> {
        let next = self.out.pop_front();
        if next.is_none() && self.out.capacity() > ROOM {
            self.out = VecDeque::new();
        }
        next
    }

    /// The caller has proved nothing from now on.
    pub(super) fn begin_unauthenticated(&mut self, now: Instant) {
        self.before.begin(now, self.config.before_auth, self.config.before_auth_most);
    }

    pub(super) fn output(&mut self, output: CallOutput<Notice>) {
        self.out.push_back(output);
    }

    pub(super) fn line(&mut self, op: LineOp) {
        self.output(CallOutput::Line(op));
    }

    pub(super) fn write(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.line(LineOp::Write(bytes));
        }
    }

    pub(super) fn event(&mut self, event: PortEvent) {
        self.output(CallOutput::Notice(Notice::Event(event)));
    }

    pub(super) fn dialog(&mut self, output: DialogOutput) {
        self.output(CallOutput::Notice(Notice::Dialog(output)));
    }

    pub(super) fn up(&mut self, agreed: Box<Negotiated>) {
        self.output(CallOutput::Up(agreed));
    }

    /// The call is over.
    pub(super) fn down(&mut self, end: End) {
        self.questions.forget();
        let call = &self.call;
        let end = PortEnd {
            error: end.error,
            name: call.name.clone(),
            was_up: call.was_up,
            counts_as_try: call.wrong_try,
            why: end.why,
            remedy: end.remedy,
            packet: end.packet,
        };
        self.event(PortEvent::Down(Box::new(end)));
    }

    /// Puts a question to the owner, who has `limit` to answer. While an answer to an older one is still due the
    /// new one waits, so that no answer is ever taken for that of another question.
    pub(super) fn ask(&mut self, now: Instant, ask: Ask, limit: Duration) {
        let ask = self.questions.put(now, ask, limit);
        self.out.extend(ask.map(|ask| CallOutput::Notice(Notice::Ask(ask))));
    }

    /// The answer, if it is that of the question the port waits for; `None` for one that comes too late, was not
    /// asked for, or does not fit.
    pub(super) fn answered(&mut self, now: Instant, answer: Answer) -> Option<Answer> {
        match self.questions.answer(now, answer) {
            Reply::Fits(answer) => Some(answer),
            Reply::Next(ask) => {
                self.output(CallOutput::Notice(Notice::Ask(ask)));
                None
            }
            Reply::Ignored => None,
        }
    }

    /// When the open question runs out of time.
    pub(super) fn question_deadline(&self) -> Option<Instant> {
        self.questions.deadline()
    }

    /// What the open question is about, in words.
    pub(super) fn question_topic(&self) -> &'static str {
        self.questions.topic()
    }

    /// Whoever asked does not wait any longer.
    pub(super) fn withdraw_question(&mut self) {
        self.questions.withdraw();
    }
}

/// The open question, and the one behind it.
#[derive(Default)]
struct Questions {
    open: Option<Open>,
    next: Option<(Ask, Duration)>,
}

struct Open {
    kind: Kind,
    /// `None`: a time no clock reaches.
    until: Option<Instant>,
    /// Nobody waits for the answer any more, but it is still to come.
    stale: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Begin,
    Verify,
    Admit,
    CallbackTo,
    Address,
    Target,
}

enum Reply {
    Fits(Answer),
    Next(Ask),
    Ignored,
}

impl Questions {
    fn put(&mut self, now: Instant, ask: Ask, limit: Duration) -> Option<Ask> {
        if let Some(open) = &mut self.open {
            open.stale = true;
            self.next = Some((ask, limit));
            return None;
        }
        self.open = Some(Open { kind: Kind::of(&ask), until: now.checked_add(limit), stale: false });
        Some(ask)
    }

    fn answer(&mut self, now: Instant, answer: Answer) -> Reply {
        let Some(open) = self.open.take_if(|open| open.kind.fits(&answer)) else { return Reply::Ignored };
        if !open.stale {
            return Reply::Fits(answer);
        }
        match self.next.take() {
            Some((ask, limit)) => self.put(now, ask, limit).map_or(Reply::Ignored, Reply::Next),
            None => Reply::Ignored,
        }
    }

    fn withdraw(&mut self) {
        self.next = None;
        if let Some(open) = &mut self.open {
            open.stale = true;
        }
    }

    fn forget(&mut self) {
        *self = Self::default();
    }

    fn deadline(&self) -> Option<Instant> {
        // an answer nobody waits for holds nothing up, unless the next question stands behind it
        self.open.as_ref().filter(|open| !open.stale || self.next.is_some()).and_then(|open| open.until)
    }

    fn topic(&self) -> &'static str {
        match self.open.as_ref().map(|open| open.kind) {
            Some(Kind::Begin) => "the beginning of the security dialog",
            Some(Kind::Verify) => "the verdict on the caller's credentials",
            Some(Kind::Admit) => "the caller's rights",
            Some(Kind::CallbackTo) => "the leave to call back",
            Some(Kind::Address) => "an address for the caller",
            Some(Kind::Target) => "the service the caller chose",
            None => "nothing",
        }
    }
}

impl Kind {
    fn of(ask: &Ask) -> Self {
        match ask {
            Ask::SecurityBegin { .. } => Self::Begin,
            Ask::Verify(_) => Self::Verify,
            Ask::Admit { .. } => Self::Admit,
            Ask::CallbackTo { .. } => Self::CallbackTo,
            Ask::Address { .. } => Self::Address,
            Ask::Target { .. } => Self::Target,
        }
    }

    fn fits(self, answer: &Answer) -> bool {
        self == match answer {
            Answer::Begun(_) => Self::Begin,
            Answer::Verdict(_) | Answer::Unknown(_) => Self::Verify,
            Answer::Admit(_) => Self::Admit,
            Answer::CallbackTo(_) => Self::CallbackTo,
            Answer::Address(_) => Self::Address,
            Answer::Target(_) => Self::Target,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::disallowed_methods)] // the one place where a test takes the time from
    fn t0() -> Instant {
        Instant::now()
    }

    fn admit(name: &str) -> Ask {
        Ask::Admit { name: Some(name.into()) }
    }

    /// PPP starts anew while the owner still thinks about a claim: the old answer must not become the new one's.
    #[test]
    fn an_answer_to_an_older_question_is_never_taken_for_that_of_a_newer_one() {
        let (now, limit) = (t0(), Duration::from_secs(30));
        let mut questions = Questions::default();
        assert!(questions.put(now, admit("first"), limit).is_some());
        assert!(questions.put(now, admit("second"), limit).is_none(), "one at a time");
        assert!(matches!(questions.answer(now, Answer::Address(None)), Reply::Ignored));
        let next = questions.answer(now, Answer::CallbackTo(true));
        assert!(matches!(next, Reply::Ignored), "of another kind");
        let next = questions.answer(now + limit / 2, Answer::Admit(Ok(Default::default())));
        assert!(matches!(next, Reply::Next(Ask::Admit { name }) if name.as_deref() == Some("second")));
        assert_eq!(questions.deadline(), Some(now + limit / 2 + limit), "it has its own time");
        let fits = questions.answer(now, Answer::Admit(Ok(Default::default())));
        assert!(matches!(fits, Reply::Fits(_)));
        assert_eq!(questions.deadline(), None);
    }

    #[test]
    fn a_withdrawn_question_holds_nothing_up_and_its_answer_is_dropped() {
        let (now, limit) = (t0(), Duration::from_secs(30));
        let mut questions = Questions::default();
        questions.put(now, admit("first"), limit);
        questions.withdraw();
        assert_eq!(questions.deadline(), None);
        assert!(questions.put(now, admit("second"), limit).is_none());
        assert!(questions.deadline().is_some(), "the second waits behind it");
        let next = questions.answer(now, Answer::Admit(Ok(Default::default())));
        assert!(matches!(next, Reply::Next(_)));
        questions.forget();
        let late = questions.answer(now, Answer::Admit(Ok(Default::default())));
        assert!(matches!(late, Reply::Ignored));
    }
}
