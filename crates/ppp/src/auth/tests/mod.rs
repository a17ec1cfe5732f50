//! Two exchanges joined on virtual time, and a store that answers them.

mod pairs;

use std::convert::Infallible;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{SeedableRng, TryRng};

use super::verify::{change_v1, change_v2, nt_hash, verify_chap_md5, verify_mschap_v1, verify_mschap_v2};
use super::{Context, Effect, Exchange};
use crate::ask::{Answer, Ask, Claim, Proof, Verdict};
use crate::config::{Config, Credentials};
use crate::event::{DownReason, Phase};
use crate::secret::Secret;

/// The start of every test's time.
#[allow(clippy::disallowed_methods)]
pub(crate) fn t0() -> Instant {
    Instant::now()
}

/// Octets of spaced hex.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// The same, where a size is asked.
pub(crate) fn hexed<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap()
}

/// "Random" octets of the published change-password vectors.
pub(crate) struct Filler;

impl TryRng for Filler {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0xa5a5_a5a5)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0xa5a5_a5a5_a5a5_a5a5)
    }
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        to.fill(0xa5);
        Ok(())
    }
}

pub(crate) fn credentials(name: &str, password: &str) -> Credentials {
    Credentials { name: name.to_owned(), password: password.into() }
}

pub(crate) fn config(name: &str, password: &str) -> Config {
    Config { credentials: Some(credentials(name, password)), ..Config::default() }
}

/// One exchange with its own randomness; collects what it wants done.
pub(crate) struct End {
    pub(crate) exchange: Box<dyn Exchange>,
    rng: ChaCha12Rng,
    effects: Vec<Effect>,
}

impl End {
    pub(crate) fn new(exchange: Box<dyn Exchange>, seed: u8) -> Self {
        Self { exchange, rng: ChaCha12Rng::from_seed([seed; 32]), effects: Vec::new() }
    }

    fn with(&mut self, work: impl FnOnce(&mut dyn Exchange, &mut Context<'_>)) -> Vec<Effect> {
        work(&mut *self.exchange, &mut Context { rng: &mut self.rng, effects: &mut self.effects });
        std::mem::take(&mut self.effects)
    }

    pub(crate) fn start(&mut self, now: Instant) -> Vec<Effect> {
        self.with(|exchange, cx| exchange.start(now, cx))
    }

    pub(crate) fn packet(&mut self, now: Instant, packet: &[u8]) -> Vec<Effect> {
        self.with(|exchange, cx| exchange.packet(now, packet, cx))
    }

    pub(crate) fn answer(&mut self, now: Instant, answer: Answer) -> Vec<Effect> {
        self.with(|exchange, cx| exchange.answer(now, answer, cx))
    }

    pub(crate) fn tick(&mut self, now: Instant) -> Vec<Effect> {
        self.with(|exchange, cx| exchange.tick(now, cx))
    }
}

/// The packets among some effects.
pub(crate) fn sent(effects: &[Effect]) -> Vec<Vec<u8>> {
    effects.iter().filter_map(|e| if let Effect::Send(p) = e { Some(p.clone()) } else { None }).collect()
}

/// The only question among some effects.
pub(crate) fn asked(effects: &[Effect]) -> Ask {
    let mut asks = effects.iter().filter_map(|e| if let Effect::Ask(a) = e { Some(a) } else { None });
    let ask = asks.next().expect("a question").clone();
    assert!(asks.next().is_none(), "one question at a time");
    ask
}

/// The claim of the only question.
pub(crate) fn claimed(effects: &[Effect]) -> Claim {
    let Ask::Verify(claim) = asked(effects) else { panic!("no claim") };
    claim
}

pub(crate) fn refuse(error: u32, retry: bool) -> Answer {
    Answer::Verdict(Verdict::Refuse { error, retry, challenge: None, message: String::new() })
}

/// A user store of one user.
pub(crate) struct Store {
    pub(crate) password: Secret,
    pub(crate) expired: bool,
    pub(crate) claims: Vec<Claim>,
}

impl Store {
    pub(crate) fn new(password: &str) -> Self {
        Self { password: password.into(), expired: false, claims: Vec::new() }
    }

