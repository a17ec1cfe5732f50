//! Complete set-ups a second: two PPP ends in memory from new to Up, through real framing, with the answers of a
//! store that knows the NT hash, beside the bare cryptography of one set-up. One core, no packet texts.
//!
//! `cargo bench -p openras-sim --bench setups`; more words choose methods (`none pap chap mschap mschapv2`). Figures are
//! the best of all samples, so that a busy machine disturbs them little.
#![allow(clippy::panic)] // a bench that fails has no figures

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use openras_ppp::ask::CallbackPolicy;
use openras_ppp::auth::verify;
use openras_ppp::config::{IpcpConfig, Role};
use openras_ppp::{
    Answer, Ask, AuthMethod, Claim, Command, Config, Credentials, Event, Input, Machine, Output, Ppp, Proof,
    Secret, Verdict,
};

const NAME: &str = "alice";
const PASSWORD: &str = "correct horse";
/// Set-ups of one sample, and how long a method is measured.
const SAMPLE: u32 = 200;
const TIME: Duration = Duration::from_secs(4);

/// What the store keeps of the one user.
struct Store {
    password: Secret,
    nt_hash: [u8; 16],
}

impl Store {
    fn verdict(&self, claim: &Claim) -> Verdict {
        let proof = &claim.proof;
        let mut authenticator_response = None;
        let is_true = match proof {
            Proof::Pap { password } => *password == self.password,
            Proof::ChapMd5 { .. } => verify::verify_chap_md5(&self.password, claim.identifier, proof),
            Proof::MsChapV1 { .. } => verify::verify_mschap_v1(&self.nt_hash, proof),
            _ => {
                authenticator_response = verify::verify_mschap_v2(&self.nt_hash, &claim.raw_name, proof);
                authenticator_response.is_some()
            }
        };
        assert!(is_true && claim.name == NAME, "the claim is false");
        Verdict::Accept { authenticator_response, message: String::new() }
    }

    fn answer(&self, ask: Ask) -> Answer {
        match ask {
            Ask::Verify(claim) => Answer::Verdict(self.verdict(&claim)),
            Ask::Admit { .. } => Answer::Admit(CallbackPolicy::None),
            Ask::Address { .. } => Answer::Address(Some(Ipv4Addr::new(10, 64, 0, 2))),
            ask => panic!("{ask:?}"),
        }
    }
}

fn configs(method: Option<AuthMethod>) -> [Config; 2] {
    let client = Config {
        authenticate_us: method.into_iter().collect(),
        credentials: Some(Credentials { name: NAME.to_owned(), password: PASSWORD.into() }),
        ..Config::default()
    };
    let server = Config {
        role: Role::Answerer,
        authenticate_peer: method.into_iter().collect(),
        authenticate_us: Vec::new(),
        ipcp: Some(IpcpConfig {
            local: Some(Ipv4Addr::new(10, 64, 0, 1)),
            assign: true,
            ..IpcpConfig::default()
        }),
        ..Config::default()
    };
    [client, server]
}

/// One end, what it has for the other one, and whether it is up.
struct End {
    ppp: Ppp,
    line: Vec<u8>,
    up: bool,
}

impl End {
    fn new(config: &Config, seed: [u8; 32], now: Instant, store: &Store) -> Self {
        let mut end = Self { ppp: Ppp::new(config.clone(), seed), line: Vec::new(), up: false };
        end.give(now, Input::LineUp, store);
        end.give(now, Input::Command(Command::Open), store);
        end
    }

    fn give(&mut self, now: Instant, input: Input<'_>, store: &Store) {
        self.ppp.handle(now, input);
        while let Some(output) = self.ppp.poll_output() {
            match output {
                Output::Line(frame) => self.line.extend_from_slice(&frame),
                Output::Event(Event::Ask(ask)) => {
                    self.ppp.handle(now, Input::Command(Command::Answer(store.answer(ask))));
                }
                Output::Event(Event::Up(_)) => self.up = true,
                Output::Event(Event::Down(down)) => panic!("{down:?}"),
                Output::Ip(_) | Output::Event(_) => {}
            }
        }
    }

