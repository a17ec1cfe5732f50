//! The side that challenges. Verdicts come from outside; tries, Identifiers, challenges and patience are counted
//! here (see the rules in `auth`).

use std::time::{Duration, Instant};

use rand_chacha::rand_core::Rng;

use super::{CHALLENGE, FAILURE, RESPONSE, SUCCESS, challenge_size, parse_value};
use crate::ask::{Answer, Ask, Claim, Proof, Refusal, Verdict};
use crate::auth::hash::nt_hash;
use crate::auth::mschap::change::{CODE_V1, CODE_V1_OLD, CODE_V2, is_well_formed};
use crate::auth::mschap::{Failure, ResponseV1, ResponseV2, Success};
use crate::auth::packet::{clip, emit};
use crate::auth::timers::Timers;
use crate::auth::verify::{verify_chap_md5, verify_mschap_v1, verify_mschap_v2};
use crate::auth::{Context, Effect, Exchange};
use crate::config::{AuthMethod, Config};
use crate::event::DownReason;
use crate::secret::Secret;
use crate::wire::ControlPacket;

/// Longest name taken, in octets (RFC 2433 §6, RFC 2759 §4).
const LONGEST_NAME: usize = 256;
const PASSWORD_EXPIRED: u32 = 648;
const CHANGE_FAILED: u32 = 709;

pub(in crate::auth) struct Authenticator {
    method: AuthMethod,
    name: String,
    tries: u32,
    restart: Duration,
    most_copies: u32,
    wait: Duration,
    person: Duration,
    timers: Timers,
    /// Of the Challenge or of the packet that was judged last.
    identifier: u8,
    /// What the next Response is computed over.
    challenge: Vec<u8>,
    /// Claims of the peer so far, as `Claim::attempt` counts them.
    attempt: u32,
    /// Our own password, where we prove ourselves by a challenge too.
    own_secret: Option<Secret>,
    /// Name of the last claim.
    claimed: Vec<u8>,
    /// The last Response had flags only Windows 98 sets; it takes no `M=`.
    windows_98: bool,
    state: State,
}

enum State {
    /// A Challenge is out; so many more may follow.
    Challenging { copies: u32 },
    /// The verdict on packet `identifier` is open.
    Judging { change: bool },
    /// This Failure leaves a try open: one packet with the next Identifier.
    Open { failure: Vec<u8>, expects: Expects, copies: u32, interval: Duration },
    /// The verdict, repeated to every copy of what was judged.
    Done { packet: Vec<u8> },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    Response,
    Change,
}

impl Authenticator {
    pub(in crate::auth) fn new(method: AuthMethod, config: &Config, attempts: u32) -> Self {
        let challenged = config.authenticate_us.iter().any(|method| *method != AuthMethod::Pap);
        let own = config.credentials.as_ref().filter(|_| challenged);
        Self {
            method,
            name: config.name.clone(),
            tries: config.auth_tries,
            restart: config.timers.restart,
            most_copies: config.timers.max_configure,
            wait: config.auth_wait,
            person: config.person,
            timers: Timers::default(),
            identifier: 0,
            challenge: Vec::new(),
            attempt: attempts,
            own_secret: own.map(|own| own.password.clone()),
            claimed: Vec::new(),
            windows_98: false,
            state: State::Challenging { copies: config.timers.max_configure },
        }
    }

    fn random_challenge(&self, cx: &mut Context<'_>) -> Vec<u8> {
        let mut challenge = vec![0; challenge_size(self.method)];
        cx.rng.fill_bytes(&mut challenge);
        challenge
    }

    /// Sends a Challenge with a new Identifier and a new value (RFC 1994 §4.1).
    fn send_challenge(&mut self, now: Instant, copies: u32, cx: &mut Context<'_>) {
        self.identifier = self.identifier.wrapping_add(1);
        self.challenge = self.random_challenge(cx);
        let size = u8::try_from(self.challenge.len()).unwrap_or(u8::MAX);
        let parts = [&[size], &*self.challenge, self.name.as_bytes()];
        cx.effects.push(Effect::Send(emit(CHALLENGE, self.identifier, &parts)));
        let copies = copies.saturating_sub(1);
        self.state = State::Challenging { copies };
        self.timers.resend = now.checked_add(self.restart).filter(|_| copies > 0);
    }

