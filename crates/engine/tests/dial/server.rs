//! A server: PPP in the answering role, with one user, `eva`.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use openras_ppp::ask::CallbackPolicy;
use openras_ppp::auth::verify;
use openras_ppp::config::{IpcpConfig, Ipv6cpConfig, Role};
use openras_ppp::{
    Answer, Ask, AuthMethod, Claim, CloseReason, Command, Config, DownReason, Event, Input, Machine, Output,
    Ppp, Proof, Secret, Verdict,
};

pub struct Server {
    pub config: Config,
    pub password: Secret,
    /// The password must be changed.
    pub expired: bool,
    /// Another try is offered after a refusal.
    pub retry: bool,
    /// What a new password is refused with, if it is.
    pub refuses_change: bool,
    pub policy: CallbackPolicy,
    /// What is asked for on the callback, if it is something else.
    pub second_leg: Option<Vec<AuthMethod>>,
    /// The server never calls back.
    pub forgets: bool,
    /// The server speaks PPP at once.
    pub speaks: bool,
    ppp: Option<Ppp>,
    leg: u8,
    pub down: Option<DownReason>,
    pub drops_line: bool,
    pub calls_back_in: Option<Duration>,
    /// The first callback is given up while it rings; there is a second one.
    pub gives_up_once: bool,
    pub rings_again: bool,
    out: VecDeque<Vec<u8>>,
}

impl Server {
    pub fn new(methods: &[AuthMethod]) -> Self {
        let config = Config {
            role: Role::Answerer,
            authenticate_peer: methods.to_vec(),
            authenticate_us: vec![],
            ipcp: Some(IpcpConfig {
                local: Some(Ipv4Addr::new(10, 64, 0, 1)),
                assign: true,
                ..IpcpConfig::default()
            }),
            ipv6cp: Some(Ipv6cpConfig::default()),
            name: "server".into(),
            ..Config::default()
        };
        Self {
            config,
            password: "secret".into(),
            expired: false,
            retry: false,
            refuses_change: false,
            policy: CallbackPolicy::None,
            second_leg: None,
            forgets: false,
            speaks: true,
            ppp: None,
            leg: 0,
            down: None,
            drops_line: false,
            calls_back_in: None,
            gives_up_once: false,
            rings_again: false,
            out: VecDeque::new(),
        }
    }

    pub fn calling_back(mut self, policy: CallbackPolicy) -> Self {
        self.config.callback.enabled = true;
        self.policy = policy;
        self
    }

    pub fn connected(&mut self, now: Instant) {
        self.leg += 1;
        if self.speaks {
            self.start(now);
        }
    }

    pub fn start(&mut self, now: Instant) {
        let mut config = self.config.clone();
        if self.leg == 2 {
            config.role = Role::Caller;
            config.callback.enabled = false;
            config.authenticate_peer = self.second_leg.clone().unwrap_or(config.authenticate_peer);
        }
        let mut ppp = Ppp::new(config, [40 + self.leg; 32]);
        ppp.handle(now, Input::Command(Command::Open));
        ppp.handle(now, Input::LineUp);
        self.ppp = Some(ppp);
        self.drain(now);
    }

    pub fn disconnected(&mut self, now: Instant) {
        self.feed(now, Input::LineDown);
        self.ppp = None;
        if let Some(DownReason::Callback { delay, .. }) =
            self.down.take_if(|down| matches!(down, DownReason::Callback { .. }) && !self.forgets)
        {
            self.calls_back_in = Some(Duration::from_secs(u64::from(delay) + 1));
            self.rings_again = std::mem::take(&mut self.gives_up_once);
        }
    }

    pub fn timeout(&self) -> Option<Instant> {
        self.ppp.as_ref().and_then(Machine::poll_timeout)
    }

    pub fn tick(&mut self, now: Instant) {
        self.feed(now, Input::Tick);
    }

