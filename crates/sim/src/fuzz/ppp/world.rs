//! The end under test, its peer, and the line between them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use openras_ppp::ask::{CallbackChoice, CallbackPolicy};
use openras_ppp::config::Role;
use openras_ppp::hdlc::{Deframer, Framing, frame};
use openras_ppp::wire::Protocol;
use openras_ppp::{
    Answer, Ask, CloseReason, Command, Credentials, Input, Machine, Output, Ppp, Proof, Verdict,
};

use super::check::Record;
use super::{Act, NAME, PASSWORD, PEER, Setting};
use crate::fuzz::deframe::split;
use crate::fuzz::script::{bit, protocol, time};
use crate::pair::t0;
use crate::ppp::{Store, User};

/// Ticks that may come at one moment before the deadline must have moved.
const TICKS_AT_ONCE: u32 = 8;
/// Rounds of talk without an end in sight, and ticks in one wait.
const ROUNDS: u32 = 40;
const TICKS: u32 = 120;

pub(super) struct World {
    now: Instant,
    ours: Ppp,
    record: Record,
    peer: Ppp,
    peer_record: Record,
    store: Store,
    to_ours: VecDeque<Vec<u8>>,
    to_peer: VecDeque<Vec<u8>>,
}

impl World {
    pub(super) fn new(ours: Setting, peer: Setting) -> Self {
        let configs = (ours.config(Role::Caller), peer.config(Role::Answerer));
        let must_prove = !configs.0.authenticate_peer.is_empty();
        let peer_must_prove = !configs.1.authenticate_peer.is_empty();
        let user = |(name, password): (&str, &str)| User {
            name: name.to_owned(),
            password: password.into(),
            expired: false,
            callback: CallbackPolicy::Caller,
        };
        let mut world = Self {
            now: t0(),
            ours: Ppp::new(configs.0, [1; 32]),
            record: Record { must_prove, ..Record::default() },
            peer: Ppp::new(configs.1, [2; 32]),
            peer_record: Record { must_prove: peer_must_prove, ..Record::default() },
            store: Store {
                users: vec![user((NAME, PASSWORD)), user(PEER)],
                nameless: CallbackPolicy::None,
                address: Some([10, 0, 0, 7].into()),
                claims: 0,
            },
            to_ours: VecDeque::new(),
            to_peer: VecDeque::new(),
        };
        if ours.opens() {
            world.give(Input::LineUp);
            world.give(Input::Command(Command::Open));
        }
        if peer.opens() {
            world.give_peer(Input::LineUp);
            world.give_peer(Input::Command(Command::Open));
        }
        world
    }

    pub(super) fn act(&mut self, act: Act) {
        match act {
            Act::Talk => self.talk(),
            Act::Wait(octet) => self.wait(time(octet)),
            Act::Well => self.well(),
            Act::Answer(octet) => {
                if let Some(answer) = self.record.open.as_ref().map(|ask| answer_to(ask, octet)) {
                    self.answer(answer);
                }
            }
            Act::Stray(octet) => self.answer(stray(octet)),
            Act::Order(octet) => self.order(octet),
            Act::Tick => self.tick(),
            Act::Bytes(bytes) => self.give(Input::Line(&bytes)),
            Act::Frame(number, packet) => {
                let mut line = Vec::new();
                frame(protocol(number), &packet, Framing::DEFAULT, false, &mut line);
                self.give(Input::Line(&line));
            }
            Act::Changed(place, flips) => self.changed(place, flips),
            Act::Twice => {
                if let Some(line) = self.to_ours.pop_front() {
                    self.give(Input::Line(&line));
                    self.give(Input::Line(&line));
                }
            }
            Act::Lose(octet) => {
                if !bit(octet, 0) {
                    self.to_ours.clear();
                }
                if bit(octet, 1) {
                    self.to_peer.clear();
                }
            }
            Act::Ip(packet) => self.give(Input::Ip(&packet)),
            Act::Peer(octet) => self.peer_act(octet),
        }
    }

    #[cfg(test)]
    pub(super) fn is_up(&self) -> bool {
        self.record.up && self.peer_record.up && !self.record.down && !self.peer_record.down
    }

    /// The line goes away, and with it the connection, if it ever was.
    pub(super) fn finish(&mut self) {
        self.give(Input::LineDown);
        assert!(self.record.down, "the line is gone and nobody has heard");
        for octet in 0..8 {
            // nothing may come of a deadline that was still there
            self.now += Duration::from_secs(60);
            self.order(octet);
            self.tick();
        }
        assert_eq!(self.ours.poll_timeout(), None, "a deadline after Down");
    }