    fn response(&mut self, now: Instant, identifier: u8, body: &[u8], cx: &mut Context<'_>) {
        match &self.state {
            State::Done { packet } | State::Open { failure: packet, .. } if identifier == self.identifier => {
                cx.effects.push(Effect::Send(packet.clone()));
            }
            State::Challenging { .. } if identifier == self.identifier => {
                self.judge(now, identifier, body, cx)
            }
            State::Open { expects: Expects::Response, .. }
                if identifier == self.identifier.wrapping_add(1) =>
            {
                self.judge(now, identifier, body, cx);
            }
            _ => {}
        }
    }

    /// Puts a Response to the outside.
    fn judge(&mut self, now: Instant, identifier: u8, body: &[u8], cx: &mut Context<'_>) {
        let Ok((value, name)) = parse_value(body) else { return };
        if self.challenge.is_empty() {
            return; // not started
        }
        let Some(proof) = self.proof(value).filter(|_| name.len() <= LONGEST_NAME) else { return };
        self.windows_98 = matches!(proof, Proof::MsChapV2 { flags, .. } if flags != 0);
        self.claimed = name.to_vec();
        if self.is_our_own(identifier, &proof) {
            // as any wrong one, so that nobody learns by guessing what our password is
            (self.identifier, self.attempt) = (identifier, self.attempt.saturating_add(1));
            let wrong = Refused { error: 691, retry: true, challenge: None, message: String::new() };
            return self.refused(now, false, wrong, cx);
        }
        self.ask(identifier, proof, cx);
    }

    /// Whether we ourselves would have given this proof. It shows nothing then: the peer can have had it from us, by
    /// challenging us with our own challenge on this call or another (RFC 1994 §4: one secret for each direction).
    fn is_our_own(&self, identifier: u8, proof: &Proof) -> bool {
        let Some(own) = &self.own_secret else { return false };
        match proof {
            Proof::ChapMd5 { .. } => verify_chap_md5(own, identifier, proof),
            Proof::MsChapV1 { .. } => verify_mschap_v1(&nt_hash(own), proof),
            Proof::MsChapV2 { .. } => verify_mschap_v2(&nt_hash(own), &self.claimed, proof).is_some(),
            Proof::Pap { .. } | Proof::ChangeV1 { .. } | Proof::ChangeV2 { .. } => false,
        }
    }

    fn ask(&mut self, identifier: u8, proof: Proof, cx: &mut Context<'_>) {
        self.timers.stop();
        self.attempt = self.attempt.saturating_add(1);
        self.identifier = identifier;
        let change = matches!(proof, Proof::ChangeV1 { .. } | Proof::ChangeV2 { .. });
        self.state = State::Judging { change };
        cx.effects.push(Effect::Ask(Ask::Verify(Claim {
            name: self.claimed_name(),
            raw_name: self.claimed.clone(),
            identifier,
            proof,
            attempt: self.attempt,
        })));
    }

    fn claimed_name(&self) -> String {
        String::from_utf8_lossy(&self.claimed).into_owned()
    }

    /// The proof in a Response's Value, if it has the method's format.
    fn proof(&self, value: &[u8]) -> Option<Proof> {
        let challenge = &*self.challenge;
        Some(match self.method {
            AuthMethod::MsChapV2 => {
                let ResponseV2 { peer_challenge, nt_response, flags } = ResponseV2::parse(value)?;
                let challenge = challenge.try_into().ok()?;
                Proof::MsChapV2 { challenge, peer_challenge, nt_response, flags }
            }
            AuthMethod::MsChapV1 => {
                let ResponseV1 { lm_response, nt_response, flags } = ResponseV1::parse(value)?;
                let challenge = challenge.try_into().ok()?;
                Proof::MsChapV1 { challenge, lm_response, nt_response, flags }
            }
            AuthMethod::ChapMd5 | AuthMethod::Pap => {
                Proof::ChapMd5 { challenge: challenge.to_vec(), response: value.try_into().ok()? }
            }
        })
    }

