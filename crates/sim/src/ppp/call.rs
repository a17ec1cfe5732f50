//! Calls between two PPP ends: every kind of authentication and callback, on any line.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::Ipv4Addr;
use std::time::Duration;

use openras_ppp::ask::CallbackPolicy;
use openras_ppp::config::{CallbackConfig, IpcpConfig, Role};
use openras_ppp::{AuthMethod, Config, Credentials, Down, DownReason, Negotiated, Secret};

use super::{CallbackWish, Caller, Owner, PppEnd, Store, User};
use crate::pair::{Ended, Entry, Pair};
use crate::wire::{Side, Wire, WireConfig};

/// Longer than any deadline in PPP: the authenticator waits three minutes for a person.
pub const LONGEST_DEADLINE: Duration = Duration::from_secs(200);
/// More than any call needs.
const MAX_STEPS: u32 = 4000;

const NAME: &str = "alice";
const RIGHT: &str = "correct horse";
const WRONG: &str = "wrong horse";
const NEW: &str = "battery staple";
const NUMBER: &str = "5551212";

/// How the caller proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthKind {
    /// Nobody asks.
    None,
    /// PAP.
    Pap,
    /// CHAP-MD5.
    ChapMd5,
    /// MS-CHAPv1.
    MsChapV1,
    /// MS-CHAPv2.
    MsChapV2,
    /// MS-CHAPv1, wrong password first.
    RetryV1,
    /// MS-CHAPv2, wrong password first.
    RetryV2,
    /// MS-CHAPv1, expired password changed by code 6.
    ChangeV1,
    /// MS-CHAPv2, expired password changed by code 7.
    ChangeV2,
}

impl AuthKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::Pap,
        Self::ChapMd5,
        Self::MsChapV1,
        Self::MsChapV2,
        Self::RetryV1,
        Self::RetryV2,
        Self::ChangeV1,
        Self::ChangeV2,
    ];

    /// The method it uses.
    pub fn method(self) -> Option<AuthMethod> {
        Some(match self {
            Self::None => return None,
            Self::Pap => AuthMethod::Pap,
            Self::ChapMd5 => AuthMethod::ChapMd5,
            Self::MsChapV1 | Self::RetryV1 | Self::ChangeV1 => AuthMethod::MsChapV1,
            Self::MsChapV2 | Self::RetryV2 | Self::ChangeV2 => AuthMethod::MsChapV2,
        })
    }

    fn retries(self) -> bool {
        matches!(self, Self::RetryV1 | Self::RetryV2)
    }

    fn changes(self) -> bool {
        matches!(self, Self::ChangeV1 | Self::ChangeV2)
    }
}

/// What becomes of callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallbackKind {
    /// Not asked for.
    None,
    /// At a number of the caller's.
    Caller,
    /// At the number the answerer insists on.
    Preset,
    /// At one of the answerer's numbers.
    List,
}

impl CallbackKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::None, Self::Caller, Self::Preset, Self::List];

    fn wish(self) -> CallbackWish {
        match self {
            Self::None => CallbackWish::None,
            Self::Caller => CallbackWish::Number(NUMBER.to_owned()),
            Self::Preset => CallbackWish::Preset,
            Self::List => CallbackWish::Listed,
        }
    }

    fn policy(self) -> CallbackPolicy {
        match self {
            Self::None => CallbackPolicy::None,
            Self::Caller => CallbackPolicy::Caller,
            Self::Preset => CallbackPolicy::Preset(NUMBER.to_owned()),
            Self::List => CallbackPolicy::List(vec!["5550000".to_owned(), NUMBER.to_owned()]),
        }
    }
}

/// One call, decided by its values: two runs tell the same story.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// How the caller proves who it is.
    pub auth: AuthKind,
    /// What becomes of callback.
    pub callback: CallbackKind,
    /// Of 1000 frames, how many are damaged.
    pub damaged_per_mille: u32,
    /// All chance.
    pub seed: u64,
}

/// How one leg of a call ended.
#[derive(Clone, Debug)]
pub struct Leg {
    /// Why the run was stopped.
    pub ended: Ended,
    /// What the client agreed, while it is not down.
    pub client_up: Option<Negotiated>,
    /// What the server agreed, while it is not down.
    pub server_up: Option<Negotiated>,
    /// How the client went down.
    pub client_down: Option<Down>,
    /// How the server went down.
    pub server_down: Option<Down>,
    /// Both ends said that they were up, whatever came of it.
    pub came_up: bool,
    /// The number of the callback both ends agreed on, as the server will dial it.
    pub callback: Option<String>,
    /// Its story, where recorded.
    pub story: Vec<Entry>,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was run.
    pub scenario: Scenario,
    /// The call, and the one back where a callback was agreed.
    pub legs: Vec<Leg>,
    /// The answering service afterwards.
    pub store: Store,
    /// A number that two runs share only if they told the same story.
    pub story: u64,
}

