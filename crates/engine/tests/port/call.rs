//! A whole call: the port, a real PPP client, and an owner who answers what is asked.

use std::net::Ipv4Addr;
use std::time::Duration;

use openras_engine::server::port::{Admission, Answer, Ask, PortConfig, wrong_credentials};
use openras_engine::users::CallbackRight;
use openras_engine::{LineEvent, LineOp, RasError};
use openras_ppp::ask::{CallbackChoice, CallbackOffer, CallbackPolicy};
use openras_ppp::auth::verify;
use openras_ppp::config::{CallbackConfig, Limits, Role};
use openras_ppp::{
    Answer as PppAnswer, Ask as PppAsk, AuthMethod, Claim, Command as PppCommand, Config, Credentials, Down,
    Event, Input, Machine, Negotiated, Output, Ppp, Proof, Secret, Verdict,
};

use crate::bench::Bench;

pub(crate) const PASSWORD: &str = "correct horse";

/// What the service behind the port would say.
pub(crate) struct Owner {
    pub(crate) right: CallbackRight,
    pub(crate) services: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) refusal: Option<u32>,
    pub(crate) may_call: bool,
    pub(crate) address: Option<Ipv4Addr>,
    /// Kinds of questions left unanswered: verify, admit, callback, address.
    pub(crate) silent: Vec<&'static str>,
    /// Whether a wrong password may be tried again.
    pub(crate) retry: bool,
    pub(crate) asked: Vec<String>,
    /// The password has expired (648).
    pub(crate) expired: bool,
    /// The password by now.
    pub(crate) changed: Option<Secret>,
}

impl Owner {
    fn answer(&mut self, ask: Ask) -> Option<Answer> {
        let (kind, asked, answer) = match ask {
            Ask::SecurityBegin { module } => ("begin", module, Answer::Begun(Ok(()))),
            Ask::Verify(claim) => ("verify", claim.name.clone(), Answer::Verdict(self.verdict(&claim))),
            Ask::Admit { name } => {
                let (callback, services) = (self.right.clone(), self.services.clone());
                let admission = Admission { callback, services, limits: self.limits };
                let answer = self.refusal.map_or(Ok(admission), |number| Err(RasError(number)));
                ("admit", name.unwrap_or_default(), Answer::Admit(answer))
            }
            Ask::CallbackTo { name, number } => {
                ("callback", format!("{name} {number}"), Answer::CallbackTo(self.may_call))
            }
            Ask::Target { service, name } => ("target", format!("{service} {name}"), Answer::Target(Ok(()))),
            Ask::Address { name, .. } => ("address", name.unwrap_or_default(), Answer::Address(self.address)),
        };
        self.asked.push(format!("{kind} {asked}"));
        (!self.silent.contains(&kind)).then_some(answer)
    }

    fn verdict(&mut self, claim: &Claim) -> Verdict {
        let password = Secret::from(PASSWORD);
        if let Ok((new, _)) = verify::change_v2(&verify::nt_hash(&password), &claim.raw_name, &claim.proof) {
            self.changed = Some(new.clear.clone());
            return Verdict::Accept { authenticator_response: None, message: String::new() };
        }
        let (right, authenticator_response) = match &claim.proof {
            Proof::Pap { password: given } => (*given == password, None),
            Proof::MsChapV2 { .. } => {
                let hash = verify::nt_hash(&password);
                let proved = verify::verify_mschap_v2(&hash, &claim.raw_name, &claim.proof);
                (proved.is_some(), proved)
            }
            _ => (false, None),
        };
        if right && self.expired {
            return Verdict::Refuse { error: 648, retry: false, challenge: None, message: String::new() };
        }
        if right {
            return Verdict::Accept { authenticator_response, message: "Welcome".into() };
        }
        match wrong_credentials() {
            Verdict::Refuse { error, message, .. } => {
                Verdict::Refuse { error, retry: self.retry, challenge: None, message }
            }
            accept => accept,
        }
    }
}

/// What stands between the port and the client and may change frames on their way to the client: the protocol and
/// the packet of a frame; gives frames for the port in place of the client's own.
pub(crate) type Tamper = Box<dyn FnMut(u16, &[u8]) -> Option<Vec<u8>>>;