    /// A Change-Password packet (`bytes` from the code octet). Taken only behind `E=648`.
    fn change(&mut self, code: u8, identifier: u8, bytes: &[u8], cx: &mut Context<'_>) {
        match &self.state {
            State::Done { packet } if identifier == self.identifier => {
                cx.effects.push(Effect::Send(packet.clone()));
            }
            State::Open { expects: Expects::Change, .. } if identifier == self.identifier.wrapping_add(1) => {
                self.judge_change(code, identifier, bytes, cx);
            }
            _ => {}
        }
    }

    fn judge_change(&mut self, code: u8, identifier: u8, bytes: &[u8], cx: &mut Context<'_>) {
        let challenge = &*self.challenge;
        let packet = || Secret::new(bytes);
        let proof = match (self.method, code) {
            (AuthMethod::MsChapV1, CODE_V1_OLD) => {
                self.identifier = identifier;
                return self.refuse(CHANGE_FAILED, "this kind of password change is not taken", cx);
            }
            (AuthMethod::MsChapV1, CODE_V1) => {
                let Ok(challenge) = challenge.try_into() else { return };
                Proof::ChangeV1 { challenge, packet: packet() }
            }
            (AuthMethod::MsChapV2, CODE_V2) => {
                let Ok(challenge) = challenge.try_into() else { return };
                Proof::ChangeV2 { challenge, packet: packet() }
            }
            _ => return,
        };
        self.ask(identifier, proof, cx);
    }

    fn accept(&mut self, authenticator_response: Option<[u8; 20]>, message: String, cx: &mut Context<'_>) {
        let text = if self.method == AuthMethod::MsChapV2 {
            if authenticator_response.is_none() {
                // without S= the peer would have to hang up on us
                return self.refuse(691, "the server cannot prove itself", cx);
            }
            let message = if self.windows_98 { String::new() } else { message };
            Success { authenticator_response, message }.emit()
        } else {
            clip(&message).to_owned()
        };
        let packet = emit(SUCCESS, self.identifier, &[text.as_bytes()]);
        cx.effects.push(Effect::Send(packet.clone()));
        self.state = State::Done { packet };
        let name = self.claimed_name();
        // from here on only the packet is repeated; the rest would lie about for the whole call
        (self.challenge, self.claimed, self.own_secret) = Default::default();
        cx.effects.push(Effect::Passed { name, message: String::new() });
    }

    /// The last word: no further try.
    fn refuse(&mut self, error: u32, message: &str, cx: &mut Context<'_>) {
        self.timers.stop();
        let failure = self.failure(error, None, message, None);
        cx.effects.push(Effect::Send(failure.clone()));
        self.state = State::Done { packet: failure };
        let refusal = Refusal { error, retry: false, message: message.to_owned() };
        cx.effects.push(Effect::Failed(DownReason::PeerRefused(refusal)));
    }

    /// A Failure for the packet judged last; `expects` is what it leaves open.
    fn failure(
        &self,
        error: u32,
        expects: Option<Expects>,
        message: &str,
        challenge: Option<&[u8]>,
    ) -> Vec<u8> {
        let text = if self.method == AuthMethod::ChapMd5 {
            clip(message).to_owned()
        } else {
            let v1 = self.method == AuthMethod::MsChapV1;
            Failure {
                error,
                retry: expects == Some(Expects::Response),
                challenge: challenge.map(<[u8]>::to_vec),
                version: if v1 { 2 } else { 3 },
                // RFC 2433 §8 knows no M= field
                message: if v1 { String::new() } else { message.to_owned() },
            }
            .emit()
        };
        emit(FAILURE, self.identifier, &[text.as_bytes()])
    }