impl Scenario {
    /// Runs the call to its end, and the call back if one was agreed. `record` keeps the story's entries.
    pub fn run(self, record: bool) -> Outcome {
        let mut store = Store {
            users: vec![User {
                name: NAME.to_owned(),
                password: Secret::from(RIGHT),
                expired: self.auth.changes(),
                callback: self.callback.policy(),
            }],
            nameless: self.callback.policy(),
            address: Some(Ipv4Addr::new(10, 64, 0, 2)),
            claims: 0,
        };
        let mut hash = DefaultHasher::new();
        let mut legs = Vec::new();
        let first = self.leg(self.first_caller(), false, &mut store, record, &mut hash);
        let back = first.callback.is_some();
        legs.push(first);
        if back {
            let password = if self.auth.changes() { NEW } else { RIGHT };
            let caller = (credentials(password), Caller::default());
            legs.push(self.leg(caller, true, &mut store, record, &mut hash));
        }
        Outcome { scenario: self, legs, store, story: hash.finish() }
    }

    fn first_caller(self) -> (Credentials, Caller) {
        let password = if self.auth.retries() { WRONG } else { RIGHT };
        let other = if self.auth.retries() { vec![credentials(RIGHT)] } else { Vec::new() };
        let caller = Caller { other, new_password: Some(Secret::from(NEW)), callback: self.callback.wish() };
        (credentials(password), caller)
    }

    /// One connection. On the way back the server has dialled, and callback is no longer spoken of.
    fn leg(
        self,
        (credentials, caller): (Credentials, Caller),
        back: bool,
        store: &mut Store,
        record: bool,
        hash: &mut DefaultHasher,
    ) -> Leg {
        let (client, server) = self.configs(credentials, back);
        let mut asked = store.clone();
        if back {
            // the called-back caller is where it should be: there is nothing left to ask
            asked.nameless = CallbackPolicy::None;
            asked.users.iter_mut().for_each(|user| user.callback = CallbackPolicy::None);
        }
        let client = PppEnd::new(client, Owner::Caller(caller), self.seed_of(Side::Client, back));
        let server = PppEnd::new(server, Owner::Answerer(asked), self.seed_of(Side::Server, back));
        let config = WireConfig { damaged_per_mille: self.damaged_per_mille, ..WireConfig::default() };
        let wire = Wire::new(config, self.mixed_seed(back));
        let mut pair = Pair::new(client, server, wire, true);
        if record {
            pair = pair.recorded();
        }
        let ended = pair.run(LONGEST_DEADLINE, MAX_STEPS);
        pair.story_hash().hash(hash);
        let story = pair.story().to_vec();
        let (client, server) = pair.into_ends();
        let leg = Leg::of(ended, &client, &server, story);
        if let Owner::Answerer(asked) = server.into_owner() {
            store.claims = asked.claims;
            for (user, after) in store.users.iter_mut().zip(asked.users) {
                user.password = after.password;
                user.expired = after.expired;
            }
        }
        leg
    }

    /// The client's and the server's configuration.
    fn configs(self, credentials: Credentials, back: bool) -> (Config, Config) {
        let offers = self.callback != CallbackKind::None && !back;
        let (client_role, server_role) =
            if back { (Role::Answerer, Role::Caller) } else { (Role::Caller, Role::Answerer) };
        let client = Config {
            role: client_role,
            authenticate_us: self.auth.method().into_iter().collect(),
            insist_on_authentication: self.auth != AuthKind::None,
            credentials: Some(credentials),
            callback: CallbackConfig { enabled: offers, delay: 5 },
            ipcp: Some(IpcpConfig { request_dns: true, ..IpcpConfig::default() }),
            ..Config::default()
        };
        let server = Config {
            role: server_role,
            authenticate_peer: self.auth.method().into_iter().collect(),
            authenticate_us: Vec::new(),
            name: "answerer".to_owned(),
            callback: CallbackConfig { enabled: offers, delay: 0 },
            ipcp: Some(IpcpConfig {
                local: Some(Ipv4Addr::new(10, 64, 0, 1)),
                assign: true,
                dns: vec![Ipv4Addr::new(10, 64, 0, 1)],
                ..IpcpConfig::default()
            }),
            ..Config::default()
        };
        (client, server)
    }

    /// The line's seed: different for each kind of call, so that these do not all meet the same damage.
    fn mixed_seed(self, back: bool) -> u64 {
        let mut hash = DefaultHasher::new();
        (self.auth, self.callback, self.damaged_per_mille, self.seed, back).hash(&mut hash);
        hash.finish()
    }

    fn seed_of(self, side: Side, back: bool) -> [u8; 32] {
        let mut seed = [0; 32];
        let parts = self.seed.to_le_bytes().into_iter().chain([1 + side as u8, u8::from(back)]);
        seed.iter_mut().zip(parts).for_each(|(place, part)| *place = part);
        seed
    }
}

fn credentials(password: &str) -> Credentials {
    Credentials { name: NAME.to_owned(), password: Secret::from(password) }
}