    pub fn bytes(&mut self, now: Instant, bytes: &[u8]) {
        self.feed(now, Input::Line(bytes));
    }

    pub fn ip(&mut self, now: Instant, packet: &[u8]) {
        self.feed(now, Input::Ip(packet));
    }

    /// Ends the call with a Terminate-Request.
    pub fn close(&mut self, now: Instant) {
        self.feed(now, Input::Command(Command::Close(CloseReason::Administrator)));
    }

    pub fn poll(&mut self, _now: Instant) -> Vec<Vec<u8>> {
        self.out.drain(..).collect()
    }

    fn feed(&mut self, now: Instant, input: Input<'_>) {
        if let Some(ppp) = &mut self.ppp {
            ppp.handle(now, input);
        }
        self.drain(now);
    }

    fn drain(&mut self, now: Instant) {
        while let Some(output) = self.ppp.as_mut().and_then(Machine::poll_output) {
            match output {
                Output::Line(bytes) => self.out.push_back(bytes),
                Output::Ip(_) => {}
                Output::Event(Event::Ask(ask)) => {
                    let answer = self.answer(ask);
                    self.ppp.as_mut().unwrap().handle(now, Input::Command(Command::Answer(answer)));
                }
                Output::Event(Event::Down(down)) => self.ended(down.reason),
                Output::Event(_) => {}
            }
        }
    }

    fn ended(&mut self, reason: DownReason) {
        self.drops_line = !matches!(reason, DownReason::Callback { .. });
        self.down = Some(reason);
    }

    fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Verify(claim) => Answer::Verdict(self.verdict(&claim)),
            Ask::Admit { .. } => {
                Answer::Admit(if self.leg == 1 { self.policy.clone() } else { CallbackPolicy::None })
            }
            Ask::CallbackTo { number } => Answer::CallbackTo(Some(number)),
            Ask::Address { .. } => Answer::Address(Some(Ipv4Addr::new(10, 64, 0, 2))),
            other => panic!("a client's question at the server: {other:?}"),
        }
    }

    fn verdict(&mut self, claim: &Claim) -> Verdict {
        let hash = verify::nt_hash(&self.password);
        let accept = |proof| Verdict::Accept { authenticator_response: proof, message: "welcome".into() };
        let accepted = match &claim.proof {
            Proof::Pap { password } => (*password == self.password).then(|| accept(None)),
            Proof::ChapMd5 { .. } => {
                verify::verify_chap_md5(&self.password, claim.identifier, &claim.proof).then(|| accept(None))
            }
            Proof::MsChapV1 { .. } => verify::verify_mschap_v1(&hash, &claim.proof).then(|| accept(None)),
            Proof::MsChapV2 { .. } => verify::verify_mschap_v2(&hash, &claim.raw_name, &claim.proof)
                .map(|proof| accept(Some(proof))),
            Proof::ChangeV2 { .. } if self.refuses_change => return self.refusal(709),
            Proof::ChangeV2 { .. } => match verify::change_v2(&hash, &claim.raw_name, &claim.proof) {
                Ok((new, proof)) => {
                    self.password = new.clear.clone();
                    self.expired = false;
                    Some(accept(Some(proof)))
                }
                Err(_) => return self.refusal(709),
            },
            Proof::ChangeV1 { .. } if self.refuses_change => return self.refusal(709),
            Proof::ChangeV1 { .. } => match verify::change_v1(&hash, &claim.proof) {
                Ok(new) => {
                    self.password = new.clear.clone();
                    self.expired = false;
                    Some(accept(None))
                }
                Err(_) => return self.refusal(709),
            },
        };
        match accepted {
            Some(_) if self.expired => self.refusal(648),
            Some(verdict) if claim.name == "eva" => verdict,
            _ => self.refusal(691),
        }
    }

    fn refusal(&self, error: u32) -> Verdict {
        Verdict::Refuse { error, retry: self.retry, challenge: None, message: "no\x1b[2J".into() }
    }
}