    fn refused(&mut self, now: Instant, change: bool, verdict: Refused, cx: &mut Context<'_>) {
        let expects = self.left_open(change, &verdict);
        let Some(expects) = expects else { return self.refuse(verdict.error, &verdict.message, cx) };
        // a change of MS-CHAPv1 is computed over the challenge of the last Response, so there is no new one
        let keeps = self.method == AuthMethod::MsChapV1 && expects == Expects::Change;
        if !keeps {
            let fits = |challenge: &Vec<u8>| challenge.len() == challenge_size(self.method);
            let given = verdict.challenge.filter(fits);
            self.challenge = given.unwrap_or_else(|| self.random_challenge(cx));
        }
        let challenge = (!keeps).then_some(&*self.challenge);
        let failure = self.failure(verdict.error, Some(expects), &verdict.message, challenge);
        cx.effects.push(Effect::Send(failure.clone()));
        self.timers.set(now, self.restart, self.person);
        self.state = State::Open { failure, expects, copies: self.most_copies, interval: self.restart };
    }

    /// What the peer may do after a refusal. A change is one go, and needs a right but expired password, so it does
    /// not count as a question.
    fn left_open(&self, change: bool, verdict: &Refused) -> Option<Expects> {
        let microsoft = matches!(self.method, AuthMethod::MsChapV1 | AuthMethod::MsChapV2);
        if change || !microsoft {
            None
        } else if verdict.error == PASSWORD_EXPIRED {
            Some(Expects::Change)
        } else {
            (verdict.retry && self.attempt < self.tries).then_some(Expects::Response)
        }
    }

    /// Time to send again while waiting.
    fn resend(&mut self, now: Instant, cx: &mut Context<'_>) {
        match &mut self.state {
            State::Challenging { copies } => {
                let copies = *copies;
                self.send_challenge(now, copies, cx);
            }
            State::Open { failure, copies, interval, .. } if *copies > 0 => {
                *copies -= 1;
                *interval = interval.saturating_mul(2);
                self.timers.resend = now.checked_add(*interval);
                cx.effects.push(Effect::Send(failure.clone()));
            }
            _ => {}
        }
    }
}

/// The fields of `Verdict::Refuse`.
struct Refused {
    error: u32,
    retry: bool,
    challenge: Option<Vec<u8>>,
    message: String,
}

impl Exchange for Authenticator {
    fn start(&mut self, now: Instant, cx: &mut Context<'_>) {
        // an Identifier of an earlier round cannot be taken for one of this
        self.identifier = cx.rng.next_u32().to_le_bytes()[0];
        self.timers.limit = now.checked_add(self.wait);
        self.send_challenge(now, self.most_copies, cx);
    }

    fn packet(&mut self, now: Instant, bytes: &[u8], cx: &mut Context<'_>) {
        let Ok(packet) = ControlPacket::parse(bytes) else { return };
        match packet.code.0 {
            RESPONSE => self.response(now, packet.identifier, packet.body, cx),
            code if is_well_formed(code, packet.body) => {
                let end = packet.body.len() + ControlPacket::HEADER;
                self.change(code, packet.identifier, bytes.get(..end).unwrap_or(bytes), cx);
            }
            _ => {}
        }
    }

    fn answer(&mut self, now: Instant, answer: Answer, cx: &mut Context<'_>) {
        let (State::Judging { change }, Answer::Verdict(verdict)) = (&self.state, answer) else { return };
        let change = *change;
        match verdict {
            Verdict::Accept { authenticator_response, message } => {
                self.accept(authenticator_response, message, cx);
            }
            Verdict::Refuse { error, retry, challenge, message } => {
                self.refused(now, change, Refused { error, retry, challenge, message }, cx);
            }
        }
    }

    fn tick(&mut self, now: Instant, cx: &mut Context<'_>) {
        if self.timers.limit_passed(now) {
            let packet = self.failure(691, None, "", None);
            self.state = State::Done { packet };
            cx.effects.push(Effect::Failed(DownReason::AuthTimeout));
        } else if self.timers.resend_due(now) {
            self.resend(now, cx);
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
        match self.state {
            State::Challenging { .. } => packet.identifier != self.identifier,
            State::Open { .. } => packet.identifier != self.identifier.wrapping_add(1),
            State::Judging { .. } | State::Done { .. } => true,
        }
    }
}