    /// Phases begin with the tick after they were announced.
    fn tick(&mut self, now: Instant, store: &Store) {
        while self.ppp.poll_timeout().is_some_and(|due| due <= now) {
            self.give(now, Input::Tick, store);
        }
    }
}

/// From new to Up at both ends.
fn set_up([client, server]: &[Config; 2], store: &Store, number: u32, now: Instant) {
    let mut seed = [1; 32];
    seed[..4].copy_from_slice(&number.to_le_bytes());
    let mut client = End::new(client, seed, now, store);
    seed[31] = 2;
    let mut server = End::new(server, seed, now, store);
    let mut line = Vec::new();
    while !(client.up && server.up) {
        std::mem::swap(&mut line, &mut client.line);
        server.give(now, Input::Line(&line), store);
        server.tick(now, store);
        line.clear();
        std::mem::swap(&mut line, &mut server.line);
        client.give(now, Input::Line(&line), store);
        client.tick(now, store);
        line.clear();
    }
    black_box((client.ppp.stats(), server.ppp.stats()));
}

/// What both ends must compute in any case: the client's proof from its password, the server's check from what it
/// keeps, and for MS-CHAPv2 the server's proof and its check.
fn bare(method: Option<AuthMethod>, store: &Store) {
    let password = black_box(&store.password);
    match method {
        None => {}
        Some(AuthMethod::Pap) => assert!(black_box(password == &store.password)),
        Some(AuthMethod::ChapMd5) => {
            let proof = Proof::ChapMd5 { challenge: vec![3; 16], response: [0; 16] };
            for _ in 0..2 {
                black_box(verify::verify_chap_md5(password, 1, black_box(&proof)));
            }
        }
        Some(AuthMethod::MsChapV1) => {
            let zero = [0; 24];
            let proof = Proof::MsChapV1 { challenge: [3; 8], lm_response: zero, nt_response: zero, flags: 1 };
            for hash in [&verify::nt_hash(password), &store.nt_hash] {
                black_box(verify::verify_mschap_v1(hash, black_box(&proof)));
            }
        }
        Some(AuthMethod::MsChapV2) => {
            let (challenge, peer_challenge) = ([3; 16], [4; 16]);
            let hash = verify::nt_hash(password);
            let (nt_response, expected) =
                verify::respond_mschap_v2(&hash, NAME.as_bytes(), &challenge, &peer_challenge);
            let proof = Proof::MsChapV2 { challenge, peer_challenge, nt_response, flags: 0 };
            let said = verify::verify_mschap_v2(&store.nt_hash, NAME.as_bytes(), black_box(&proof));
            assert_eq!(said, Some(expected));
        }
    }
}

/// Times a second that this can be done: the best sample.
fn rate(mut work: impl FnMut(u32)) -> f64 {
    let start = Instant::now();
    let mut best = f64::MAX;
    let mut number = 0;
    while start.elapsed() < TIME {
        let sample = Instant::now();
        for _ in 0..SAMPLE {
            number += 1;
            work(number);
        }
        best = best.min(sample.elapsed().as_secs_f64() / f64::from(SAMPLE));
    }
    1.0 / best
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let store = Store { password: PASSWORD.into(), nt_hash: verify::nt_hash(&PASSWORD.into()) };
    let now = Instant::now();
    println!("| authentication | set-ups a second | a set-up | its bare cryptography |");
    println!("|---|---:|---:|---:|");
    let methods = [AuthMethod::Pap, AuthMethod::ChapMd5, AuthMethod::MsChapV1, AuthMethod::MsChapV2];
    for method in [None].into_iter().chain(methods.map(Some)) {
        let word = method.map_or("none", AuthMethod::word);
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == word) {
            continue;
        }
        let configs = configs(method);
        let whole = rate(|number| set_up(&configs, &store, number, now));
        let crypto = rate(|_| bare(method, &store));
        println!("| {word} | {whole:.0} | {:.2} µs | {:.2} µs |", 1e6 / whole, 1e6 / crypto);
    }
}