    /// An input for the end under test; what it says is looked at and kept.
    fn give(&mut self, input: Input<'_>) {
        let frames = frames(&input);
        self.ours.handle(self.now, input);
        let outputs: Vec<_> = std::iter::from_fn(|| self.ours.poll_output()).collect();
        self.record.look(&outputs, frames);
        for output in outputs {
            if let Output::Line(line) = output {
                self.to_peer.push_back(line);
            }
        }
    }

    /// The peer's owner answers at once, and well.
    fn give_peer(&mut self, input: Input<'_>) {
        let frames = frames(&input);
        self.peer.handle(self.now, input);
        let mut left = 100;
        loop {
            let outputs: Vec<_> = std::iter::from_fn(|| self.peer.poll_output()).collect();
            self.peer_record.look(&outputs, frames);
            for output in outputs {
                match output {
                    Output::Line(line) => self.to_ours.push_back(line),
                    Output::Ip(_) | Output::Event(_) => {}
                }
            }
            let Some(ask) = self.peer_record.open.take() else { return };
            left -= 1;
            assert!(left > 0, "questions without an end");
            let answer = owner(&mut self.store, &ask);
            self.peer_record.accepted |= !self.peer_record.stale && accepts(&answer);
            self.peer.handle(self.now, Input::Command(Command::Answer(answer)));
        }
    }

    fn talk(&mut self) {
        for _ in 0..ROUNDS {
            if let Some(line) = self.to_peer.pop_front() {
                self.give_peer(Input::Line(&line));
            } else if let Some(line) = self.to_ours.pop_front() {
                self.give(Input::Line(&line));
            } else {
                return;
            }
        }
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        let mut in_vain = 0;
        for _ in 0..TICKS {
            self.talk();
            let (ours, peer) = (self.ours.poll_timeout(), self.peer.poll_timeout());
            let Some(next) = ours.into_iter().chain(peer).min().filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            if ours == Some(next) {
                self.give(Input::Tick);
                in_vain = if self.ours.poll_timeout() == ours { in_vain + 1 } else { 0 };
            } else {
                self.give_peer(Input::Tick);
                in_vain = if self.peer.poll_timeout() == peer { in_vain + 1 } else { 0 };
            }
            assert!(in_vain <= TICKS_AT_ONCE, "a deadline that no tick moves");
        }
        self.now = end;
        self.talk();
    }

    /// One that is not due changes nothing.
    fn tick(&mut self) {
        let before = self.ours.poll_timeout();
        if before.is_some_and(|due| due <= self.now) {
            return self.give(Input::Tick);
        }
        self.ours.handle(self.now, Input::Tick);
        assert!(self.ours.poll_output().is_none(), "a spurious tick says something");
        assert_eq!(self.ours.poll_timeout(), before, "a spurious tick moves the deadline");
    }

    fn well(&mut self) {
        if let Some(ask) = &self.record.open {
            let answer = owner(&mut self.store, ask);
            self.answer(answer);
        }
    }

    /// An answer that fits closes the question.
    fn answer(&mut self, answer: Answer) {
        if self.record.open.as_ref().is_some_and(|ask| fits(ask, &answer)) {
            self.record.open = None;
            self.record.accepted |= !self.record.stale && accepts(&answer);
        }
        self.give(Input::Command(Command::Answer(answer)));
    }

    fn order(&mut self, octet: u8) {
        self.give(match octet % 8 {
            0 => Input::Command(Command::Open),
            1 => Input::LineUp,
            2 => Input::LineDown,
            3 => Input::Command(Command::Close(CloseReason::User)),
            4 => Input::Command(Command::Close(CloseReason::Limit)),
            5 | 6 => Input::Command(Command::Hold),
            _ => Input::Command(Command::Release),
        });
    }

    fn changed(&mut self, place: u8, flips: u8) {
        let Some(line) = self.to_ours.pop_front() else { return };
        let mut deframer = Deframer::new();
        deframer.set_receive_mru(u16::MAX);
        deframer.set_receive_accm(0);
        let Some(Ok(packet)) = deframer.next_frame(&mut &line[..]) else { return };
        let Some((protocol, information)) = split(packet) else { return };
        let mut information = information.to_vec();
        let length = information.len().max(1);
        // with another code or name length a PAP request shows its password as what nobody could take for one
        if protocol == Protocol::PAP && information.first() == Some(&1) && usize::from(place) % length < 5 {
            return;
        }
        if let Some(octet) = information.get_mut(usize::from(place) % length) {
            *octet ^= flips.max(1);
        }
        let mut line = Vec::new();
        frame(protocol, &information, Framing::DEFAULT, false, &mut line);
        self.give(Input::Line(&line));
    }