pub(crate) struct Call {
    pub(crate) bench: Bench,
    pub(crate) owner: Owner,
    pub(crate) client: Ppp,
    /// What the client chooses when it may be called back.
    pub(crate) choice: CallbackChoice,
    pub(crate) offers: Vec<CallbackOffer>,
    pub(crate) client_up: Vec<Negotiated>,
    pub(crate) client_down: Vec<Down>,
    pub(crate) client_ip: Vec<Vec<u8>>,
    pub(crate) tamper: Option<Tamper>,
    /// All that the port wrote.
    pub(crate) wire: Vec<u8>,
    hung_up: usize,
}

/// A client that proves itself as this user.
pub(crate) fn client(user: &str, password: &str) -> Config {
    Config {
        authenticate_us: vec![AuthMethod::MsChapV2, AuthMethod::Pap],
        credentials: Some(Credentials { name: user.into(), password: Secret::from(password) }),
        ipv6cp: None,
        ..Config::default()
    }
}

impl Call {
    /// A call that was answered; the client has not said anything yet.
    pub(crate) fn new(port: PortConfig, client: Config) -> Self {
        Self {
            bench: Bench::answered(port),
            owner: Owner {
                right: CallbackRight::None,
                services: Vec::new(),
                limits: Limits::default(),
                refusal: None,
                may_call: true,
                address: Some([10, 64, 0, 2].into()),
                silent: Vec::new(),
                retry: false,
                asked: Vec::new(),
                expired: false,
                changed: None,
            },
            client: Ppp::new(client, [9; 32]),
            choice: CallbackChoice::None,
            offers: Vec::new(),
            client_up: Vec::new(),
            client_down: Vec::new(),
            client_ip: Vec::new(),
            tamper: None,
            wire: Vec::new(),
            hung_up: 0,
        }
    }

    /// The client starts PPP, and everything goes as far as it goes without waiting.
    pub(crate) fn start(&mut self) {
        self.tell(Input::Command(PppCommand::Open));
        self.tell(Input::LineUp);
        self.run();
    }

    /// Somebody else takes the phone of the called-back number.
    pub(crate) fn pick_up(&mut self, client: Config) {
        self.client = Ppp::new(
            Config { role: Role::Answerer, callback: CallbackConfig::default(), ..client },
            [11; 32],
        );
        self.bench.line(LineEvent::Connected { text: String::new() });
        self.start();
    }

    pub(crate) fn tell(&mut self, input: Input<'_>) {
        self.client.handle(self.bench.now, input);
    }

    /// Moves everything that can move now.
    pub(crate) fn run(&mut self) {
        for _ in 0..1000 {
            let mut moved = false;
            while let Some(output) = self.client.poll_output() {
                moved = true;
                self.said(output);
            }
            let bytes = std::mem::take(&mut self.bench.sent);
            if !bytes.is_empty() {
                moved = true;
                self.wire.extend(&bytes);
                self.deliver(&bytes);
            }
            for ask in std::mem::take(&mut self.bench.asks) {
                moved = true;
                if let Some(answer) = self.owner.answer(ask) {
                    self.bench.answer(answer);
                }
            }
            let hung_up = self.bench.ops.iter().filter(|op| matches!(op, LineOp::HangUp)).count();
            if hung_up > self.hung_up {
                self.hung_up = hung_up;
                self.tell(Input::LineDown);
                moved = true;
            }
            // a deadline that is now: the machines go on as soon as their owner has drained them
            if self.bench.port.poll_timeout().is_some_and(|until| until <= self.bench.now) {
                self.bench.tick();
                moved = true;
            }
            if self.client.poll_timeout().is_some_and(|until| until <= self.bench.now) {
                self.tell(Input::Tick);
                moved = true;
            }
            if !moved {
                return;
            }
        }
        panic!("the two ends talk without end");
    }

    fn said(&mut self, output: Output) {
        match output {
            Output::Line(bytes) => self.bench.bytes(&bytes),
            Output::Ip(packet) => self.client_ip.push(packet),
            Output::Event(Event::Up(agreed)) => self.client_up.push(*agreed),
            Output::Event(Event::Down(down)) => self.client_down.push(*down),
            Output::Event(Event::Ask(PppAsk::CallbackNumber(offer))) => {
                self.offers.push(offer);
                let choice = PppAnswer::Callback(self.choice.clone());
                self.tell(Input::Command(PppCommand::Answer(choice)));
            }
            Output::Event(Event::Ask(PppAsk::Admit { .. })) => {
                let admit = PppAnswer::Admit(CallbackPolicy::None);
                self.tell(Input::Command(PppCommand::Answer(admit)));
            }
            Output::Event(_) => {}
        }
    }

