//! The side that is challenged. It answers, asks its person where the Failure allows another try or a new password,
//! and repeats its last packet until an answer comes (see the rules in `auth`).

use std::time::{Duration, Instant};

use rand_chacha::rand_core::Rng;
use subtle::ConstantTimeEq;

use super::{CHALLENGE, FAILURE, RESPONSE, SUCCESS, challenge_size, parse_value};
use crate::ask::{Answer, Ask, Refusal};
use crate::auth::hash::{NtHash, challenge_response, chap_md5, nt_hash};
use crate::auth::mschap::change::{Built, Change};
use crate::auth::mschap::{Failure, ResponseV1, ResponseV2, Success};
use crate::auth::packet::emit;
use crate::auth::timers::Timers;
use crate::auth::verify::respond_mschap_v2;
use crate::auth::{Context, Effect, Exchange};
use crate::config::{AuthMethod, Config, Credentials};
use crate::event::{DownReason, Phase};
use crate::secret::Secret;
use crate::wire::ControlPacket;

/// `E=648`: the password has expired and may be changed.
const PASSWORD_EXPIRED: u32 = 648;
/// What MS-CHAPv1 adds to the first octet of its challenge for a retry without `C=` (RFC 2433 §8).
const RETRY_STEP: u8 = 23;

pub(in crate::auth) struct Client {
    method: AuthMethod,
    credentials: Credentials,
    /// Of the password in `credentials`, once it was needed.
    hash: Option<NtHash>,
    restart: Duration,
    most_copies: u32,
    limit: Duration,
    timers: Timers,
    /// The Challenge answered last, to know a copy of it.
    challenged: Option<(u8, Vec<u8>)>,
    /// What we said last.
    sent: Option<Sent>,
    /// Success has been reported; what comes later is a challenge in the network phase (RFC 1994 §2).
    passed: bool,
    state: State,
}

/// A Response or Change-Password that is out.
struct Sent {
    packet: Vec<u8>,
    identifier: u8,
    /// What the response was computed over.
    challenge: Vec<u8>,
    /// The Failure it answers, if it is a retry or a change.
    after: Option<u8>,
    copies: u32,
    /// MS-CHAPv2: the `S=` that proves the authenticator.
    proof: Option<[u8; 20]>,
    /// It changes the password to this one.
    new_password: Option<Secret>,
}

enum State {
    /// No Challenge yet.
    Waiting,
    /// A packet of ours awaits its verdict.
    Sent,
    /// The person is being asked, because of this Failure.
    Asking { failure: u8, challenge: Vec<u8>, wants: Wants },
    /// Nothing more to do than to repeat.
    Done,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wants {
    Credentials,
    NewPassword,
}

impl Client {
    pub(in crate::auth) fn new(method: AuthMethod, config: &Config) -> Self {
        let nobody = || Credentials { name: String::new(), password: Secret::default() };
        Self {
            method,
            credentials: config.credentials.clone().unwrap_or_else(nobody),
            hash: None,
            restart: config.timers.restart,
            most_copies: config.timers.max_configure,
            limit: config.auth_wait,
            timers: Timers::default(),
            challenged: None,
            sent: None,
            passed: false,
            state: State::Waiting,
        }
    }

    fn nt_hash(&mut self) -> &NtHash {
        self.hash.get_or_insert_with(|| nt_hash(&self.credentials.password))
    }

    fn challenge(&mut self, now: Instant, identifier: u8, body: &[u8], cx: &mut Context<'_>) {
        let Ok((value, _name)) = parse_value(body) else { return };
        let fits = match self.method {
            AuthMethod::ChapMd5 => !value.is_empty(),
            method => value.len() == challenge_size(method),
        };
        let finished = matches!(self.state, State::Done) && !self.passed;
        if !fits || finished || matches!(self.state, State::Asking { .. }) {
            return;
        }
        if self.is_answered(identifier, value) {
            // a copy; once we have moved on from it to a retry it means nothing
            if let Some(sent) = self.sent.as_ref().filter(|sent| sent.after.is_none()) {
                cx.effects.push(Effect::Send(sent.packet.clone()));
            }
            return;
        }
        self.challenged = Some((identifier, value.to_vec()));
        self.respond(now, identifier, value.to_vec(), None, cx);
    }

    fn is_answered(&self, identifier: u8, value: &[u8]) -> bool {
        self.challenged.as_ref().is_some_and(|(known, challenge)| *known == identifier && challenge == value)
    }

    /// Sends a Response with the credentials in use.
    fn respond(
        &mut self,
        now: Instant,
        identifier: u8,
        challenge: Vec<u8>,
        after: Option<u8>,
        cx: &mut Context<'_>,
    ) {
        let Some((value, proof)) = self.response_value(identifier, &challenge, cx) else { return };
        let size = u8::try_from(value.len()).unwrap_or(u8::MAX);
        let packet = emit(RESPONSE, identifier, &[&[size], &value, self.credentials.name.as_bytes()]);
        let copies = self.most_copies;
        let sent = Sent { packet, identifier, challenge, after, copies, proof, new_password: None };
        self.say(now, sent, cx);
    }