    pub(crate) fn verdict(&mut self, claim: Claim) -> Verdict {
        let hash = nt_hash(&self.password);
        let refuse = |error| Verdict::Refuse { error, retry: true, challenge: None, message: "no".into() };
        let accept = |proof| Verdict::Accept { authenticator_response: proof, message: "welcome".into() };
        let mut changed = None;
        let truth = match &claim.proof {
            Proof::Pap { password } => (*password == self.password).then_some(None),
            Proof::ChapMd5 { .. } => {
                verify_chap_md5(&self.password, claim.identifier, &claim.proof).then_some(None)
            }
            Proof::MsChapV1 { .. } => verify_mschap_v1(&hash, &claim.proof).then_some(None),
            Proof::MsChapV2 { .. } => verify_mschap_v2(&hash, &claim.raw_name, &claim.proof).map(Some),
            Proof::ChangeV1 { .. } => change_v1(&hash, &claim.proof).ok().map(|new| {
                changed = Some(new.clear.clone());
                None
            }),
            Proof::ChangeV2 { .. } => {
                change_v2(&hash, &claim.raw_name, &claim.proof).ok().map(|(new, proof)| {
                    changed = Some(new.clear.clone());
                    Some(proof)
                })
            }
        };
        let is_change = matches!(claim.proof, Proof::ChangeV1 { .. } | Proof::ChangeV2 { .. });
        self.claims.push(claim);
        if let Some(new) = changed {
            self.password = new;
            self.expired = false;
        }
        match truth {
            Some(_) if self.expired => refuse(648),
            Some(proof) => accept(proof),
            None if is_change => refuse(709),
            None => refuse(691),
        }
    }
}

/// What became of one end.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) passed: Option<String>,
    pub(crate) failed: Option<DownReason>,
    pub(crate) phases: Vec<Phase>,
    /// How often it passed or failed: never more than once.
    pub(crate) ends: u32,
}

/// Answers both ends' questions: which end asks (0 = left), and the question.
pub(crate) type Answerer<'a> = dyn FnMut(usize, Ask) -> Option<(Duration, Answer)> + 'a;
/// Whether packet n of the whole conversation from an end arrives.
pub(crate) type Line<'a> = dyn FnMut(usize, &[u8]) -> u32 + 'a;

enum Due {
    Packet(Vec<u8>),
    Answer(Answer),
}

/// Two ends on one clock, and what is on its way between and to them.
struct Joined {
    now: Instant,
    ends: [End; 2],
    outcomes: [Outcome; 2],
    queue: Vec<(Instant, usize, Due)>,
    ladder: Vec<(usize, Vec<u8>)>,
}

impl Joined {
    fn carry_out(&mut self, who: usize, effect: Effect, answer: &mut Answerer<'_>, line: &mut Line<'_>) {
        let outcome = &mut self.outcomes[who];
        match effect {
            Effect::Send(packet) => {
                let at = self.now + Duration::from_millis(10);
                for _ in 0..line(who, &packet) {
                    self.queue.push((at, 1 - who, Due::Packet(packet.clone())));
                }
                self.ladder.push((who, packet));
            }
            Effect::Ask(ask) => {
                if let Some((after, answer)) = answer(who, ask) {
                    self.queue.push((self.now + after, who, Due::Answer(answer)));
                }
            }
            Effect::Phase(phase) => outcome.phases.push(phase),
            Effect::Passed { name, .. } => {
                outcome.passed = Some(name);
                outcome.ends += 1;
            }
            // the end is still to come
            Effect::CallbackAgreed { .. } => {}
            Effect::Failed(why) => {
                outcome.failed = Some(why);
                outcome.ends += 1;
            }
        }
    }

    /// What happens next and to whom; `None` once nothing is left before `horizon`.
    fn step(&mut self, horizon: Instant) -> Option<(usize, Vec<Effect>)> {
        let first = self.queue.iter().enumerate().map(|(n, due)| (due.0, n)).min();
        let timers = (0..2).filter_map(|who| Some((self.ends[who].exchange.timeout()?, who)));
        match (first, timers.min()) {
            (Some((at, n)), timer) if timer.is_none_or(|(due, _)| at <= due) => {
                self.now = at;
                let (_, who, due) = self.queue.remove(n);
                let end = &mut self.ends[who];
                Some((
                    who,
                    match due {
                        Due::Packet(packet) => end.packet(at, &packet),
                        Due::Answer(answer) => end.answer(at, answer),
                    },
                ))
            }
            (_, Some((due, who))) if due <= horizon => {
                self.now = self.now.max(due);
                let effects = self.ends[who].tick(self.now);
                assert_ne!(self.ends[who].exchange.timeout(), Some(due), "a tick moves the deadline");
                Some((who, effects))
            }
            _ => None,
        }
    }
}

/// Joins two ends with 10 ms between them until nothing is left to do within 15 minutes. `line` says how many
/// copies of a packet arrive. Gives what became of both, and all packets sent.
pub(crate) fn join(
    ends: [Box<dyn Exchange>; 2],
    answer: &mut Answerer<'_>,
    line: &mut Line<'_>,
) -> ([Outcome; 2], Vec<(usize, Vec<u8>)>) {
    let now = t0();
    let [left, right] = ends;
    let ends = [End::new(left, 1), End::new(right, 2)];
    let mut joined =
        Joined { now, ends, outcomes: Default::default(), queue: Vec::new(), ladder: Vec::new() };
    let mut work: Vec<_> = (0..2).map(|who| (who, joined.ends[who].start(now))).collect();
    for _ in 0..5000 {
        for (who, effects) in work.drain(..) {
            for effect in effects {
                joined.carry_out(who, effect, answer, line);
            }
        }
        match joined.step(now + Duration::from_secs(900)) {
            Some(next) => work.push(next),
            None => return (joined.outcomes, joined.ladder),
        }
    }
    panic!("the two ends never come to rest");
}