    fn peer_act(&mut self, octet: u8) {
        self.give_peer(match octet % 8 {
            0 => Input::Command(Command::Close(CloseReason::Administrator)),
            1 => Input::LineDown,
            2 => Input::Command(Command::Hold),
            3 => Input::Command(Command::Release),
            4 => Input::Command(Command::Open),
            5 => Input::LineUp,
            6 => Input::Ip(&[0x45; 20]),
            _ => Input::Tick,
        });
    }
}

/// How many frames an input can hold at most; a wait may bring what was held back.
fn frames(input: &Input<'_>) -> usize {
    match input {
        Input::Line(bytes) => bytes.iter().filter(|octet| **octet == 0x7e).count(),
        _ => 0,
    }
}

fn accepts(answer: &Answer) -> bool {
    matches!(answer, Answer::Verdict(Verdict::Accept { .. }))
}

/// What a good owner says.
fn owner(store: &mut Store, ask: &Ask) -> Answer {
    match ask {
        Ask::Verify(claim) => Answer::Verdict(store.verdict(claim)),
        Ask::CallbackNumber(offer) if offer.caller => {
            Answer::Callback(CallbackChoice::Number("5551212".to_owned()))
        }
        ask => answer_to(ask, 0),
    }
}

/// An answer that fits: number 0 is a good one.
fn answer_to(ask: &Ask, octet: u8) -> Answer {
    match ask {
        Ask::Credentials(_) => Answer::Credentials(Credentials {
            name: NAME.to_owned(),
            password: if bit(octet, 0) { "wrong" } else { PASSWORD }.into(),
        }),
        Ask::NewPassword(_) => Answer::NewPassword(PASSWORD.into()),
        Ask::CallbackNumber(offer) => Answer::Callback(match (octet % 4, offer.list.last()) {
            (0, _) => CallbackChoice::None,
            (1, _) => CallbackChoice::Number("5551212".to_owned()),
            (2, Some(number)) => CallbackChoice::Listed(number.clone()),
            _ => CallbackChoice::Preset,
        }),
        Ask::Verify(claim) => Answer::Verdict(verdict(octet, &claim.proof)),
        Ask::Admit { .. } => Answer::Admit(match octet % 4 {
            0 => CallbackPolicy::None,
            1 => CallbackPolicy::Caller,
            2 => CallbackPolicy::Preset("5551212".to_owned()),
            _ => CallbackPolicy::List(vec!["1".to_owned(), "5551212".to_owned()]),
        }),
        Ask::CallbackTo { number } => Answer::CallbackTo((!bit(octet, 0)).then(|| number.clone())),
        Ask::Address { .. } => Answer::Address((!bit(octet, 0)).then(|| [10, 0, 0, octet].into())),
    }
}

fn verdict(octet: u8, proof: &Proof) -> Verdict {
    let error = [691, 648, 646, 647, 649, 709, 0, u32::MAX];
    let message = if bit(octet, 7) { "M=\r\n E=0 R=1".repeat(9) } else { String::new() };
    if octet & 1 == 0 {
        let v2 = matches!(proof, Proof::MsChapV2 { .. } | Proof::ChangeV2 { .. });
        return Verdict::Accept { authenticator_response: (v2 != bit(octet, 6)).then_some([9; 20]), message };
    }
    Verdict::Refuse {
        error: error.get(usize::from(octet >> 1 & 7)).copied().unwrap_or(691),
        retry: bit(octet, 4),
        challenge: bit(octet, 5).then(|| vec![7; usize::from(octet)]),
        message,
    }
}

/// One of each kind.
fn stray(octet: u8) -> Answer {
    match octet % 7 {
        0 => Answer::Credentials(Credentials { name: String::new(), password: PASSWORD.into() }),
        1 => Answer::NewPassword(PASSWORD.into()),
        2 => Answer::Callback(CallbackChoice::Number("\r\n".to_owned())),
        3 => Answer::Verdict(Verdict::Accept { authenticator_response: None, message: String::new() }),
        4 => Answer::Admit(CallbackPolicy::List(vec![])),
        5 => Answer::CallbackTo(Some(String::new())),
        _ => Answer::Address(Some([0, 0, 0, 0].into())),
    }
}

fn fits(ask: &Ask, answer: &Answer) -> bool {
    matches!(
        (ask, answer),
        (Ask::Credentials(_), Answer::Credentials(_))
            | (Ask::NewPassword(_), Answer::NewPassword(_))
            | (Ask::CallbackNumber(_), Answer::Callback(_))
            | (Ask::Verify(_), Answer::Verdict(_))
            | (Ask::Admit { .. }, Answer::Admit(_))
            | (Ask::CallbackTo { .. }, Answer::CallbackTo(_))
            | (Ask::Address { .. }, Answer::Address(_))
    )
}