    /// The Value of a Response and, for MS-CHAPv2, the proof expected back.
    fn response_value(
        &mut self,
        identifier: u8,
        challenge: &[u8],
        cx: &mut Context<'_>,
    ) -> Option<(Vec<u8>, Option<[u8; 20]>)> {
        match self.method {
            AuthMethod::MsChapV2 => {
                let challenge = challenge.try_into().ok()?;
                let mut peer_challenge = [0; 16];
                cx.rng.fill_bytes(&mut peer_challenge);
                let hash = self.nt_hash().clone();
                let name = self.credentials.name.as_bytes();
                let (nt_response, proof) = respond_mschap_v2(&hash, name, challenge, &peer_challenge);
                let value = ResponseV2 { peer_challenge, nt_response, flags: 0 }.emit();
                Some((value.to_vec(), Some(proof)))
            }
            AuthMethod::MsChapV1 => {
                let nt_response = challenge_response(challenge.try_into().ok()?, self.nt_hash());
                let value = ResponseV1 { lm_response: [0; 24], nt_response, flags: 1 }.emit();
                Some((value.to_vec(), None))
            }
            AuthMethod::ChapMd5 | AuthMethod::Pap => {
                Some((chap_md5(identifier, &self.credentials.password, challenge).to_vec(), None))
            }
        }
    }

    /// Sends a packet for the first time and begins to wait for its verdict.
    fn say(&mut self, now: Instant, sent: Sent, cx: &mut Context<'_>) {
        cx.effects.push(Effect::Send(sent.packet.clone()));
        // an authenticator that only ever sends new Challenges does not move the deadline
        let limit = self.timers.limit.filter(|_| matches!(self.state, State::Sent));
        self.timers.set(now, self.restart, self.limit);
        self.timers.limit = limit.or(self.timers.limit);
        self.sent = Some(sent);
        self.state = State::Sent;
    }

    fn success(&mut self, identifier: u8, text: &[u8], cx: &mut Context<'_>) {
        let State::Sent = self.state else { return };
        let Some(sent) = self.sent.as_mut().filter(|sent| sent.identifier == identifier) else { return };
        let mut message = String::from_utf8_lossy(text).into_owned();
        if self.method == AuthMethod::MsChapV2 {
            let Success { authenticator_response: said, message: words } = Success::parse(text);
            message = words;
            let proven = said.zip(sent.proof).is_some_and(|(said, due)| said.ct_eq(&due).into());
            if !proven {
                return self.fail(DownReason::ServerNotProven, cx);
            }
        }
        if let Some(password) = sent.new_password.take() {
            self.credentials.password = password;
            self.hash = None;
        }
        // from here on only a first Response is repeated; the rest would lie about for the whole call
        sent.challenge = Vec::new();
        if sent.after.is_some() {
            self.sent = None;
        }
        self.timers.stop();
        self.state = State::Done;
        if !std::mem::replace(&mut self.passed, true) {
            let name = self.credentials.name.clone();
            cx.effects.push(Effect::Passed { name, message });
        }
    }

    fn failure(&mut self, identifier: u8, text: &[u8], cx: &mut Context<'_>) {
        let (State::Sent, Some(sent)) = (&self.state, &self.sent) else { return };
        if sent.after == Some(identifier) {
            // our answer to this Failure was lost, or crossed its copy
            cx.effects.push(Effect::Send(sent.packet.clone()));
        } else if sent.identifier == identifier {
            self.refused(identifier, text, cx);
        }
    }

    /// A Failure that is the verdict on what we sent last.
    fn refused(&mut self, identifier: u8, text: &[u8], cx: &mut Context<'_>) {
        let failure = match self.method {
            AuthMethod::ChapMd5 | AuthMethod::Pap => Failure {
                error: 691,
                message: String::from_utf8_lossy(text).into_owned(),
                ..Failure::default()
            },
            _ => Failure::parse(text),
        };
        let wants = self.wanted(&failure);
        let refusal = Refusal { error: failure.error, retry: failure.retry, message: failure.message };
        let (Some(wants), Some(sent)) = (wants, &self.sent) else {
            return self.fail(DownReason::AuthRefused(refusal), cx);
        };
        let challenge = self.next_challenge(&sent.challenge, failure.challenge, wants);
        self.timers.stop();
        self.state = State::Asking { failure: identifier, challenge, wants };
        cx.effects.push(Effect::Ask(match wants {
            Wants::Credentials => Ask::Credentials(refusal),
            Wants::NewPassword => Ask::NewPassword(refusal),
        }));
    }

    /// What the person can do about a Failure, if anything.
    fn wanted(&self, failure: &Failure) -> Option<Wants> {
        let changed = self.sent.as_ref().is_some_and(|sent| sent.new_password.is_some());
        let needed_version = match self.method {
            AuthMethod::MsChapV1 => 2,
            AuthMethod::MsChapV2 => 3,
            AuthMethod::Pap | AuthMethod::ChapMd5 => return None,
        };
        if changed || self.passed {
            None
        } else if failure.error == PASSWORD_EXPIRED && failure.version >= needed_version {
            Some(Wants::NewPassword)
        } else {
            failure.retry.then_some(Wants::Credentials)
        }
    }