    fn deliver(&mut self, bytes: &[u8]) {
        let Some(mut tamper) = self.tamper.take() else { return self.tell(Input::Line(bytes)) };
        for frame in bytes.split(|&byte| byte == 0x7e).filter(|frame| !frame.is_empty()) {
            let (protocol, packet) = unframe(frame);
            match tamper(protocol, &packet) {
                Some(instead) => self.bench.bytes(&instead),
                None => self.tell(Input::Line(&[&[0x7e], frame, &[0x7e]].concat())),
            }
        }
        self.tamper = Some(tamper);
    }

    /// Lets time pass at both ends.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.bench.now + time;
        self.run();
        for _ in 0..10_000 {
            let next = [self.bench.port.poll_timeout(), self.client.poll_timeout()];
            match next.into_iter().flatten().min().filter(|&until| until <= end) {
                Some(until) => {
                    self.bench.now = self.bench.now.max(until);
                    self.bench.tick();
                    self.tell(Input::Tick);
                    self.run();
                }
                None => {
                    self.bench.now = end;
                    return;
                }
            }
        }
        panic!("the two ends tick without end");
    }

    pub(crate) fn is_up(&self) -> bool {
        !self.bench.ups.is_empty() && !self.client_up.is_empty()
    }

    /// No network protocol was ever open at either end, and no packet of one sent.
    pub(crate) fn assert_never_up(&self) {
        assert!(self.bench.ups.is_empty() && self.client_up.is_empty(), "{:?}", self.bench.ups);
        for frame in self.wire.split(|&byte| byte == 0x7e).filter(|frame| frame.len() > 4) {
            let (protocol, _) = unframe(frame);
            assert!(!matches!(protocol, 0x21 | 0x57 | 0x8021 | 0x8057), "a frame of protocol {protocol:04x}");
        }
    }

    /// The numbers dialled.
    pub(crate) fn dialled(&self) -> Vec<&str> {
        let number = |op: &'_ LineOp| matches!(op, LineOp::Dial(_));
        self.bench
            .ops
            .iter()
            .filter(|op| number(op))
            .map(|op| match op {
                LineOp::Dial(number) => number.as_str(),
                _ => "",
            })
            .collect()
    }
}

/// Protocol and packet of a frame without its flags (RFC 1662), FCS cut off.
pub(crate) fn unframe(frame: &[u8]) -> (u16, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut escaped = false;
    for &byte in frame {
        match byte {
            0x7d if !escaped => escaped = true,
            byte => {
                bytes.push(if escaped { byte ^ 0x20 } else { byte });
                escaped = false;
            }
        }
    }
    let mut rest = bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(&bytes);
    rest = rest.get(..rest.len().saturating_sub(2)).unwrap_or_default();
    match rest {
        [low, packet @ ..] if low & 1 == 1 => (u16::from(*low), packet.to_vec()),
        [high, low, packet @ ..] => (u16::from_be_bytes([*high, *low]), packet.to_vec()),
        _ => (0, Vec::new()),
    }
}

/// A frame with everything escaped that may need it.
pub(crate) fn frame(protocol: u16, packet: &[u8]) -> Vec<u8> {
    let mut body = vec![0xff, 0x03];
    body.extend(protocol.to_be_bytes());
    body.extend(packet);
    let fcs = body.iter().fold(0xffff_u16, |fcs, &byte| {
        (0..8).fold(fcs ^ u16::from(byte), |fcs, _| if fcs & 1 == 1 { fcs >> 1 ^ 0x8408 } else { fcs >> 1 })
    });
    body.extend((!fcs).to_le_bytes());
    let mut wire = vec![0x7e];
    for byte in body {
        match byte {
            0..0x20 | 0x7d | 0x7e => wire.extend([0x7d, byte ^ 0x20]),
            _ => wire.push(byte),
        }
    }
    wire.push(0x7e);
    wire
}