fn agreed_callback(client: Option<&Down>, server: Option<&Down>) -> Option<String> {
    match (&client?.reason, &server?.reason) {
        (DownReason::Callback { .. }, DownReason::Callback { number, .. }) => Some(number.clone()),
        _ => None,
    }
}

impl Leg {
    fn of(ended: Ended, client: &PppEnd, server: &PppEnd, story: Vec<Entry>) -> Self {
        Self {
            ended,
            client_up: client.up().filter(|_| client.down().is_none()).cloned(),
            server_up: server.up().filter(|_| server.down().is_none()).cloned(),
            came_up: client.up().is_some() && server.up().is_some(),
            client_down: client.down().cloned(),
            server_down: server.down().cloned(),
            callback: agreed_callback(client.down(), server.down()),
            story,
        }
    }

    /// Both ends are up and each knows the other by the address the other has.
    pub fn is_up(&self) -> bool {
        let (Some(client), Some(server)) = (&self.client_up, &self.server_up) else { return false };
        let ipv4 = |from: &Negotiated| from.ipv4.map(|ipv4| (ipv4.local, ipv4.remote));
        ipv4(client) == ipv4(server).map(|(local, remote)| (remote, local))
            && client.ipv6 == server.ipv6.map(|(ours, theirs)| (theirs, ours))
    }

    /// Both ends are down.
    pub fn is_down(&self) -> bool {
        self.client_down.is_some() && self.server_down.is_some()
    }

    fn check(&self) -> Result<(), String> {
        if !matches!(self.ended, Ended::Silent | Ended::Quiet) {
            return Err(format!("the run ended by {:?}", self.ended));
        }
        if !self.is_up() && !self.is_down() {
            let (client, server) = (&self.client_up, &self.server_up);
            let (client_down, server_down) = (&self.client_down, &self.server_down);
            return Err(format!(
                "the ends disagree: client {client:?} {client_down:?}, server {server:?} {server_down:?}"
            ));
        }
        Ok(())
    }
}

impl Outcome {
    /// The caller got what it wanted: both ends came up, after a callback where one was wanted, and a new
    /// password is stored where one was due. Keep-alive may have ended it since, on a bad line.
    pub fn is_good(&self) -> bool {
        let legs = if self.scenario.callback == CallbackKind::None { 1 } else { 2 };
        let changed = !self.scenario.auth.changes() || self.password_is(NEW);
        changed && self.legs.len() == legs && self.legs.last().is_some_and(|leg| leg.came_up)
    }

    fn password_is(&self, password: &str) -> bool {
        self.store.user(NAME).is_some_and(|user| user.password == Secret::from(password))
    }

    /// What must hold on every line, however bad.
    ///
    /// # Errors
    /// What does not hold, in a sentence.
    pub fn check(&self) -> Result<(), String> {
        for leg in &self.legs {
            leg.check()?;
        }
        let Some(first) = self.legs.first() else { return Err("nothing ran".to_owned()) };
        if self.scenario.callback == CallbackKind::Preset && first.is_up() {
            return Err("a preset callback was required and the first call came up".to_owned());
        }
        if let Some(number) = &first.callback
            && number != NUMBER
        {
            return Err(format!("the server calls {number}"));
        }
        if let (Some(method), Some(up)) =
            (self.scenario.auth.method(), self.legs.last().and_then(|leg| leg.server_up.as_ref()))
            && up.peer != Some((method, NAME.to_owned()))
        {
            return Err(format!("the server is up with {:?}", up.peer));
        }
        self.check_password()
    }

    /// A password is old or new, and the next call says which.
    fn check_password(&self) -> Result<(), String> {
        let Some(user) = self.store.user(NAME) else { return Err("the user is gone".to_owned()) };
        let changed = self.scenario.auth.changes() && self.password_is(NEW);
        if !changed && !self.password_is(RIGHT) {
            return Err("the password is neither the old nor the new one".to_owned());
        }
        if !self.scenario.auth.changes() {
            return Ok(());
        }
        if user.expired == self.password_is(NEW) {
            return Err("the password is expired although new, or not although old".to_owned());
        }
        let next = |password, caller| {
            let mut store = self.store.clone();
            let leg = Self::clean(self.scenario).leg(
                (credentials(password), caller),
                true,
                &mut store,
                false,
                &mut DefaultHasher::new(),
            );
            leg.is_up()
        };
        let would_change = || Caller { new_password: Some(Secret::from(NEW)), ..Caller::default() };
        let old = next(RIGHT, would_change());
        let new = next(NEW, would_change());
        if (old, new) != (self.password_is(RIGHT), self.password_is(NEW)) {
            return Err(format!(
                "the next call comes up with the old password: {old}, with the new one: {new}"
            ));
        }
        Ok(())
    }

    fn clean(scenario: Scenario) -> Scenario {
        Scenario { damaged_per_mille: 0, seed: scenario.seed ^ u64::MAX, ..scenario }
    }
}