    /// The challenge our answer to a Failure is computed over.
    fn next_challenge(&self, last: &[u8], given: Option<Vec<u8>>, wants: Wants) -> Vec<u8> {
        let given = given.filter(|challenge| challenge.len() == challenge_size(self.method));
        match (self.method, wants) {
            // MS-CHAPv1's change uses the challenge of the last Response
            (AuthMethod::MsChapV1, Wants::NewPassword) => last.to_vec(),
            (AuthMethod::MsChapV1, Wants::Credentials) => given.unwrap_or_else(|| {
                let mut next = last.to_vec();
                if let Some(first) = next.first_mut() {
                    *first = first.wrapping_add(RETRY_STEP);
                }
                next
            }),
            _ => given.unwrap_or_else(|| last.to_vec()),
        }
    }

    fn change(
        &mut self,
        now: Instant,
        after: u8,
        challenge: Vec<u8>,
        password: Secret,
        cx: &mut Context<'_>,
    ) {
        let identifier = after.wrapping_add(1);
        let old = self.nt_hash().clone();
        let Some(built) = self.build_change(identifier, &old, &challenge, &password, cx) else {
            let message = "the new password is longer than 256 characters".to_owned();
            let refusal = Refusal { error: 709, retry: false, message };
            return self.fail(DownReason::AuthRefused(refusal), cx);
        };
        cx.effects.push(Effect::Phase(Phase::ChangePassword));
        let sent = Sent {
            packet: built.packet,
            identifier,
            challenge,
            after: Some(after),
            copies: self.most_copies,
            proof: built.authenticator_response,
            new_password: Some(password),
        };
        self.say(now, sent, cx);
    }

    fn build_change(
        &self,
        identifier: u8,
        old: &[u8; 16],
        challenge: &[u8],
        password: &Secret,
        cx: &mut Context<'_>,
    ) -> Option<Built> {
        let change = Change::new(old, password, cx.rng).ok()?;
        if self.method == AuthMethod::MsChapV1 {
            return Some(change.v1(identifier, challenge.try_into().ok()?));
        }
        let mut peer_challenge = [0; 16];
        cx.rng.fill_bytes(&mut peer_challenge);
        let name = self.credentials.name.as_bytes();
        Some(change.v2(identifier, challenge.try_into().ok()?, &peer_challenge, name))
    }

    fn fail(&mut self, why: DownReason, cx: &mut Context<'_>) {
        self.timers.stop();
        self.passed = false;
        self.state = State::Done;
        cx.effects.push(Effect::Failed(why));
    }

    fn resend(&mut self, now: Instant, cx: &mut Context<'_>) {
        let Some(sent) = self.sent.as_mut() else { return };
        sent.copies = sent.copies.saturating_sub(1);
        if sent.copies > 0 {
            cx.effects.push(Effect::Send(sent.packet.clone()));
            self.timers.resend = now.checked_add(self.restart);
        }
    }
}

impl Exchange for Client {
    fn start(&mut self, now: Instant, _cx: &mut Context<'_>) {
        self.timers.limit = now.checked_add(self.limit);
    }

    fn packet(&mut self, now: Instant, packet: &[u8], cx: &mut Context<'_>) {
        let Ok(packet) = ControlPacket::parse(packet) else { return };
        match packet.code.0 {
            CHALLENGE => self.challenge(now, packet.identifier, packet.body, cx),
            SUCCESS => self.success(packet.identifier, packet.body, cx),
            FAILURE => self.failure(packet.identifier, packet.body, cx),
            _ => {}
        }
    }

    fn answer(&mut self, now: Instant, answer: Answer, cx: &mut Context<'_>) {
        let State::Asking { failure, challenge, wants } = &self.state else { return };
        let (after, challenge) = (*failure, challenge.clone());
        match (wants, answer) {
            (Wants::Credentials, Answer::Credentials(credentials)) => {
                self.credentials = credentials;
                self.hash = None;
                cx.effects.push(Effect::Phase(Phase::AuthRetry));
                self.respond(now, after.wrapping_add(1), challenge, Some(after), cx);
            }
            (Wants::NewPassword, Answer::NewPassword(password)) => {
                self.change(now, after, challenge, password, cx);
            }
            _ => {}
        }
    }

    fn tick(&mut self, now: Instant, cx: &mut Context<'_>) {
        if self.timers.limit_passed(now) {
            // a challenge in the network phase that stays without verdict ends nothing
            if !self.passed {
                self.fail(DownReason::AuthTimeout, cx);
            }
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
        match (packet.code.0, &self.state) {
            (CHALLENGE, _) => {
                parse_value(packet.body).is_ok_and(|(value, _)| self.is_answered(packet.identifier, value))
            }
            (FAILURE, State::Sent) => {
                self.sent.as_ref().is_some_and(|sent| sent.after == Some(packet.identifier))
            }
            (SUCCESS, State::Sent) => false,
            _ => true,
        }
    }
}
